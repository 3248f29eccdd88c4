import threading
from collections.abc import Callable

import httpx2
import pytest

from tests.simulators.wompi_shop import PRIVATE, PUBLIC, Shop, eventually

QUICK = 0.3
SLOW = 0.1


def merchant(shop: Shop) -> httpx2.Response:
    return shop.http.get("/v1/merchants/pub_test_nobody")


def banks(shop: Shop) -> httpx2.Response:
    return shop.http.get("/v1/pse/financial_institutions", headers=PUBLIC)


def fetch(shop: Shop) -> httpx2.Response:
    return shop.http.get("/v1/transactions/1-1-1", headers=PRIVATE)


def void(shop: Shop) -> httpx2.Response:
    return shop.http.post("/v1/transactions/1-1-1/void", headers=PRIVATE)


def refund(shop: Shop) -> httpx2.Response:
    return shop.http.post("/v1/refunds", json={}, headers=PRIVATE)


def create(shop: Shop) -> httpx2.Response:
    return shop.post({})


OPERATIONS: dict[str, Callable[[Shop], httpx2.Response]] = {
    "merchant": merchant,
    "token": lambda shop: shop.card_token(),
    "banks": banks,
    "create": create,
    "fetch": fetch,
    "list": lambda shop: shop.list(),
    "void": void,
    "refund": refund,
}


def adopted(shop: Shop, reference: str) -> list[str]:
    """The statuses found under the reference, as a shop does that got no answer."""
    return [one["status"] for one in shop.list(reference=reference).json()["data"]]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_fault_befalls_its_operation_only(shop: Shop, operation: str) -> None:
    shop.break_next(operation, "rate_limit", seconds=7)

    answers = {name: call(shop) for name, call in OPERATIONS.items()}

    limited = [name for name, answer in answers.items() if answer.status_code == 429]
    assert limited == [operation]
    assert answers[operation].headers["retry-after"] == "7"
    assert OPERATIONS[operation](shop).status_code != 429


def test_a_fault_befalls_as_often_as_asked(shop: Shop) -> None:
    shop.break_next("any", "error_500_before", times=2)

    assert [banks(shop).status_code for _ in range(3)] == [500, 500, 200]


def test_faults_happen_in_the_order_they_were_asked_for(shop: Shop) -> None:
    shop.break_next("banks", "rate_limit")
    shop.break_next("any", "error_500_before")

    assert [banks(shop).status_code for _ in range(3)] == [429, 500, 200]


def test_faults_are_shown_and_cleared(shop: Shop) -> None:
    shop.break_next("create", "slow", times=3)
    (shown,) = shop.http.get("/_control/faults").json()["data"]
    assert shown == {"operation": "create", "fault": "slow", "times": 3, "seconds": 60.0}

    shop.http.delete("/_control/faults")

    assert shop.http.get("/_control/faults").json()["data"] == []
    assert create(shop).status_code == 422


@pytest.mark.parametrize("body", [{"operation": "pay", "fault": "slow"}, {"operation": "any"}])
def test_a_fault_nobody_knows_is_refused(shop: Shop, body: dict[str, str]) -> None:
    assert shop.http.post("/_control/faults", json=body).status_code == 422


def test_a_refused_create_leaves_nothing_behind(shop: Shop) -> None:
    body = shop.body(shop.nequi())
    shop.break_next("create", "refuse")

    with pytest.raises(httpx2.RemoteProtocolError):
        shop.post(body)

    assert adopted(shop, body["reference"]) == []
    assert shop.post(body).status_code == 201


@pytest.mark.parametrize(("fault", "status"), [("rate_limit", 429), ("error_500_before", 500)])
def test_a_create_turned_away_leaves_nothing_behind(shop: Shop, fault: str, status: int) -> None:
    body = shop.body(shop.nequi())
    shop.break_next("create", fault)

    assert shop.post(body).status_code == status

    assert adopted(shop, body["reference"]) == []


def test_a_create_that_times_out_was_done(shop: Shop) -> None:
    body = shop.body(shop.pse())
    shop.break_next("create", "timeout_after")

    with pytest.raises(httpx2.ReadTimeout):
        shop.http.post("/v1/transactions", json=body, headers=PRIVATE, timeout=QUICK)

    assert adopted(shop, body["reference"]) == ["PENDING"]
    assert list(shop.post(body).json()["error"]["messages"]) == ["reference"]


def test_an_error_500_may_hide_a_create_that_was_done(shop: Shop) -> None:
    body = shop.body(shop.pse())
    shop.break_next("create", "error_500_after")

    assert shop.post(body).status_code == 500

    assert adopted(shop, body["reference"]) == ["PENDING"]


@pytest.mark.parametrize(("operation", "status"), [("create", 201), ("list", 200)])
def test_half_an_answer_comes_with_a_good_status(shop: Shop, operation: str, status: int) -> None:
    body = shop.body(shop.pse())
    shop.break_next(operation, "half_json")

    answer = shop.post(body) if operation == "create" else shop.list()

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answer.json()
    if operation == "create":
        assert adopted(shop, body["reference"]) == ["PENDING"]


def test_a_slow_create_answers_in_the_end(shop: Shop) -> None:
    shop.break_next("create", "slow", seconds=SLOW)

    answer = shop.post(shop.body(shop.pse()))

    assert answer.status_code == 201
    assert answer.elapsed.total_seconds() >= SLOW


def test_a_slow_create_is_done_late_even_when_the_shop_gave_up(shop: Shop) -> None:
    body = shop.body(shop.pse())
    shop.break_next("create", "slow")
    with pytest.raises(httpx2.ReadTimeout):
        shop.http.post("/v1/transactions", json=body, headers=PRIVATE, timeout=QUICK)
    assert adopted(shop, body["reference"]) == []

    shop.http.delete("/_control/faults")

    eventually(lambda: adopted(shop, body["reference"]) == ["PENDING"])


def test_clearing_the_faults_lets_a_hanging_answer_go(shop: Shop) -> None:
    body = shop.body(shop.pse())
    shop.break_next("create", "timeout_after")
    answers: list[httpx2.Response] = []
    hanging = threading.Thread(target=lambda: answers.append(shop.post(body)))
    hanging.start()
    eventually(lambda: adopted(shop, body["reference"]))

    shop.http.delete("/_control/faults")

    hanging.join()
    assert [answer.status_code for answer in answers] == [201]
