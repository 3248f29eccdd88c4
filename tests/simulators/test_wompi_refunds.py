"""The refunds API of the Wompi simulator, as a merchant's own program sees it."""

from typing import Any

import httpx2
import pytest

from tests.simulators.wompi_shop import DECLINED_CARD, PRIVATE, PUBLIC, Shop

AMOUNT = 6_500_000


def refund(shop: Shop, transaction_id: str, **changes: Any) -> httpx2.Response:  # noqa: ANN401
    body = {"transaction_id": transaction_id, "amount_in_cents": AMOUNT, **changes}
    return shop.http.post("/v1/refunds", json=body, headers=PRIVATE)


def given(shop: Shop) -> list[tuple[int, str]]:
    rows = shop.http.get("/_control/refunds").json()["data"]
    return [(row["amount_in_cents"], row["status"]) for row in rows]


def test_parts_of_a_payment_go_back_until_nothing_is_left(shop: Shop) -> None:
    paid = shop.pay(shop.nequi())["id"]
    shop.receiver.wait()

    first = refund(shop, paid, amount_in_cents=AMOUNT - 100, reference="R-1", reason="talla")
    over = refund(shop, paid, amount_in_cents=101, reference="R-2")
    rest = refund(shop, paid, amount_in_cents=100, reference="R-3")

    assert (first.status_code, rest.status_code) == (201, 201)
    assert first.json()["data"]["status"] == "APPROVED"
    assert list(over.json()["error"]["messages"]) == ["amount_in_cents"]
    assert given(shop) == [(AMOUNT - 100, "APPROVED"), (100, "APPROVED")]


def test_a_reference_gives_money_back_once(shop: Shop) -> None:
    paid = shop.approved_card()["id"]
    refund(shop, paid, amount_in_cents=100, reference="R-1")

    again = refund(shop, paid, amount_in_cents=100, reference="R-1")

    assert list(again.json()["error"]["messages"]) == ["reference"]
    assert given(shop) == [(100, "APPROVED")]


@pytest.mark.parametrize("scenario", ["DECLINED", "ERROR", "CANCELLED"])
def test_a_scenario_says_how_it_ends_and_leaves_the_money(shop: Shop, scenario: str) -> None:
    paid = shop.approved_card()["id"]

    answer = refund(shop, paid, test_scenario=scenario)
    shop.control("settings", refund_scenario=scenario)
    also = refund(shop, paid)

    assert answer.json()["data"]["status"] == also.json()["data"]["status"] == scenario
    shop.control("settings", refund_scenario=None)
    assert refund(shop, paid).json()["data"]["status"] == "APPROVED"


def test_only_approved_payments_go_back_and_to_the_private_key_alone(shop: Shop) -> None:
    declined = shop.pay(shop.card(DECLINED_CARD))["id"]
    shop.receiver.wait()
    paid = shop.approved_card()["id"]
    body = {"transaction_id": paid, "amount_in_cents": AMOUNT}

    assert list(refund(shop, declined).json()["error"]["messages"]) == ["transaction_id"]
    assert refund(shop, "1-1-1").status_code == 404
    assert shop.http.post("/v1/refunds", json=body, headers=PUBLIC).status_code == 401
    assert refund(shop, paid, reference_6="one too many").status_code == 422
    assert given(shop) == []


def test_a_payment_of_which_a_part_went_back_is_not_voided(shop: Shop) -> None:
    paid = shop.approved_card()["id"]
    refund(shop, paid, amount_in_cents=100)

    answer = shop.http.post(f"/v1/transactions/{paid}/void", headers=PRIVATE)

    assert answer.status_code == 422
    assert shop.fetch(paid)["status"] == "APPROVED"
