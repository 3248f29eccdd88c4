"""Ids: those that sort by time of creation (UUID version 7, RFC 9562 5.7), and those of rows."""

import os
import time
from typing import Annotated
from uuid import UUID

from pydantic import Field

MAXIMUM_ROW_ID = 2**63 - 1

RowId = Annotated[int, Field(ge=1, le=MAXIMUM_ROW_ID)]


def uuid7() -> UUID:
    """Return a new time-ordered id: 48 bits of Unix milliseconds, then 74 random bits.

    Written here because Python has it only from 3.14 on.
    """
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
