"""The words of the audit log."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

GENESIS = "0" * 64
"""What stands for the hash before the first entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One act with its place in the chain; `sequence` counts from 1 without a gap."""

    sequence: int
    at: datetime
    actor_id: UUID | None
    actor_type: str | None
    action: str
    subject_type: str
    subject_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    ip_address: str | None
    request_id: str | None
    previous_hash: str

    def hash(self) -> str:
        """Return the SHA-256 over all fields: JSON with sorted keys, without spaces, in ASCII."""
        fields = asdict(self) | {
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor_id": str(self.actor_id) if self.actor_id else None,
        }
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of the chain."""

    sequence: int
    hash: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries to list; times include both ends."""

    actor_id: UUID | None = None
    action: str | None = None
    subject_type: str | None = None
    subject_id: str | None = None
    ip_address: str | None = None
    since: datetime | None = None
    until: datetime | None = None
