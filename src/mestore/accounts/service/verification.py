"""One-time codes: asked for by a user, made where they are sent, checked at most five times."""

import hmac
import math
import secrets
from datetime import datetime
from uuid import UUID

from mestore.accounts.errors.verification import (
    CodeSentRecently,
    CodeSpent,
    EmailAlreadyVerified,
    PhoneAlreadyVerified,
    PhoneMissing,
    TooManySms,
    WrongCode,
)
from mestore.accounts.events import CodeRequested
from mestore.accounts.repository.verification import (
    AllowanceRepository,
    CodeRepository,
    CredentialRepository,
    TriedCode,
)
from mestore.accounts.service.acts import record
from mestore.accounts.service.links import LinkService
from mestore.accounts.service.sealing import Keys
from mestore.accounts.types import SignInPolicy, UserProfile
from mestore.accounts.types.acts import Act, Subject
from mestore.accounts.types.verification import (
    CodePurpose,
    LinkPurpose,
    MadeCode,
    VerificationPolicy,
    minutes_of,
)
from mestore.accounts.views import get_profile
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx
from mestore.kernel.errors import Refusal
from mestore.kernel.ids import uuid7

_DIGITS = 6


class VerificationService:
    """Sends and checks one-time codes. The plain code is known only to the job that sends it."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.codes = CodeRepository(tx.connection)
        self.policy = tx.policy(VerificationPolicy)

    async def request(self, user_id: UUID, purpose: CodePurpose) -> None:
        """Have a code sent that replaces the one before.

        Refused for a verified address, within a minute of the last code, and where a number got
        five SMS within the hour, from whichever account.
        """
        user, _ = await get_profile(self.tx.connection, user_id)
        address = _address_to_verify(user, purpose)
        moment, code_id = now(), uuid7()
        is_put = await self.codes.put(
            code_id,
            user_id,
            purpose,
            address=address,
            moment=moment,
            until=moment + self.policy.code_lasts,
            since=moment - self.policy.cooldown,
        )
        if not is_put:
            last = await self.codes.requested_at(user_id, purpose)
            raise CodeSentRecently(retry_after=_seconds(last + self.policy.cooldown, moment))
        if purpose is CodePurpose.PHONE:
            await self._take_sms(address, moment)
        self.tx.publish(CodeRequested(code_id))

    async def make(self, code_id: UUID) -> MadeCode | None:
        """Make the code that was asked for and return it, to be sent at once; each call a new one.

        None where nobody waits for it any more: it was replaced or used, the address has changed,
        or it was asked for longer ago than a code lasts.
        """
        moment = now()
        asked = await self.codes.find_asked(code_id)
        is_awaited = asked and asked.requested_at > moment - self.policy.code_lasts
        if asked is None or not is_awaited or not asked.is_current:
            return None
        code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
        until = moment + self.policy.code_lasts
        if not await self.codes.set_digest(code_id, self._digests(code_id, code)[0], until):
            return None
        link = None
        if asked.purpose is CodePurpose.EMAIL:
            links = LinkService(self.tx)
            link = await links.make(asked.user_id, LinkPurpose.VERIFY_EMAIL, asked.address)
        minutes = minutes_of(self.policy.code_lasts)
        return MadeCode(asked.purpose, asked.address, asked.first_name, minutes, code, link)

    async def check(self, user_id: UUID, purpose: CodePurpose, code: str) -> Refusal | None:
        """Verify the address that a code was sent to; a refusal is returned, to be committed.

        Each call uses up an attempt, so that of parallel guesses no more than five are looked at.
        """
        moment = now()
        user, _ = await get_profile(self.tx.connection, user_id)
        if _is_verified(user, purpose):
            return _already_verified(purpose)
        tried = await self.codes.count_attempt(user_id, purpose, self.policy.attempts, moment)
        if tried is None:
            return CodeSpent()
        if not self._is_right(tried, code):
            return WrongCode(attempts_left=self.policy.attempts - tried.attempts)
        await self.codes.drop(tried.id)
        credentials = CredentialRepository(self.tx.connection)
        if not await credentials.verify(user_id, purpose, tried.address, moment):
            return CodeSpent()
        act = Act.EMAIL_VERIFIED if purpose is CodePurpose.EMAIL else Act.PHONE_VERIFIED
        record(self.tx, act, Subject.USER, user_id)
        return None

    async def _take_sms(self, number: str, moment: datetime) -> None:
        allowances = AllowanceRepository(self.tx.connection)
        subject, window = f"sms:{number}", self.policy.window
        most = self.policy.sms_in_window
        if not await allowances.take(subject, most, moment, moment - window):
            free_at = await allowances.oldest(subject) + window
            raise TooManySms(retry_after=_seconds(free_at, moment))

    def _is_right(self, tried: TriedCode, code: str) -> bool:
        known = self.policy.development_code
        if known is not None and hmac.compare_digest(code, known):
            return True
        expected = tried.digest
        return expected is not None and any(
            [hmac.compare_digest(each, expected) for each in self._digests(tried.id, code)]
        )

    def _digests(self, code_id: UUID, code: str) -> list[str]:
        return Keys.of(self.tx.policy(SignInPolicy)).digests_of_sent_code(code_id, code)


async def verify_by_code(
    database: Database, user_id: UUID, purpose: CodePurpose, code: str
) -> None:
    """Verify an address by the code that was sent to it; a wrong one stays counted."""
    async with database.transaction() as tx:
        refusal = await VerificationService(tx).check(user_id, purpose, code)
    if refusal is not None:
        raise refusal


def _address_to_verify(user: UserProfile, purpose: CodePurpose) -> str:
    if _is_verified(user, purpose):
        raise _already_verified(purpose)
    address = user.email if purpose is CodePurpose.EMAIL else user.phone
    if address is None:
        raise PhoneMissing()
    return address


def _is_verified(user: UserProfile, purpose: CodePurpose) -> bool:
    return user.email_verified if purpose is CodePurpose.EMAIL else user.phone_verified


def _already_verified(purpose: CodePurpose) -> Refusal:
    return EmailAlreadyVerified() if purpose is CodePurpose.EMAIL else PhoneAlreadyVerified()


def _seconds(until: datetime, moment: datetime) -> int:
    return max(1, math.ceil((until - moment).total_seconds()))
