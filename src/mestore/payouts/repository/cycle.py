"""SQL that finds the vendors whose money is due in the daily cycle."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String, bindparam, column, func, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.ledger.types import vendor_available_account
from mestore.payouts.models import PayoutAccount, PayoutRow
from mestore.payouts.types import AccountState

_accounts = table("ledger_accounts", column("id"), column("code", String))
_lines = table("ledger_lines", column("account_id"), column("amount_minor"))
_PAYEES = (
    select(PayoutAccount.vendor_id)
    .where(
        PayoutAccount.state == AccountState.ACTIVE,
        PayoutAccount.usable_from <= bindparam("moment"),
        PayoutAccount.vendor_id > bindparam("after"),
        ~select(PayoutRow.id)
        .where(
            PayoutRow.vendor_id == PayoutAccount.vendor_id,
            PayoutRow.created_at >= bindparam("since"),
        )
        .exists(),
    )
    .order_by(PayoutAccount.vendor_id)
    .limit(bindparam("most"))
)
_ABOVE = (
    select(_accounts.c.code)
    .join(_lines, _lines.c.account_id == _accounts.c.id)
    .where(_accounts.c.code.in_(bindparam("codes", expanding=True)))
    .group_by(_accounts.c.code)
    # What a vendor may draw is a credit.
    .having(-func.sum(_lines.c.amount_minor) >= bindparam("minimum"))
)


async def payees(
    connection: AsyncConnection, since: datetime, moment: datetime, after: UUID, most: int
) -> list[UUID]:
    """Return vendors with a bank account that works and no payout since then, by id."""
    values = {"since": since, "moment": moment, "after": after, "most": most}
    return list((await connection.execute(_PAYEES, values)).scalars())


async def with_enough(
    connection: AsyncConnection, vendor_ids: list[UUID], minimum_minor: int
) -> list[UUID]:
    """Return those of these vendors who may draw at least so much."""
    by_code = {vendor_available_account(vendor_id): vendor_id for vendor_id in vendor_ids}
    values = {"codes": list(by_code), "minimum": minimum_minor}
    rows = await connection.execute(_ABOVE, values)
    return sorted(by_code[code] for code in rows.scalars())
