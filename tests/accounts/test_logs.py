"""A whole flow, from registering to paying, leaves none of its secrets in any log."""

import logging
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest
from structlog.testing import capture_logs

from mestore import bootstrap
from mestore.accounts.service.passwords import Passwords
from mestore.bootstrap import App
from mestore.settings import Settings
from simulators.wompi.config import Config
from simulators.wompi.local import running
from tests.accounts.inbox import Inbox
from tests.accounts.rows import PASSWORD, person
from tests.accounts.two_step import Phone, backup_codes, enable, second_step
from tests.build import Build
from tests.checkout.till import SHIPPING
from tests.conftest import MovedClock
from tests.simulators.wompi_shop import APPROVED_CARD, Receiver, Shop

RunJobs = Callable[[], Awaitable[int]]
NEW = "Another-pass-2"
EMAIL = "ana@example.com"


@pytest.fixture(scope="module")
def wompi_url() -> Iterator[str]:
    """The address of a payment simulator."""
    with running(Config()) as url:
        yield url


@pytest.fixture
def wompi_base_url(wompi_url: str) -> str:
    """Where the program looks for Wompi."""
    return f"{wompi_url}/v1"


@pytest.fixture
def program(sms_settings: Settings) -> App:
    """The program, with quick hashes."""
    return replace(bootstrap.build(sms_settings), passwords=Passwords(memory_kib=64, passes=1))


class Flow:
    """One person's way through the shop; `secrets` are all that must stay unwritten."""

    def __init__(self, client: httpx2.AsyncClient, inbox: Inbox, run_jobs: RunJobs) -> None:
        self.client = client
        self.inbox = inbox
        self.run_jobs = run_jobs
        self.secrets = [PASSWORD, NEW]
        self.headers: dict[str, str] = {}

    async def post(self, path: str, **body: object) -> httpx2.Response:
        answer = await self.client.post(path, json=body, headers=self.headers)
        assert answer.status_code < 300, (path, answer.text)
        return answer

    def keep(self, answer: httpx2.Response) -> None:
        """Go on with the tokens of an answer."""
        opened = answer.json()
        self.secrets += [opened["access_token"], opened["refresh_token"]]
        self.headers = {"Authorization": f"Bearer {opened['access_token']}"}

    async def register(self) -> None:
        """Register, verify the e-mail, sign in again, refresh."""
        self.keep(await self.post("/auth/register", **person()))
        await self.post("/auth/send-verification-email")
        await self.run_jobs()
        code = self.inbox.code(EMAIL)
        self.secrets += [code, self.inbox.token(EMAIL, "email_code")]
        await self.post("/auth/verify-email-otp", code=code)
        opened = await self.post("/auth/login", email=EMAIL, password=PASSWORD)
        self.keep(opened)
        self.keep(await self.post("/auth/refresh", refresh_token=opened.json()["refresh_token"]))

    async def reset(self) -> None:
        """Forget the password and set another."""
        await self.post("/auth/forgot-password", email=EMAIL)
        await self.run_jobs()
        token = self.inbox.token(EMAIL, "password_reset")
        self.secrets.append(token)
        await self.post("/auth/reset-password", token=token, new_password=NEW)
        self.headers = {}
        self.keep(await self.post("/auth/login", email=EMAIL, password=NEW))

    async def turn_mfa_on(self) -> Phone:
        """Turn MFA on and make backup codes."""
        phone = await enable(self.client, self.headers)
        codes = await backup_codes(self.client, self.headers)
        self.secrets += [phone.secret, phone.code(), *codes]
        return phone

    async def sign_in_twice_over(self, phone: Phone) -> None:
        """Sign in with both steps, after guessing wrong."""
        guess = "Wrong-guess-3"
        self.secrets.append(guess)
        await self.client.post("/auth/login", json={"email": EMAIL, "password": guess})
        token = (await self.post("/auth/login", email=EMAIL, password=NEW)).json()["mfa_token"]
        self.secrets += [token, phone.code()]
        await second_step(self.client, token, code=phone.wrong())
        self.keep(await second_step(self.client, token, code=phone.code()))

    async def pay(self, product_id: str, shop: Shop) -> None:
        """Order and pay by card."""
        items = [{"product_id": product_id, "quantity": 1}]
        order = (await self.post("/orders", **SHIPPING, items=items)).json()
        card = shop.card_token(APPROVED_CARD).json()["data"]["id"]
        self.secrets += [card, APPROVED_CARD]
        await self.post(
            "/payments/process",
            order_id=order["id"],
            payment_method="CARD",
            payment_data={"token": card},
        )
        await self.run_jobs()


def secrets_of(settings: Settings) -> list[str]:
    """Return every secret of the settings."""
    kept = [settings.secret_key, settings.twilio_auth_token, settings.wompi_private_key]
    kept += [settings.wompi_events_secret, settings.wompi_integrity_secret]
    return [secret.get_secret_value() for secret in kept if secret is not None]


def stands_in(secret: str, text: str) -> bool:
    """Say whether a secret stands in a text by itself: six digits are also part of times."""
    alone = rf"(?<![0-9a-zA-Z.]){re.escape(secret)}(?![0-9a-zA-Z])"
    return re.search(alone, text) is not None


async def test_no_secret_of_a_whole_flow_is_logged(
    client: httpx2.AsyncClient,
    inbox: Inbox,
    run_jobs: RunJobs,
    sms_settings: Settings,
    build: Build,
    wompi_url: str,
    clock: MovedClock,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    product = await build.product(stock=5)
    flow = Flow(client, inbox, run_jobs)
    caplog.set_level(logging.INFO)
    with (
        capture_logs() as entries,
        Receiver() as receiver,
        httpx2.Client(base_url=wompi_url, trust_env=False) as http,
    ):
        shop = Shop(http, receiver)
        shop.control("settings", events_url=receiver.url, resolve_after=0.01, polls_before_url=0)
        await flow.register()
        await flow.reset()
        phone = await flow.turn_mfa_on()
        clock.advance(timedelta(seconds=30))
        await flow.sign_in_twice_over(phone)
        await flow.pay(str(product.id), shop)
    written = [repr(entry) for entry in entries] + [caplog.text, *capfd.readouterr()]
    text = "\n".join(written)
    assert len(flow.secrets) > 25
    secrets = flow.secrets + secrets_of(sms_settings)
    assert [secret for secret in secrets if stands_in(secret, text)] == []
    assert stands_in("auth.sign_in_failed", text)
