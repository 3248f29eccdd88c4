"""The program with an SMS provider to speak to, and what people receive from it."""

from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest
from pydantic import SecretStr

from mestore.kernel.clock import now
from mestore.settings import Settings
from simulators.twilio.app import Account
from simulators.twilio.local import running
from tests.accounts.inbox import Inbox
from tests.accounts.two_step import STEP_SECONDS
from tests.conftest import MovedClock

ACCOUNT = Account()


@pytest.fixture
def start_of_a_step(clock: MovedClock) -> None:
    """Begin a time step of authenticator apps, so that none ends between two lines of a test."""
    clock.advance(timedelta(seconds=STEP_SECONDS - now().timestamp() % STEP_SECONDS))


@pytest.fixture(scope="session")
def twilio_url() -> Iterator[str]:
    """The address of a Twilio simulator."""
    with running(ACCOUNT) as url:
        yield url


@pytest.fixture
def sms_settings(settings: Settings, twilio_url: str) -> Settings:
    """The settings of a program that sends SMS to the simulator."""
    httpx2.post(f"{twilio_url}/_control/reset", trust_env=False)
    provider = {
        "twilio_account_sid": ACCOUNT.sid,
        "twilio_auth_token": SecretStr(ACCOUNT.token),
        "twilio_from": "+573000000000",
        "twilio_base_url": twilio_url,
        "storefront_url": "https://shop.example.com",
    }
    return settings.model_copy(update=provider)


@pytest.fixture
def inbox(sms_settings: Settings, twilio_url: str) -> Inbox:
    """The mails and SMS that the program sent."""
    return Inbox(sms_settings.mail, twilio_url)
