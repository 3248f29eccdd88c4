"""Ids sort by time and are UUIDs of version 7 (RFC 9562)."""

import os
import time
from uuid import RFC_4122, UUID

import pytest

from mestore.kernel.ids import uuid7


def test_the_example_of_the_rfc(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9562, appendix A.6: 2022-02-22 14:22:22 -05:00, with the random bits that it gives."""
    random_bits = 0xCC3 << 64 | 0x18C4DC0C0C07398F
    monkeypatch.setattr(time, "time_ns", lambda: 0x017F22E279B0 * 1_000_000 + 999_999)
    monkeypatch.setattr(os, "urandom", lambda size: random_bits.to_bytes(size))
    assert uuid7() == UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")


def test_version_and_variant_are_those_of_the_rfc() -> None:
    for value in [uuid7() for _ in range(1000)]:
        assert (value.version, value.variant) == (7, RFC_4122)


def test_ids_are_different() -> None:
    assert len({uuid7() for _ in range(10_000)}) == 10_000


def test_later_ids_are_greater_as_uuid_as_text_and_as_bytes() -> None:
    made = []
    for _ in range(20):
        made.append(uuid7())
        time.sleep(0.002)
    assert sorted(made) == made
    assert sorted(made, key=str) == made
    assert sorted(made, key=lambda value: value.bytes) == made


def test_the_first_48_bits_are_milliseconds_since_1970() -> None:
    before = time.time_ns() // 1_000_000
    milliseconds = uuid7().int >> 80
    assert before <= milliseconds <= time.time_ns() // 1_000_000


def test_all_other_bits_are_random() -> None:
    made = [uuid7().int for _ in range(200)]
    fixed = {76, 77, 78, 79, 62, 63}
    for bit in set(range(80)) - fixed:
        assert {value >> bit & 1 for value in made} == {0, 1}, bit
