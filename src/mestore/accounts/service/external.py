"""Signing in through an outside provider: begun here, confirmed there, finished here.

The provider is asked between transactions. What goes out with the browser is kept by its digest, or
sealed, and is good for one answer.
"""

import secrets
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from mestore.accounts.errors.external import (
    AccountEmailUnverified,
    ExternalEmailUnverified,
    InvalidExternalState,
    RedirectNotAllowed,
)
from mestore.accounts.ports import IdentityProvider
from mestore.accounts.repository.external import ExternalRepository
from mestore.accounts.repository.verification import CredentialRepository
from mestore.accounts.service.accounts import AccountService
from mestore.accounts.service.acts import record
from mestore.accounts.service.sealing import EXTERNAL_SIGN_INS, Keys
from mestore.accounts.service.second_step import admit, await_second_step
from mestore.accounts.service.tokens import digest_of
from mestore.accounts.service.users import NO_PASSWORD
from mestore.accounts.types import (
    Device,
    Document,
    NewUser,
    OpenedSession,
    SignInPolicy,
    Terms,
)
from mestore.accounts.types.acts import Act, Actor, Subject
from mestore.accounts.types.external import (
    Challenge,
    ExternalPerson,
    ExternalPolicy,
    StartedSignIn,
    WaitingSignIn,
)
from mestore.accounts.types.mfa import MfaRequired
from mestore.accounts.types.verification import CodePurpose
from mestore.accounts.views import get_profile
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.errors import LostRace
from mestore.kernel.ids import uuid7

STATE_BYTES = 32
VERIFIER_BYTES = 48


@dataclass(frozen=True, slots=True)
class ExternalSignIn:
    """Signs people in by what a provider says of them; each begun sign-in is good for one try."""

    database: Database
    provider: IdentityProvider
    policy: SignInPolicy
    choices: ExternalPolicy

    async def start(self, redirect_uri: str) -> StartedSignIn:
        """Return where to send the browser; good for `choices.lasts`."""
        if not self.choices.allows(self.provider.name, redirect_uri):
            raise RedirectNotAllowed()
        challenge = Challenge(
            state=secrets.token_urlsafe(STATE_BYTES),
            nonce=secrets.token_urlsafe(STATE_BYTES),
            verifier=secrets.token_urlsafe(VERIFIER_BYTES),
            redirect_uri=redirect_uri,
        )
        address = await self.provider.authorization_url(challenge)
        waiting_id = uuid7()
        text = f"{challenge.nonce} {challenge.verifier}"
        sealed = Keys.of(self.policy).seal(waiting_id, text, EXTERNAL_SIGN_INS)
        waiting = WaitingSignIn(waiting_id, self.provider.name, redirect_uri, sealed)
        async with self.database.transaction() as tx:
            until = now() + self.choices.lasts
            digest = digest_of(challenge.state)
            await ExternalRepository(tx.connection).add_sign_in(digest, waiting, until)
        return StartedSignIn(address, challenge.state)

    async def finish(
        self,
        code: str,
        state: str,
        redirect_uri: str,
        device: Device,
        guest_session: str | None = None,
    ) -> OpenedSession | MfaRequired:
        """Open a session for who came back, or begin the second step where MFA is on."""
        challenge = await self._spend(state, redirect_uri)
        person = await self.provider.identify(code, challenge)
        async with self.database.transaction() as tx:
            user_id = await ExternalAccounts(tx, self.provider.name).user_of(person, device)
            user, _ = await get_profile(tx.connection, user_id)
            if user.mfa_enabled:
                return await await_second_step(tx, self.policy, user_id, guest_session)
            return await admit(tx, user_id, device, guest_session)

    async def _spend(self, state: str, redirect_uri: str) -> Challenge:
        async with self.database.transaction() as tx:
            repository = ExternalRepository(tx.connection)
            waiting = await repository.spend_sign_in(digest_of(state), now())
        if waiting is None or waiting.provider != self.provider.name:
            raise InvalidExternalState()
        text = Keys.of(self.policy).unseal(waiting.id, waiting.sealed, EXTERNAL_SIGN_INS)
        if text is None or waiting.redirect_uri != redirect_uri:
            raise InvalidExternalState()
        nonce, verifier = text.split(" ")
        return Challenge(state, nonce, verifier, redirect_uri)


@dataclass(frozen=True, slots=True)
class ExternalAccounts:
    """Says which user a person of one provider is here."""

    tx: Tx
    provider: str

    async def user_of(self, person: ExternalPerson, device: Device) -> UUID:
        """Return the linked user, link the one with the same verified e-mail, or add a buyer.

        Both sides must have verified the e-mail: else whoever registered it first, without owning
        it, would keep the account that its owner then uses.
        """
        links = ExternalRepository(self.tx.connection)
        if known := await links.find(self.provider, person.subject):
            identity_id, user_id = known
            await links.note_use(identity_id, now())
            return user_id
        if person.email is None or not person.email_verified:
            raise ExternalEmailUnverified()
        account = await links.find_account(person.email)
        if account is None:
            user_id = await self._add_buyer(person, person.email, device)
        else:
            user_id, is_verified = account
            if not is_verified:
                raise AccountEmailUnverified()
        await self._link(user_id, person.subject)
        return user_id

    async def _add_buyer(self, person: ExternalPerson, email: str, device: Device) -> UUID:
        terms = Terms(Document.TERMS, self.tx.policy(SignInPolicy).terms_version)
        new = NewUser(email, person.first_name, person.last_name)
        user = await AccountService(self.tx).add_user(
            new, password_hash=NO_PASSWORD, ip_address=device.ip_address, terms=terms
        )
        credentials = CredentialRepository(self.tx.connection)
        await credentials.verify(user.id, CodePurpose.EMAIL, email, now())
        actor = Actor(user.id, user.user_type)
        record(self.tx, Act.REGISTERED, Subject.USER, user.id, actor=actor)
        return user.id

    async def _link(self, user_id: UUID, subject: str) -> None:
        moment = now()
        values = {
            "id": uuid7(),
            "user_id": user_id,
            "provider": self.provider,
            "subject": subject,
            "created_at": moment,
            "last_used_at": moment,
        }
        try:
            async with self.tx.connection.begin_nested():
                await ExternalRepository(self.tx.connection).add(values)
        except DBAPIError as error:
            if fault_of(error) is Fault.UNIQUE:
                raise LostRace() from error
            raise
        after = {"provider": self.provider}
        record(self.tx, Act.IDENTITY_LINKED, Subject.USER, user_id, after=after)
