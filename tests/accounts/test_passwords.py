"""Passwords: strong hashes, old ones replaced, the same time for who does not exist."""

import asyncio
import threading
import time

import bcrypt
import pytest
from pwdlib.hashers.argon2 import Argon2Hasher

from mestore.accounts.service.passwords import Passwords
from mestore.kernel.db import Database, InsideTransaction

CHEAP = Passwords(memory_kib=8, passes=1)


async def test_a_hash_is_argon2id_with_owasps_parameters() -> None:
    stored = await Passwords().hash("Sample-pass-1")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_the_right_password_is_right_and_needs_no_new_hash() -> None:
    stored = await CHEAP.hash("Sample-pass-1")
    assert await CHEAP.verify("Sample-pass-1", stored) == (True, None)


async def test_a_wrong_password_is_wrong() -> None:
    stored = await CHEAP.hash("Sample-pass-1")
    assert await CHEAP.verify("Sample-pass-2", stored) == (False, None)


async def test_nobody_has_no_password() -> None:
    assert await CHEAP.verify("Sample-pass-1", None) == (False, None)


async def test_a_hash_of_no_known_kind_lets_nobody_in() -> None:
    assert await CHEAP.verify("", "!") == (False, None)


async def test_a_bcrypt_hash_is_verified_and_replaced() -> None:
    stored = bcrypt.hashpw(b"Sample-pass-1", bcrypt.gensalt(4)).decode()
    is_right, stronger = await CHEAP.verify("Sample-pass-1", stored)
    assert is_right
    assert stronger is not None
    assert stronger.startswith("$argon2id$")
    assert await CHEAP.verify("Sample-pass-1", stronger) == (True, None)
    assert await CHEAP.verify("Sample-pass-2", stored) == (False, None)


async def test_a_password_longer_than_bcrypt_reads_still_signs_in_and_counts_whole_afterwards() -> (
    None
):
    typed = "Sample-pass-1" * 8
    stored = bcrypt.hashpw(typed.encode()[:72], bcrypt.gensalt(4)).decode()
    is_right, stronger = await CHEAP.verify(typed, stored)
    assert is_right
    assert await CHEAP.verify(typed, stronger) == (True, None)
    assert await CHEAP.verify(typed[:72], stronger) == (False, None)


async def test_a_weaker_argon2_hash_is_replaced() -> None:
    weak = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1).hash("Sample-pass-1")
    is_right, stronger = await Passwords(memory_kib=16, passes=1).verify("Sample-pass-1", weak)
    assert is_right
    assert stronger is not None
    assert stronger.startswith("$argon2id$v=19$m=16,t=1,p=1$")


async def test_a_password_is_never_hashed_inside_a_transaction(database: Database) -> None:
    async with database.transaction():
        with pytest.raises(InsideTransaction):
            await CHEAP.hash("Sample-pass-1")
        with pytest.raises(InsideTransaction):
            await CHEAP.verify("Sample-pass-1", None)


async def test_no_more_hashes_run_at_once_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Passwords(2, memory_kib=8, passes=1)
    running, most, lock = 0, 0, threading.Lock()

    def slow(_: str) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return "hash"

    monkeypatch.setattr(passwords._hashes, "hash", slow)
    await asyncio.gather(*(passwords.hash("Sample-pass-1") for _ in range(8)))
    assert most == 2


async def test_who_does_not_exist_costs_the_same_time() -> None:
    passwords = Passwords()
    stored = await passwords.hash("Sample-pass-1")

    async def seconds(of: str | None) -> float:
        began = time.process_time()
        await passwords.verify("Wrong-pass-1", of)
        return time.process_time() - began

    # Of the processor, in turn, and the least of each: what else the machine does must not count.
    both = [(await seconds(stored), await seconds(None)) for _ in range(7)]
    known, unknown = (min(times) for times in zip(*both, strict=True))
    assert 0.5 < known / unknown < 2
