"""Verification: codes and links prove an address, once, in time, and are guessed by nobody."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import Row, update

from mestore import bootstrap
from mestore.accounts.jobs import PurgeOldSessions, purge_old_sessions
from mestore.accounts.models import LinkToken, OneTimeCode, SendAllowance, User
from mestore.accounts.repository.verification import forget
from mestore.bootstrap import App
from mestore.kernel.db import Database
from mestore.kernel.outbox import Job, JobState
from mestore.settings import Settings
from tests.accounts.inbox import CODE, TOKEN, Inbox, is_stored, wrong
from tests.accounts.rows import row, rows
from tests.build import Build, BuiltUser
from tests.conftest import AsUser, MovedClock

RunJobs = Callable[[], Awaitable[int]]
Headers = dict[str, str]
MAIL, SMS = "/auth/send-verification-email", "/auth/send-verification-sms"
MAIL_OTP, SMS_OTP = "/auth/verify-email-otp", "/auth/verify-phone-otp"


@pytest.fixture
def program(sms_settings: Settings) -> App:
    """The program, with the SMS simulator as its provider."""
    return bootstrap.build(sms_settings)


@pytest.fixture
async def person(database: Database, build: Build) -> BuiltUser:
    """A user who has verified nothing."""
    user = await build.user()
    await set_user(database, email_verified=False)
    return user


@pytest.fixture
async def headers(person: BuiltUser, as_user: AsUser) -> Headers:
    """The headers of that user."""
    return await as_user(person)


async def set_user(database: Database, **values: object) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(update(User).values(**values))


async def verified(database: Database) -> tuple[bool, bool]:
    """Return whether the only user's e-mail and phone are verified."""
    user = await row(database, User)
    return user.email_verified, user.phone_verified


async def sendings(database: Database) -> list[Row[Any]]:
    """Return the jobs that send codes."""
    return [job for job in await rows(database, Job) if job.message == "CodeRequested"]


async def sending(database: Database) -> Row[Any]:
    """Return the only job that sends a code."""
    (only,) = await sendings(database)
    return only


async def try_code(
    client: httpx2.AsyncClient, path: str, headers: Headers, code: str
) -> tuple[int, str | None]:
    answer = await client.post(path, json={"code": code}, headers=headers)
    return answer.status_code, answer.json().get("code")


@pytest.mark.parametrize("path", [MAIL, "/auth/resend-verification"])
async def test_a_mailed_code_verifies_the_address(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    person: BuiltUser,
    headers: Headers,
    path: str,
) -> None:
    answer = await client.post(path, headers=headers)
    assert (answer.status_code, answer.json()) == (
        200,
        {"success": True, "expires_in": 600, "retry_after": 60},
    )
    await run_jobs()

    answer = await client.post(MAIL_OTP, json={"code": inbox.code(person.email)}, headers=headers)

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert await verified(database) == (True, False)
    again = await try_code(client, MAIL_OTP, headers, inbox.code(person.email))
    assert again == (409, "EMAIL_ALREADY_VERIFIED")


async def test_a_code_by_sms_verifies_the_phone(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    headers: Headers,
) -> None:
    assert (await client.post(SMS, headers=headers)).status_code == 200
    await run_jobs()

    (message,) = inbox.sms()
    assert (message["to"], message["from"]) == ("+573001234567", "+573000000000")
    assert re.sub(CODE, "·", message["body"]) == (
        "MeStore: tu código es ·. Vence en 10 minutos. No lo compartas."
    )
    assert await try_code(client, SMS_OTP, headers, inbox.sms_code()) == (200, None)
    assert await verified(database) == (False, True)
    assert (await client.post(SMS, headers=headers)).json()["code"] == "PHONE_ALREADY_VERIFIED"


async def test_the_link_in_the_mail_verifies_once(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    person: BuiltUser,
    headers: Headers,
) -> None:
    await client.post(MAIL, headers=headers)
    await run_jobs()
    (text,) = inbox.texts(person.email, "email_code")
    assert "https://shop.example.com/verify-email?token=" in text
    body = {"token": inbox.token(person.email, "email_code")}

    answers = await asyncio.gather(
        *(client.post("/auth/verify-email", json=body) for _ in range(4))
    )

    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    assert await verified(database) == (True, False)
    refused = next(answer for answer in answers if answer.status_code == 400)
    assert refused.json()["code"] == "INVALID_LINK_TOKEN"


async def test_the_link_works_for_a_day_and_outlives_a_new_code(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    person: BuiltUser,
    headers: Headers,
    clock: MovedClock,
) -> None:
    await client.post(MAIL, headers=headers)
    await run_jobs()
    first = {"token": inbox.token(person.email, "email_code")}
    clock.advance(timedelta(minutes=2))
    await client.post(MAIL, headers=headers)
    await run_jobs()
    second = {"token": inbox.token(person.email, "email_code")}

    clock.advance(timedelta(hours=23, minutes=59))
    assert (await client.post("/auth/verify-email", json=first)).status_code == 400
    assert await verified(database) == (False, False)
    assert (await client.post("/auth/verify-email", json=second)).status_code == 200
    assert await verified(database) == (True, False)


async def test_five_wrong_codes_spend_the_code(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    person: BuiltUser,
    headers: Headers,
    clock: MovedClock,
) -> None:
    await client.post(MAIL, headers=headers)
    await run_jobs()
    code = inbox.code(person.email)
    left = []
    for _ in range(5):
        answer = await client.post(MAIL_OTP, json={"code": wrong(code)}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "WRONG_CODE")
        left.append(answer.json()["details"]["attempts_left"])
    assert left == [4, 3, 2, 1, 0]

    assert await try_code(client, MAIL_OTP, headers, code) == (400, "CODE_SPENT")
    assert await try_code(client, MAIL_OTP, headers, "123456") == (400, "CODE_SPENT")
    assert await verified(database) == (False, False)

    clock.advance(timedelta(seconds=61))
    await client.post(MAIL, headers=headers)
    await run_jobs()
    assert await try_code(client, MAIL_OTP, headers, inbox.code(person.email)) == (200, None)


async def test_of_parallel_guesses_five_are_looked_at(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    headers: Headers,
) -> None:
    await client.post(SMS, headers=headers)
    await run_jobs()
    guess = wrong(inbox.sms_code())

    answers = await asyncio.gather(*(try_code(client, SMS_OTP, headers, guess) for _ in range(20)))

    assert sorted(answers) == [(400, "CODE_SPENT")] * 15 + [(400, "WRONG_CODE")] * 5
    assert (await row(database, OneTimeCode)).attempts == 5
    assert await verified(database) == (False, False)


async def test_of_parallel_right_codes_one_is_taken(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    headers: Headers,
) -> None:
    await client.post(SMS, headers=headers)
    await run_jobs()
    code = inbox.sms_code()
    answers = await asyncio.gather(*(try_code(client, SMS_OTP, headers, code) for _ in range(5)))
    assert answers.count((200, None)) == 1
    assert await verified(database) == (False, True)
    assert await rows(database, OneTimeCode) == []


async def test_of_parallel_requests_one_sends_a_code(
    client: httpx2.AsyncClient, database: Database, headers: Headers
) -> None:
    answers = await asyncio.gather(*(client.post(MAIL, headers=headers) for _ in range(20)))

    assert sorted(answer.status_code for answer in answers) == [200] + [429] * 19
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "CODE_SENT_RECENTLY"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert len(await sendings(database)) == 1
    assert len(await rows(database, OneTimeCode)) == 1


async def test_after_a_minute_of_parallel_requests_one_sends_another_code(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    person: BuiltUser,
    headers: Headers,
    clock: MovedClock,
) -> None:
    await client.post(MAIL, headers=headers)
    await run_jobs()
    old = inbox.code(person.email)
    clock.advance(timedelta(seconds=40))
    assert (await client.post(MAIL, headers=headers)).status_code == 429

    clock.advance(timedelta(seconds=21))
    answers = await asyncio.gather(*(client.post(MAIL, headers=headers) for _ in range(20)))
    await run_jobs()

    assert sorted(answer.status_code for answer in answers) == [200] + [429] * 19
    new = inbox.code(person.email)
    assert len(inbox.texts(person.email, "email_code")) == 2
    if old != new:
        assert await try_code(client, MAIL_OTP, headers, old) == (400, "WRONG_CODE")
    assert await try_code(client, MAIL_OTP, headers, new) == (200, None)


async def test_a_number_gets_five_sms_an_hour_over_all_accounts(
    client: httpx2.AsyncClient,
    database: Database,
    build: Build,
    as_user: AsUser,
    clock: MovedClock,
) -> None:
    people = [await build.user() for _ in range(8)]
    callers = [await as_user(user) for user in people]

    answers = await asyncio.gather(*(client.post(SMS, headers=caller) for caller in callers))

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 3
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.json()["code"] for answer in refused} == {"TOO_MANY_SMS"}
    assert 3590 <= int(refused[0].headers["retry-after"]) <= 3600
    assert len(await sendings(database)) == 5
    assert len(await rows(database, OneTimeCode)) == 5

    waiting = next(
        user for user, answer in zip(people, answers, strict=True) if answer.status_code == 429
    )
    clock.advance(timedelta(minutes=59))
    assert (await client.post(SMS, headers=await as_user(waiting))).status_code == 429
    clock.advance(timedelta(minutes=1, seconds=5))
    assert (await client.post(SMS, headers=await as_user(waiting))).status_code == 200


async def test_another_number_has_an_hour_of_its_own(
    client: httpx2.AsyncClient, database: Database, headers: Headers, clock: MovedClock
) -> None:
    for _ in range(5):
        assert (await client.post(SMS, headers=headers)).status_code == 200
        clock.advance(timedelta(minutes=2))
    before = await row(database, OneTimeCode)
    assert (await client.post(SMS, headers=headers)).json()["code"] == "TOO_MANY_SMS"
    assert await row(database, OneTimeCode) == before
    await set_user(database, phone="+573007654321")
    assert (await client.post(SMS, headers=headers)).status_code == 200


async def test_what_is_verified_or_missing_gets_no_code(
    client: httpx2.AsyncClient, database: Database, headers: Headers
) -> None:
    await set_user(database, email_verified=True, phone=None)
    mail, sms = await client.post(MAIL, headers=headers), await client.post(SMS, headers=headers)
    assert (mail.status_code, mail.json()["code"]) == (409, "EMAIL_ALREADY_VERIFIED")
    assert (sms.status_code, sms.json()["code"]) == (409, "PHONE_MISSING")
    assert await rows(database, OneTimeCode) == []
    assert await sendings(database) == []


async def test_a_code_proves_only_the_address_it_went_to(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    person: BuiltUser,
    headers: Headers,
) -> None:
    await client.post(MAIL, headers=headers)
    await run_jobs()
    code, token = inbox.code(person.email), inbox.token(person.email, "email_code")
    body = {"email": "other@example.com"}
    assert (await client.put("/auth/me", json=body, headers=headers)).status_code == 200

    assert await try_code(client, MAIL_OTP, headers, code) == (400, "CODE_SPENT")
    link = await client.post("/auth/verify-email", json={"token": token})
    assert (link.status_code, link.json()["code"]) == (400, "INVALID_LINK_TOKEN")
    assert await verified(database) == (False, False)


async def test_no_code_is_made_for_an_address_that_was_given_up(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    headers: Headers,
) -> None:
    await client.post(SMS, headers=headers)
    await set_user(database, phone="+573007654321")
    await run_jobs()
    assert inbox.sms() == []
    assert (await row(database, OneTimeCode)).digest is None


async def test_a_code_lasts_ten_minutes(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    person: BuiltUser,
    headers: Headers,
    clock: MovedClock,
) -> None:
    await client.post(MAIL, headers=headers)
    await run_jobs()
    clock.advance(timedelta(minutes=10, seconds=1))
    code = inbox.code(person.email)
    assert await try_code(client, MAIL_OTP, headers, code) == (400, "CODE_SPENT")
    assert await verified(database) == (False, False)


async def test_the_codes_of_mail_and_phone_are_not_each_others(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    person: BuiltUser,
    headers: Headers,
) -> None:
    await client.post(MAIL, headers=headers)
    await client.post(SMS, headers=headers)
    await run_jobs()
    if inbox.code(person.email) != inbox.sms_code():
        mailed = await try_code(client, SMS_OTP, headers, inbox.code(person.email))
        assert mailed == (400, "WRONG_CODE")
    assert await verified(database) == (False, False)
    assert await try_code(client, SMS_OTP, headers, inbox.sms_code()) == (200, None)


async def test_the_development_code_verifies_what_a_code_was_asked_for(
    client: httpx2.AsyncClient, database: Database, headers: Headers
) -> None:
    assert await try_code(client, MAIL_OTP, headers, "123456") == (400, "CODE_SPENT")
    await client.post(MAIL, headers=headers)
    assert await try_code(client, MAIL_OTP, headers, "123456") == (200, None)
    assert await verified(database) == (True, False)


class TestInProduction:
    """Where the development code is off."""

    @pytest.fixture
    def program(self, sms_settings: Settings) -> App:
        """The program without the development code."""
        return bootstrap.build(sms_settings.model_copy(update={"development_code": False}))

    async def test_the_development_code_is_wrong(
        self, client: httpx2.AsyncClient, database: Database, headers: Headers
    ) -> None:
        await client.post(MAIL, headers=headers)
        assert await try_code(client, MAIL_OTP, headers, "123456") == (400, "WRONG_CODE")
        assert await verified(database) == (False, False)


async def test_a_provider_that_fails_gets_another_code_that_works(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    headers: Headers,
    clock: MovedClock,
) -> None:
    inbox.break_sms("error_500")
    await client.post(SMS, headers=headers)
    await run_jobs()
    assert inbox.sms() == []
    job = await sending(database)
    assert (job.state, job.error) == (
        JobState.READY,
        "SmsNotTaken: The SMS provider did not take the message: status 500, code 20500",
    )
    first = (await row(database, OneTimeCode)).digest

    clock.advance(timedelta(seconds=3))
    await run_jobs()

    assert (await row(database, OneTimeCode)).digest != first
    assert (await sending(database)).state is JobState.DONE
    assert await try_code(client, SMS_OTP, headers, inbox.sms_code()) == (200, None)


async def test_a_provider_that_is_back_too_late_gets_nothing(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    headers: Headers,
    clock: MovedClock,
) -> None:
    inbox.break_sms("rate_limit")
    await client.post(SMS, headers=headers)
    await run_jobs()
    clock.advance(timedelta(minutes=11))
    await run_jobs()
    assert inbox.sms() == []
    assert (await sending(database)).state is JobState.DONE


async def test_a_number_that_is_refused_is_not_tried_again(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    headers: Headers,
) -> None:
    await set_user(database, phone="3001234567")
    await client.post(SMS, headers=headers)
    await run_jobs()
    job = await sending(database)
    assert (job.state, job.tries) == (JobState.DONE, 1)
    assert inbox.sms() == []


async def test_no_code_and_no_token_is_stored(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    inbox: Inbox,
    person: BuiltUser,
    headers: Headers,
) -> None:
    await client.post(MAIL, headers=headers)
    await client.post(SMS, headers=headers)
    await run_jobs()
    (text,) = inbox.texts(person.email, "email_code")
    secrets = [*CODE.findall(text)[:1], *TOKEN.findall(text), inbox.sms_code()]
    assert len(secrets) == 3
    assert [await is_stored(database, secret) for secret in secrets] == [False] * 3
    await try_code(client, SMS_OTP, headers, inbox.sms_code())
    await client.post("/auth/verify-email", json={"token": secrets[1]})
    assert await verified(database) == (True, True)
    assert [await is_stored(database, secret) for secret in secrets] == [False] * 3
    assert await is_stored(database, person.email)


async def test_without_a_token_nothing_is_sent_or_verified(
    client: httpx2.AsyncClient, database: Database, person: BuiltUser
) -> None:
    for path in (MAIL, "/auth/resend-verification", SMS):
        assert (await client.post(path)).status_code == 401
    for path in (MAIL_OTP, SMS_OTP):
        assert (await client.post(path, json={"code": "123456"})).status_code == 401
    assert await rows(database, OneTimeCode) == []
    assert await verified(database) == (False, False)


async def test_a_malformed_code_costs_no_attempt(
    client: httpx2.AsyncClient, database: Database, headers: Headers
) -> None:
    await client.post(MAIL, headers=headers)
    for code in ("12345", "1234567", "abcdef", "١٢٣٤٥٦", 123456, None, ""):
        answer = await client.post(MAIL_OTP, json={"code": code}, headers=headers)
        assert answer.status_code == 422
    assert (await row(database, OneTimeCode)).attempts == 0


async def test_a_link_that_we_never_sent_is_refused(
    client: httpx2.AsyncClient, database: Database, person: BuiltUser
) -> None:
    expected = {"unknown": 400, "ñ": 400, "x" * 201: 422, "": 422, None: 422}
    for token, status in expected.items():
        answer = await client.post("/auth/verify-email", json={"token": token})
        assert answer.status_code == status
    assert await verified(database) == (False, False)


async def test_what_is_forgotten_leaves_no_address_behind(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    build: Build,
    as_user: AsUser,
    person: BuiltUser,
    headers: Headers,
) -> None:
    other = await build.user()
    for caller in (headers, await as_user(other)):
        await set_user(database, email_verified=False)
        await client.post(MAIL, headers=caller)
    await run_jobs()
    async with database.transaction() as tx:
        await forget(tx.connection, person.id)
    assert [code.address for code in await rows(database, OneTimeCode)] == [other.email]
    assert [link.address for link in await rows(database, LinkToken)] == [other.email]


async def test_what_is_over_is_purged(
    client: httpx2.AsyncClient,
    database: Database,
    run_jobs: RunJobs,
    headers: Headers,
    clock: MovedClock,
) -> None:
    await client.post(SMS, headers=headers)
    await client.post(MAIL, headers=headers)
    await run_jobs()
    remaining = []
    for time in (timedelta(minutes=9), timedelta(minutes=3), timedelta(hours=1), timedelta(days=1)):
        clock.advance(time)
        async with database.transaction() as tx:
            await purge_old_sessions(tx, PurgeOldSessions())
        tables = (OneTimeCode, SendAllowance, LinkToken)
        remaining.append([len(await rows(database, table)) for table in tables])
    assert remaining == [[2, 1, 1], [0, 1, 1], [0, 0, 1], [0, 0, 0]]
