"""A shop at the Stripe simulator: its settings, the control surface, a place for events."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from mestore.settings import Settings
from simulators.local import serving
from simulators.stripe.app import SECRET_KEY, WEBHOOK_SECRET, create_app
from tests.simulators.wompi_shop import Receiver

__all__ = ["Stripe", "stripe", "stripe_url", "with_stripe"]


def with_stripe(settings: Settings, url: str) -> Settings:
    """Return settings under which cards may be paid at the simulator."""
    return settings.model_copy(
        update={
            "stripe_base_url": url,
            "stripe_publishable_key": "pk_test_mestore_simulator",
            "stripe_secret_key": SecretStr(SECRET_KEY),
            "stripe_webhook_secret": SecretStr(WEBHOOK_SECRET),
        }
    )


class Stripe:
    """The simulator's control surface, and the place that its events go to."""

    def __init__(self, http: httpx2.Client, receiver: Receiver) -> None:
        self.http = http
        self.receiver = receiver
        self.control("reset")
        self.control("settings", events_url=receiver.url)

    def control(self, path: str, **body: object) -> Any:  # noqa: ANN401
        answer = self.http.post(f"/_control/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def listed(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.http.get(f"/_control/{kind}").json()
        return found


@pytest.fixture(scope="module")
def stripe_url() -> Iterator[str]:
    with serving(create_app()) as url:
        yield url


@pytest.fixture
def stripe(stripe_url: str) -> Iterator[Stripe]:
    with (
        Receiver("Stripe-Signature") as receiver,
        httpx2.Client(base_url=stripe_url, trust_env=False) as http,
    ):
        yield Stripe(http, receiver)
