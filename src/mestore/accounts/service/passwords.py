"""Passwords are hashed and checked in threads, a few at a time, and never inside a transaction."""

import secrets
from base64 import b64encode

from anyio import CapacityLimiter, to_thread
from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from mestore.kernel.db import InsideTransaction, in_transaction

BCRYPT_BYTES = 72


class Passwords:
    """Hashes with Argon2id at OWASP's floor (19 MiB, 2 passes, 1 lane); verifies bcrypt as well."""

    def __init__(
        self, concurrency: int = 2, *, memory_kib: int = 19_456, passes: int = 2, lanes: int = 1
    ) -> None:
        argon2 = Argon2Hasher(time_cost=passes, memory_cost=memory_kib, parallelism=lanes)
        self._hashes = PasswordHash((argon2, BcryptHasher()))
        self._limiter = CapacityLimiter(concurrency)
        # Checking takes as long as of a real one, and no password has it.
        parts = f"m={memory_kib},t={passes},p={lanes}${_random(16)}${_random(32)}"
        self._nobodys = f"$argon2id$v=19${parts}"

    async def hash(self, password: str) -> str:
        """Return a new hash of `password`."""
        self._check_place()
        return await to_thread.run_sync(self._hashes.hash, password, limiter=self._limiter)

    async def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Say whether the password is right, with a stronger hash to store where one is due.

        Without a stored hash the answer is no, after the same work.
        """
        self._check_place()
        return await to_thread.run_sync(self._verify, password, stored, limiter=self._limiter)

    def _verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        if stored is None:
            self._hashes.verify(password, self._nobodys)
            return False, None
        try:
            if not self._hashes.verify(_as_hashed(password, stored), stored):
                return False, None
        except UnknownHashError:
            return self._verify(password, None)
        argon2 = self._hashes.current_hasher
        is_due = not argon2.identify(stored) or argon2.check_needs_rehash(stored)
        return True, self._hashes.hash(password) if is_due else None

    def _check_place(self) -> None:
        if in_transaction():
            raise InsideTransaction("a password was hashed inside a transaction")


def _random(size: int) -> str:
    return b64encode(secrets.token_bytes(size)).decode().rstrip("=")


def _as_hashed(password: str, stored: str) -> bytes:
    """Return what the hash was made from: bcrypt never saw more than its first 72 bytes."""
    encoded = password.encode()
    return encoded[:BCRYPT_BYTES] if BcryptHasher.identify(stored) else encoded
