"""The PayU simulator's control surface in the words of the contract."""

import re
from collections.abc import Mapping

from mestore.payments.adapters.payu_client import PayUAccount
from mestore.payments.types import AttemptStatus, Charge, PaymentMethod
from simulators.payu.config import Config
from tests.contracts.money_back import Unable
from tests.contracts.payment_gateway import new_charge
from tests.simulators.payu_shop import PayUShop, own_id

ACCOUNT = PayUAccount(
    merchant_id=Config().merchant_id,
    account_id=Config().account_id,
    api_login=Config().api_login,
    api_key=Config().api_key,
)
NOTIFY_URL = "http://127.0.0.1:9/api/v1/payments/webhook/payu"
PSE: dict[str, object] = {
    "user_type": 0,
    "user_legal_id_type": "CC",
    "user_legal_id": "1999888777",
    "financial_institution_code": "1022",
}


def card(token: str = "token-approved") -> dict[str, object]:  # noqa: S107 - a magic token
    return {"token": token, "card_brand": "VISA"}


DETAILS: dict[PaymentMethod, dict[str, object]] = {
    PaymentMethod.CARD: card(),
    PaymentMethod.PSE: PSE,
    PaymentMethod.NEQUI: {"phone_number": "+57 300 777 7777"},
}


FAULTS = {"refused_before": "rate_limit", "unanswered": "timeout_after"}


class PayUSandbox(Unable):
    """The simulator, seen from PayU's side."""

    def __init__(self, shop: PayUShop) -> None:
        self.shop = shop

    def charge(self, method: PaymentMethod, details: dict[str, object] | None = None) -> Charge:
        return new_charge(method, DETAILS.get(method, {}) if details is None else details)

    def invalid_charge(self) -> Charge:
        return self.charge(PaymentMethod.CARD, card("token-nobody-knows"))

    def finish(self, transaction_id: str, status: AttemptStatus) -> None:
        self.shop.impose(transaction_id, status.value, send=False)

    def references(self) -> list[str]:
        return [
            order["referenceCode"] for order in self.shop.orders() for _ in order["transactions"]
        ]

    def answer_nothing(self) -> None:
        self.shop.break_next("charge", "timeout_after", seconds=1)

    def fail_afterwards(self) -> None:
        self.shop.break_next("charge", "error_500_after")

    def refuse_before(self) -> None:
        self.shop.break_next("charge", "rate_limit")

    def event(self, transaction_id: str) -> tuple[Mapping[str, str], bytes]:
        return {}, self.shop.confirmation(transaction_id)["genuine"].encode()

    def forged_event(self, transaction_id: str) -> tuple[Mapping[str, str], bytes]:
        return {}, self.shop.confirmation(transaction_id)["forged"].encode()

    def unsigned_event(self, transaction_id: str) -> tuple[Mapping[str, str], bytes]:
        headers, body = self.event(transaction_id)
        return headers, re.sub(rb"&sign=[0-9a-f]+", b"", body)

    def old_event(self, transaction_id: str) -> tuple[Mapping[str, str], bytes]:
        return self.event(transaction_id)

    def given_back(self, transaction_id: str) -> list[int]:
        return [
            int(row["value"]) * 100
            for row in self.shop.refunds()
            if row["parent"] == own_id(transaction_id) and row["state"] != "DECLINED"
        ]

    def review(self, transaction_id: str, *, is_granted: bool) -> None:
        state = "APPROVED" if is_granted else "DECLINED"
        self.shop.control(f"transactions/{own_id(transaction_id)}/refund", state=state)

    def break_refund(self, fault: str) -> None:
        self.shop.break_next("refund", FAULTS[fault], seconds=1)
