"""Passkeys (Web Authentication, Level 3): added, listed, removed, and used to sign in.

The user is always verified by the authenticator, so a passkey counts as both factors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    generate_challenge,
    options_to_json_dict,
    parse_client_data_json,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

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
from mestore.accounts.types.passkeys import Ceremony, PasskeyPolicy, PasskeyView
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
        options = generate_registration_options(
            rp_id=self.policy.rp_id,
            rp_name=self.policy.rp_name,
            user_id=caller.user_id.bytes,
            user_name=caller.email,
            challenge=await self._challenge(Ceremony.REGISTER, caller.user_id),
            timeout=self._milliseconds(),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        )
        return options_to_json_dict(options)

    async def offer_sign_in(self, email: str | None) -> dict[str, Any]:
        """Return the options by which a browser signs in with a passkey.

        With the e-mail of an account only its passkeys are accepted. The options are the same for
        every e-mail, so that nobody learns from them who has an account.
        """
        user_id = await self.passkeys.find_user(email) if email else None
        options = generate_authentication_options(
            rp_id=self.policy.rp_id,
            challenge=await self._challenge(Ceremony.SIGN_IN, user_id),
            timeout=self._milliseconds(),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json_dict(options)

    async def add(
        self, user_id: UUID, made: "_Made", transports: list[str], name: str
    ) -> PasskeyView:
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
        challenge = generate_challenge()
        until = now() + self.policy.answer_within
        text = bytes_to_base64url(challenge)
        await self.passkeys.add_challenge(text, ceremony, user_id, until)
        return challenge

    def _milliseconds(self) -> int:
        return int(self.policy.answer_within.total_seconds() * 1000)


@dataclass(frozen=True, slots=True)
class _Made:
    credential_id: bytes
    public_key: bytes
    sign_count: int


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
            credential_id = base64url_to_bytes(credential["rawId"])
        except ValueError as error:
            raise InvalidPasskey() from error
        async with self.database.read() as connection:
            stored = await PasskeyRepository(connection).find(credential_id)
        if stored is None or given.user_id not in {None, stored.user_id}:
            raise InvalidPasskey()
        try:
            handle = credential["response"].get("userHandle")
            if handle and base64url_to_bytes(handle) != stored.user_id.bytes:
                raise InvalidPasskey()
            verified = verify_authentication_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=self.policy.rp_id,
                expected_origin=list(self.policy.origins),
                credential_public_key=stored.public_key,
                # The counter is compared where it is stored, in one statement.
                credential_current_sign_count=0,
                require_user_verification=True,
            )
        except Exception as error:
            # The parsers of these binary formats raise errors of many kinds.
            log.info("passkey_refused", reason=str(error))
            raise InvalidPasskey() from error
        return Signed(stored.id, stored.user_id, verified.new_sign_count)

    def _verify_making(self, credential: Credential, challenge: bytes) -> _Made:
        try:
            verified = verify_registration_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=self.policy.rp_id,
                expected_origin=list(self.policy.origins),
                require_user_verification=True,
            )
        except Exception as error:
            # The parsers of these binary formats raise errors of many kinds.
            log.info("passkey_rejected", reason=str(error))
            raise PasskeyRejected() from error
        return _Made(verified.credential_id, verified.credential_public_key, verified.sign_count)

    async def _spend(self, credential: Credential) -> tuple[bytes, GivenChallenge | None]:
        """Use up the challenge that a credential answers, and return what it was given for."""
        try:
            packed = base64url_to_bytes(credential["response"]["clientDataJSON"])
            challenge = parse_client_data_json(packed).challenge
        except Exception as error:
            log.info("passkey_unreadable", reason=str(error))
            return b"", None
        async with self.database.transaction() as tx:
            passkeys = PasskeyRepository(tx.connection)
            given = await passkeys.spend_challenge(bytes_to_base64url(challenge), now())
        return challenge, given
