"""What the audit log writes down when staff acts or a security event happens."""

from mestore.accounts.events import Acted
from mestore.audit.service import AuditService
from mestore.kernel.db import Tx


async def on_acted(tx: Tx, event: Acted) -> None:
    """Add one entry for an act."""
    await AuditService(tx).add(event)
