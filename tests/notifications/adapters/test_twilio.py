"""SMS through Twilio: what goes over the wire, and what its failures mean."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest

from mestore.kernel import network
from mestore.kernel.db import Database, InsideTransaction
from mestore.notifications.adapters.twilio import TwilioAccount, TwilioSms
from mestore.notifications.errors import SmsNotTaken, SmsRefused
from mestore.notifications.types import Sms
from simulators.twilio.app import Account
from simulators.twilio.local import running

SIMULATED = Account()
NUMBER, TEXT = "+573001234567", "MeStore: tu código es 024680. No lo compartas."


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a Twilio simulator."""
    with running(SIMULATED) as url:
        yield url


@pytest.fixture
async def http(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """The program's kind of client, and a simulator as new."""
    httpx2.post(f"{url}/_control/reset", trust_env=False)
    async with network.client() as client:
        yield client


def twilio(
    http: httpx2.AsyncClient,
    url: str,
    *,
    token: str = SIMULATED.token,
    sender: str = "+573000000000",
) -> TwilioSms:
    """Return a channel to the simulator."""
    return TwilioSms(TwilioAccount(SIMULATED.sid, token, sender), http, url)


def taken(url: str) -> list[dict[str, Any]]:
    """Return the messages that Twilio took."""
    found: list[dict[str, Any]] = httpx2.get(f"{url}/_control/messages", trust_env=False).json()[
        "data"
    ]
    return found


def break_next(url: str, fault: str) -> None:
    httpx2.post(f"{url}/_control/faults", json={"fault": fault}, trust_env=False)


async def test_a_message_is_handed_over_as_it_is(http: httpx2.AsyncClient, url: str) -> None:
    await twilio(http, f"{url}/").send(Sms(NUMBER, TEXT))
    (message,) = taken(url)
    assert (message["to"], message["from"], message["body"]) == (NUMBER, "+573000000000", TEXT)


async def test_a_messaging_service_may_send(http: httpx2.AsyncClient, url: str) -> None:
    await twilio(http, url, sender="MG0123").send(Sms(NUMBER, TEXT))
    (message,) = taken(url)
    assert (message["messaging_service_sid"], message["from"]) == ("MG0123", None)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("error_500", "status 500, code 20500"),
        ("rate_limit", "status 429, code 20429"),
        ("refuse", "RemoteProtocolError"),
    ],
)
async def test_a_provider_in_trouble_may_be_asked_again(
    http: httpx2.AsyncClient, url: str, fault: str, reason: str
) -> None:
    channel = twilio(http, url)
    break_next(url, fault)
    with pytest.raises(SmsNotTaken) as failure:
        await channel.send(Sms(NUMBER, TEXT))
    assert failure.value.details["reason"] == reason
    assert taken(url) == []
    await channel.send(Sms(NUMBER, TEXT))
    assert len(taken(url)) == 1


async def test_wrong_credentials_may_be_corrected(http: httpx2.AsyncClient, url: str) -> None:
    with pytest.raises(SmsNotTaken) as failure:
        await twilio(http, url, token="wrong").send(Sms(NUMBER, TEXT))
    assert failure.value.details["reason"] == "status 401, code 20003"
    assert taken(url) == []


async def test_a_server_that_is_not_there_may_come_back(http: httpx2.AsyncClient) -> None:
    with pytest.raises(SmsNotTaken) as failure:
        await twilio(http, "http://127.0.0.1:9").send(Sms(NUMBER, TEXT))
    assert failure.value.details["reason"] == "ConnectError"


@pytest.mark.parametrize(
    ("number", "text", "code"),
    [("3001234567", TEXT, 21211), ("", TEXT, 21604), (NUMBER, "", 21602)],
)
async def test_a_message_that_can_never_go_out_is_refused(
    http: httpx2.AsyncClient, url: str, number: str, text: str, code: int
) -> None:
    with pytest.raises(SmsRefused) as failure:
        await twilio(http, url).send(Sms(number, text))
    assert failure.value.details["reason"] == f"status 400, code {code}"
    assert taken(url) == []


async def test_what_is_no_answer_of_twilios_is_named_by_its_status(
    http: httpx2.AsyncClient, url: str
) -> None:
    channel = TwilioSms(TwilioAccount("AC", "token", "+573000000000"), http, f"{url}/elsewhere")
    with pytest.raises(SmsNotTaken) as failure:
        await channel.send(Sms(NUMBER, TEXT))
    assert failure.value.details["reason"] == "status 404"


async def test_no_message_leaves_inside_a_transaction(
    http: httpx2.AsyncClient, url: str, database: Database
) -> None:
    async with database.transaction():
        with pytest.raises(InsideTransaction):
            await twilio(http, url).send(Sms(NUMBER, TEXT))
    assert taken(url) == []


def test_secrets_are_not_printed() -> None:
    account = TwilioAccount("AC0123", "sample-token", "+573000000000")
    assert "sample-token" not in repr(account)
    assert "024680" not in repr(Sms(NUMBER, TEXT))
