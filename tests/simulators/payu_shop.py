"""A merchant at the PayU simulator: its control surface, and cards as a browser sends them."""

from dataclasses import dataclass
from typing import Any

import httpx2

from simulators.payu.app import PAYMENTS, QUERIES
from simulators.payu.config import Config
from tests.simulators.wompi_shop import eventually

Json = dict[str, Any]
KEYS = {"apiLogin": Config().api_login, "apiKey": Config().api_key}


@dataclass
class PayUShop:
    """A merchant with the default keys of the simulator."""

    http: httpx2.Client

    def control(self, path: str, **body: object) -> Any:  # noqa: ANN401
        answer = self.http.post(f"/_control/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def break_next(self, operation: str, fault: str, **more: object) -> None:
        self.control("faults", operation=operation, fault=fault, **more)

    def mend(self) -> None:
        assert self.http.delete("/_control/faults").is_success

    def orders(self) -> list[Json]:
        found: list[Json] = self.http.get("/_control/orders").json()
        return found

    def transactions(self) -> list[Json]:
        return [each for order in self.orders() for each in order["transactions"]]

    def refunds(self) -> list[Json]:
        """All money back, also what is under review and no query shows."""
        found: list[Json] = self.http.get("/_control/refunds").json()
        return found

    def impose(self, transaction_id: str, state: str, **more: object) -> None:
        self.control(f"transactions/{own_id(transaction_id)}/state", state=state, **more)

    def confirmation(self, transaction_id: str) -> dict[str, str]:
        """The forms of how a transaction stands: a genuine one and a forged one."""
        path = f"/_control/transactions/{own_id(transaction_id)}/confirmation"
        found: dict[str, str] = self.http.get(path).json()
        return found

    def deliveries(self, count: int) -> list[Json]:
        """The confirmations that were posted, as soon as there are that many."""
        eventually(lambda: len(self.http.get("/_control/confirmations").json()) >= count)
        found: list[Json] = self.http.get("/_control/confirmations").json()
        return found

    def payments(self, command: str, **more: object) -> Json:
        return self._call(PAYMENTS, command, more)

    def queries(self, command: str, **details: object) -> Json:
        return self._call(QUERIES, command, {"details": details})

    def token(self, holder: str = "APPROVED", expires: str = "2039/03") -> str:
        """The token of a card, made as a browser makes it."""
        card = {
            "number": "4111111111111111",
            "name": holder,
            "expirationDate": expires,
            "paymentMethod": "VISA",
        }
        answer = self.payments("CREATE_TOKEN", creditCardToken=card)
        return str(answer["creditCardToken"]["creditCardTokenId"])

    def _call(self, path: str, command: str, more: Json) -> Json:
        body = {"language": "es", "command": command, "merchant": KEYS, "test": False, **more}
        answer = self.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found


def own_id(transaction_id: str) -> str:
    """Return PayU's own id in ours, which has the order before it."""
    return transaction_id.partition("-")[2]
