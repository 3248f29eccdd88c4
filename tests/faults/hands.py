"""The hands on the simulators of gateways, all alike: they break them and read their books."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import httpx2
from pydantic import SecretStr

from simulators.payu.config import Config as PayUConfig
from simulators.stripe.app import SECRET_KEY, WEBHOOK_SECRET
from simulators.wompi.config import Config as WompiConfig
from tests.checkout.bodies import PSE
from tests.simulators.wompi_shop import APPROVED_CARD

Json = dict[str, Any]
Operation = Literal["charge", "refund", "question"]
Money = tuple[str, int]
"""The number of an order, and an amount in centavos."""
Signal = tuple[dict[str, str], str]
"""Headers and body."""


class Hand:
    """One account at one gateway, as its simulator has it."""

    code: ClassVar[str]
    names: ClassVar[Mapping[Operation, tuple[str, ...]]]
    """What the simulator calls the operations that break."""

    def __init__(self, http: httpx2.Client) -> None:
        self.http = http

    @property
    def url(self) -> str:
        """The simulator's address."""
        return str(self.http.base_url).rstrip("/")

    def settings(self) -> Json:
        """Return the settings under which the program pays here."""
        raise NotImplementedError

    def card(self) -> Json:
        """Return the data of a card that is approved."""
        raise NotImplementedError

    def pending(self) -> tuple[str, Json]:
        """Return a method and its data that wait for the buyer."""
        raise NotImplementedError

    def approve(self) -> None:
        """Let the buyers of all that waits pay, and tell nobody."""
        raise NotImplementedError

    def signal(self, order_number: str) -> Signal:
        """Return what the gateway sends of the youngest payment of an order."""
        raise NotImplementedError

    def taken(self) -> list[Money]:
        """Return each charge that was approved, also where it was given back."""
        raise NotImplementedError

    def given_back(self) -> list[Money]:
        """Return each refund that was made."""
        raise NotImplementedError

    def review(self) -> None:
        """Let the refunds that a person looks at be made."""

    def breaks(self, operation: Operation, fault: str, times: int = 1) -> None:
        """Let the next calls of this kind fail."""
        for name in self.names[operation]:
            self.control("faults", operation=name, fault=fault, times=times)

    def mends(self) -> None:
        """End all faults; what hangs goes on."""
        assert self.http.delete("/_control/faults").is_success

    def control(self, path: str, **body: object) -> Any:  # noqa: ANN401  any JSON
        """Change the simulator."""
        answer = self.http.post(f"/_control/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def listed(self, path: str) -> Any:  # noqa: ANN401  any JSON
        """Read what the simulator has."""
        return self.http.get(f"/_control/{path}").json()


class WompiHand(Hand):
    """Wompi: cards are voided as a whole."""

    code = "wompi"
    names: ClassVar = {"charge": ("create",), "refund": ("void",), "question": ("fetch", "list")}

    def __init__(self, http: httpx2.Client) -> None:
        super().__init__(http)
        self.control("reset")
        self.control("settings", events_url=None, resolve_after=0.005, polls_before_url=0)

    def settings(self) -> Json:
        return {"wompi_base_url": f"{self.url}/v1"}

    def card(self) -> Json:
        card = {"number": APPROVED_CARD, "cvc": "123", "exp_month": "12", "exp_year": "39"}
        headers = {"Authorization": f"Bearer {WompiConfig().public_key}"}
        body = card | {"card_holder": "Ana Gómez"}
        answer = self.http.post("/v1/tokens/cards", json=body, headers=headers)
        return {"token": answer.json()["data"]["id"]}

    def pending(self) -> tuple[str, Json]:
        return "PSE", PSE

    def approve(self) -> None:
        for each in self._all():
            if each["status"] == "PENDING":
                path = f"transactions/{each['id']}/status"
                self.control(path, status="APPROVED", send_event=False)

    def taken(self) -> list[Money]:
        return [self._money(one) for one in self._all() if one["status"] in {"APPROVED", "VOIDED"}]

    def given_back(self) -> list[Money]:
        return [self._money(one) for one in self._all() if one["status"] == "VOIDED"]

    def _all(self) -> list[Json]:
        found: list[Json] = self.listed("transactions")["data"]
        return found

    def _money(self, found: Json) -> Money:
        return order_of(found["reference"]), found["amount_in_cents"]


class StripeHand(Hand):
    """Stripe: what has an idempotency key is done once."""

    code = "stripe"
    names: ClassVar = {"charge": ("send",), "refund": ("send",), "question": ("read",)}

    def __init__(self, http: httpx2.Client) -> None:
        super().__init__(http)
        self.control("reset")

    def settings(self) -> Json:
        return {
            "stripe_base_url": self.url,
            "stripe_publishable_key": "pk_test_mestore_simulator",
            "stripe_secret_key": SecretStr(SECRET_KEY),
            "stripe_webhook_secret": SecretStr(WEBHOOK_SECRET),
        }

    def card(self) -> Json:
        return {"token": "pm_card_visa"}

    def pending(self) -> tuple[str, Json]:
        return "CARD", {"token": "pm_card_authenticationRequired"}

    def approve(self) -> None:
        for each in self.listed("payment_intents"):
            if each["status"] == "requires_action":
                self.control(f"payment_intents/{each['id']}/status", status="succeeded")

    def signal(self, order_number: str) -> Signal:
        *_, intent = (
            each["id"]
            for each in self.listed("payment_intents")
            if order_of(each["metadata"]["reference"]) == order_number
        )
        found = self.listed(f"events/{intent}?kind=payment_intent.succeeded")
        return {"Stripe-Signature": found["header"]}, found["body"]

    def taken(self) -> list[Money]:
        return [
            (order_of(one["metadata"]["reference"]), one["amount"])
            for one in self.listed("payment_intents")
            if one["status"] == "succeeded"
        ]

    def given_back(self) -> list[Money]:
        return [
            (order_of(one["metadata"]["reference"].rpartition("-")[0]), one["amount"])
            for one in self.listed("refunds")
        ]


class PayUHand(Hand):
    """PayU: a reference may be charged twice, and a person reviews refunds."""

    code = "payu"
    names: ClassVar = {"charge": ("charge",), "refund": ("refund",), "question": ("orders",)}

    def __init__(self, http: httpx2.Client) -> None:
        super().__init__(http)
        self.control("reset")
        self.control("settings", sends=False)

    def settings(self) -> Json:
        keys = PayUConfig()
        return {
            "payu_base_url": self.url,
            "payu_merchant_id": keys.merchant_id,
            "payu_account_id": keys.account_id,
            "payu_api_login": SecretStr(keys.api_login),
            "payu_api_key": SecretStr(keys.api_key),
        }

    def card(self) -> Json:
        return {"token": "token-approved", "card_brand": "VISA"}

    def pending(self) -> tuple[str, Json]:
        return "CARD", {"token": "token-pending", "card_brand": "VISA"}

    def approve(self) -> None:
        for _, one in self._all():
            if one["transactionResponse"]["state"] == "PENDING":
                self.control(f"transactions/{one['id']}/state", state="APPROVED", send=False)

    def signal(self, order_number: str) -> Signal:
        *_, charge = (
            one["id"]
            for order, one in self._all()
            if order_of(order["referenceCode"]) == order_number
        )
        form = self.listed(f"transactions/{charge}/confirmation")["genuine"]
        return {"Content-Type": "application/x-www-form-urlencoded"}, form

    def taken(self) -> list[Money]:
        return self._approved(lambda one: one["parentTransactionId"] is None)

    def given_back(self) -> list[Money]:
        return self._approved(lambda one: one["parentTransactionId"] is not None)

    def review(self) -> None:
        for _, one in self._all():
            path = f"/_control/transactions/{one['id']}/refund"
            while self.http.post(path, json={"state": "APPROVED"}).is_success:
                continue

    def _approved(self, is_meant: Callable[[Json], bool]) -> list[Money]:
        return [
            (
                order_of(order["referenceCode"]),
                round(one["additionalValues"]["TX_VALUE"]["value"] * 100),
            )
            for order, one in self._all()
            if is_meant(one) and one["transactionResponse"]["state"] == "APPROVED"
        ]

    def _all(self) -> list[tuple[Json, Json]]:
        return [(order, one) for order in self.listed("orders") for one in order["transactions"]]


HANDS = {hand.code: hand for hand in (WompiHand, StripeHand, PayUHand)}


def order_of(reference: str) -> str:
    """Return the number of the order that a charge of ours names."""
    return reference.rpartition("-")[0]
