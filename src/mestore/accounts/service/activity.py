"""Activities: what users did and what was done to their accounts, for them and for support."""

from dataclasses import dataclass
from uuid import UUID

from mestore.accounts.repository import AccessRepository
from mestore.accounts.types import Activity, Device
from mestore.kernel.clock import now
from mestore.kernel.db import Tx


@dataclass(frozen=True, slots=True)
class ActivityLog:
    """Writes down activities in the transaction in which they happen."""

    tx: Tx

    async def add(
        self,
        user_id: UUID,
        action: Activity,
        *,
        device: Device | None = None,
        actor_id: UUID | None = None,
        **details: object,
    ) -> None:
        """Write down one activity; `actor_id` is who did it, where that is somebody else."""
        await AccessRepository(self.tx.connection).add_activity(
            {
                "user_id": user_id,
                "actor_id": None if actor_id == user_id else actor_id,
                "action": action,
                "ip_address": device.ip_address if device else None,
                "user_agent": device.user_agent if device else None,
                "details": details,
                "created_at": now(),
            }
        )
