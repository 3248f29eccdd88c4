"""What the doctor asks of insights."""

from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.insights.types.days import EVERYBODY
from mestore.insights.views.agreement import disagreeing_days


async def findings(connection: AsyncConnection) -> list[str]:
    """Say which days of vendors are not what their products' days come to."""
    return [
        f"{'everybody' if vendor_id == EVERYBODY else f'vendor {vendor_id}'} on {day}: "
        "what is counted is not what the products come to"
        for vendor_id, day in await disagreeing_days(connection)
    ]
