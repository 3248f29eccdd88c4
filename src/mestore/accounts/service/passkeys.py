"""Passkeys (Web Authentication, Level 3): added, listed, removed, and used to sign in.

The user is always verified by the authenticator, so a passkey counts as both factors.
"""

import importlib
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, cast
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError

from mestore.accounts.errors.mfa import (
    InvalidPasskey,
    PasskeyNotFound,
    PasskeyRejected,
    PasskeyTaken,
    TooManyPasskeys,
)
from mestore.accounts.repository.passkeys import GivenChallenge, PasskeyRepository
from mestore.accounts.service.acts import record
from mestore.accounts.types import Caller
from mestore.accounts.types.acts import Act, Subject
from mestore.accounts.types.passkeys import Ceremony, Made, PasskeyPolicy, PasskeyView
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.ids import uuid7

log = structlog.get_logger(__name__)

Credential = Mapping[str, Any]
"""What `PublicKeyCredential.toJSON()` gives in a browser."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A passkey that signed a challenge of ours; its counter is not stored yet."""

    passkey_id: UUID
    user_id: UUID
    sign_count: int


class PasskeyService:
    """Gives out challenges, and keeps the passkeys of users."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.passkeys = PasskeyRepository(tx.connection)
        self.policy = tx.policy(PasskeyPolicy)

    async def offer_registration(self, caller: Caller) -> dict[str, Any]:
        """Return the options by which a browser makes a passkey that names its user by itself."""
        known = await self.passkeys.credential_ids(caller.user_id)
        if len(known) >= self.policy.most:
            raise TooManyPasskeys(most=self.policy.most)
        challenge = await self._challenge(Ceremony.REGISTER, caller.user_id)
        options = _authenticators().registration_options(self.policy, caller, challenge, known)
        return cast(dict[str, Any], options)

    async def offer_sign_in(self, email: str | None) -> dict[str, Any]:
        """Return the options by which a browser signs in with a passkey.

        With the e-mail of an account only its passkeys are accepted. The options are the same for
        every e-mail, so that nobody learns from them who has an account.
        """
        user_id = await self.passkeys.find_user(email) if email else None
        challenge = await self._challenge(Ceremony.SIGN_IN, user_id)
        options = _authenticators().sign_in_options(self.policy, challenge)
        return cast(dict[str, Any], options)

    async def add(self, user_id: UUID, made: Made, transports: list[str], name: str) -> PasskeyView:
        """Keep a passkey whose making was verified; the same one twice is refused."""
        if await self.passkeys.count(user_id) >= self.policy.most:
            raise TooManyPasskeys(most=self.policy.most)
        shown = PasskeyView(uuid7(), name, transports, now(), None)
        values = {
            "id": shown.id,
            "user_id": user_id,
            "public_key": made.public_key,
            "sign_count": made.sign_count,
            "transports": transports,
            "name": name,
            "created_at": shown.created_at,
        }
        try:
            async with self.tx.connection.begin_nested():
                await self.passkeys.add(made.credential_id, values)
        except DBAPIError as error:
            if fault_of(error) is Fault.UNIQUE:
                raise PasskeyTaken() from error
            raise
        record(self.tx, Act.PASSKEY_ADDED, Subject.PASSKEY, shown.id, after={"name": name})
        return shown

    async def remove(self, passkey_id: UUID, user_id: UUID) -> None:
        """Delete one passkey of a user; one of somebody else is not found."""
        if not await self.passkeys.remove(passkey_id, user_id):
            raise PasskeyNotFound()
        record(self.tx, Act.PASSKEY_REMOVED, Subject.PASSKEY, passkey_id)

    async def use(self, signed: Signed) -> None:
        """Note a use; raises `InvalidPasskey` where the counter did not go on."""
        if not await self.passkeys.use(signed.passkey_id, signed.sign_count, now()):
            log.warning(
                "security_event",
                action="auth.passkey_copied",
                outcome="failure",
                subject_type="passkey",
                subject_id=str(signed.passkey_id),
            )
            raise InvalidPasskey()

    async def _challenge(self, ceremony: Ceremony, user_id: UUID | None) -> bytes:
        challenge = secrets.token_bytes(64)
        until = now() + self.policy.answer_within
        await self.passkeys.add_challenge(_text_of(challenge), ceremony, user_id, until)
        return challenge


@dataclass(frozen=True, slots=True)
class Passkeys:
    """Verifies what browsers answer. A challenge is used up by the first answer, right or wrong."""

    database: Database
    policy: PasskeyPolicy

    async def register(self, user_id: UUID, credential: Credential, name: str) -> PasskeyView:
        """Add a passkey that answers a registration challenge of this user."""
        challenge, given = await self._spend(credential)
        is_ours = given and given.ceremony is Ceremony.REGISTER and given.user_id == user_id
        if not is_ours:
            raise PasskeyRejected()
        made = self._verify_making(credential, challenge)
        transports = list(credential["response"].get("transports") or ())
        async with self.database.transaction() as tx:
            return await PasskeyService(tx).add(user_id, made, transports, name)

    async def check(self, credential: Credential) -> Signed:
        """Return whose passkey signed a sign-in challenge; raises `InvalidPasskey`.

        The signature proves the passkey; whether its counter went on is for the caller's
        transaction to decide.
        """
        challenge, given = await self._spend(credential)
        if given is None or given.ceremony is not Ceremony.SIGN_IN:
            raise InvalidPasskey()
        try:
            credential_id = _bytes_of(credential["rawId"])
        except ValueError as error:
            raise InvalidPasskey() from error
        async with self.database.read() as connection:
            stored = await PasskeyRepository(connection).find(credential_id)
        if stored is None or given.user_id not in {None, stored.user_id}:
            raise InvalidPasskey()
        try:
            handle = credential["response"].get("userHandle")
            if handle and _bytes_of(handle) != stored.user_id.bytes:
                raise InvalidPasskey()
            sign_count = _authenticators().counted(
                self.policy, credential, challenge, stored.public_key
            )
        except Exception as error:
            # The parsers of these binary formats raise errors of many kinds.
            log.info("passkey_refused", reason=str(error))
            raise InvalidPasskey() from error
        return Signed(stored.id, stored.user_id, sign_count)

    def _verify_making(self, credential: Credential, challenge: bytes) -> Made:
        try:
            return cast(Made, _authenticators().made(self.policy, credential, challenge))
        except Exception as error:
            # The parsers of these binary formats raise errors of many kinds.
            log.info("passkey_rejected", reason=str(error))
            raise PasskeyRejected() from error

    async def _spend(self, credential: Credential) -> tuple[bytes, GivenChallenge | None]:
        """Use up the challenge that a credential answers, and return what it was given for."""
        try:
            challenge: bytes = _authenticators().challenge_in(credential)
        except Exception as error:
            log.info("passkey_unreadable", reason=str(error))
            return b"", None
        async with self.database.transaction() as tx:
            passkeys = PasskeyRepository(tx.connection)
            given = await passkeys.spend_challenge(_text_of(challenge), now())
        return challenge, given


def _authenticators() -> ModuleType:
    # It takes 6 MB and a tenth of a second: only processes that meet a passkey pay for it.
    return importlib.import_module("mestore.accounts.service.authenticators")


def _text_of(challenge: bytes) -> str:
    return urlsafe_b64encode(challenge).decode().rstrip("=")


def _bytes_of(text: str) -> bytes:
    # The padding may be missing, and more of it than is needed does no harm.
    return urlsafe_b64decode(f"{text}===")
