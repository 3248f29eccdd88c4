"""The PayU simulator as a merchant's own program sees it, without our adapter."""

import threading
from collections.abc import Iterator
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest

from simulators.local import serving
from simulators.payu.app import create_app
from simulators.payu.config import Config
from tests.simulators.payu_shop import Json, PayUShop
from tests.simulators.wompi_shop import eventually

ACCOUNT = Config()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(create_app()) as url:
        yield url


@pytest.fixture
def shop(url: str) -> Iterator[PayUShop]:
    with httpx2.Client(base_url=url, trust_env=False) as http:
        shop = PayUShop(http)
        shop.control("reset")
        yield shop
        shop.control("reset")


def sign(*parts: object) -> str:
    """The signature worked out again, without any code of the simulator."""
    return md5("~".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def wanted(**changes: Any) -> Json:  # noqa: ANN401
    reference = changes.pop("reference", "ORD-1-1")
    values = changes.pop(
        "values", {"TX_VALUE": 65000, "TX_TAX": 10378, "TX_TAX_RETURN_BASE": 54622}
    )
    signed = sign(ACCOUNT.api_key, ACCOUNT.merchant_id, reference, values["TX_VALUE"], "COP")
    order = {
        "accountId": ACCOUNT.account_id,
        "referenceCode": reference,
        "description": "Pedido",
        "signature": changes.pop("signature", signed),
        "notifyUrl": changes.pop("notify_url", None),
        "additionalValues": {
            name: {"value": value, "currency": "COP"} for name, value in values.items()
        },
    }
    return {
        "order": order,
        "payer": {"contactPhone": "3007777777"},
        "creditCardTokenId": "token-approved",
        "extraParameters": {"INSTALLMENTS_NUMBER": 1},
        "type": "AUTHORIZATION_AND_CAPTURE",
        "paymentMethod": "VISA",
        "ipAddress": "127.0.0.1",
        "cookie": "c",
        "deviceSessionId": "d",
        "userAgent": "u",
        **changes,
    }


def submit(shop: PayUShop, **changes: Any) -> Json:  # noqa: ANN401
    return shop.payments("SUBMIT_TRANSACTION", transaction=wanted(**changes))


def test_both_addresses_answer_a_ping(shop: PayUShop) -> None:
    assert shop.payments("PING")["transactionResponse"] is None
    assert shop.queries("PING")["result"]["payload"] == "ping"


def test_wrong_keys_are_an_error_with_status_200(shop: PayUShop) -> None:
    answer = shop.payments("PING", merchant={"apiLogin": "x", "apiKey": "y"})
    assert (answer["code"], answer["transactionResponse"]) == ("ERROR", None)


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": "0" * 32},
        {"values": {"TX_VALUE": 65000.5, "TX_TAX": 0, "TX_TAX_RETURN_BASE": 0}},
        {"values": {"TX_VALUE": 65000, "TX_TAX": 10378, "TX_TAX_RETURN_BASE": 65000}},
        {"creditCard": {"number": "4111111111111111"}},
        {"cookie": ""},
        {"paymentMethod": "BALOTO"},
        {"paymentMethod": "NEQUI", "payer": {"contactPhone": "+57 300 777 7777"}},
        {"paymentMethod": "EFECTY", "expirationDate": "2001-01-01T00:00:00"},
        {"type": "VOID"},
        {"type": "AUTHORIZATION"},
    ],
)
def test_what_payu_refuses_begins_nothing(shop: PayUShop, changes: Json) -> None:
    answer = submit(shop, **changes)
    assert (answer["code"], answer["transactionResponse"]) == ("ERROR", None)
    assert shop.orders() == []


def test_the_same_reference_is_taken_again_and_listed_twice(shop: PayUShop) -> None:
    ids = {submit(shop)["transactionResponse"]["orderId"] for _ in range(2)}
    found = shop.queries("ORDER_DETAIL_BY_REFERENCE_CODE", referenceCode="ORD-1-1")
    assert {order["id"] for order in found["result"]["payload"]} == ids
    assert len(ids) == 2


def test_nothing_of_an_id_is_a_success_without_a_result(shop: PayUShop) -> None:
    for command, details in (
        ("ORDER_DETAIL", {"orderId": 1}),
        ("ORDER_DETAIL_BY_REFERENCE_CODE", {"referenceCode": "x"}),
        ("TRANSACTION_RESPONSE_DETAIL", {"transactionId": "x"}),
    ):
        answer = shop.queries(command, **details)
        assert (answer["code"], answer["result"]) == ("SUCCESS", None)


def test_the_first_bank_is_a_placeholder(shop: PayUShop) -> None:
    banks = shop.payments("GET_BANKS_LIST", bankListInformation={})["banks"]
    assert banks[0]["pseCode"] == "0"
    assert "1007" in {bank["pseCode"] for bank in banks}


def test_a_voucher_of_longer_than_a_week_is_silently_shortened(shop: PayUShop) -> None:
    made = submit(shop, paymentMethod="EFECTY", expirationDate="2099-12-31T23:59:59")
    extra = made["transactionResponse"]["extraParameters"]
    assert extra["EXPIRATION_DATE"] < 4_000_000_000_000
    shop.control("clock", seconds=7 * 86_400 + 1)
    (found,) = shop.transactions()
    assert found["transactionResponse"]["state"] == "EXPIRED"


class Receiver:
    """A shop that refuses the first confirmation and takes the next."""

    def __init__(self) -> None:
        self.forms: list[dict[str, list[str]]] = []
        self.kinds: set[str | None] = set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.kinds.add(self.headers["Content-Type"])
                receiver.forms.append(parse_qs(body.decode()))
                self.send_response(503 if len(receiver.forms) == 1 else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/confirm"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.01,))
    thread.start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()
    thread.join()


def test_a_confirmation_is_a_signed_form_that_is_posted_until_it_is_taken(
    shop: PayUShop, receiver: Receiver
) -> None:
    shop.control("settings", retry_delays=[0.01])
    made = submit(shop, notify_url=receiver.url)["transactionResponse"]
    eventually(lambda: len(receiver.forms) >= 2)

    first, second = receiver.forms
    assert first == second
    assert receiver.kinds == {"application/x-www-form-urlencoded"}
    assert first["value"] == ["65000.00"]
    assert first["transaction_id"] == [made["transactionId"]]
    parts = (ACCOUNT.merchant_id, "ORD-1-1", "65000.0", "COP", "4")
    assert first["sign"] == [sign(ACCOUNT.api_key, *parts)]


def test_several_tries_of_one_order_are_confirmed_apart(shop: PayUShop, receiver: Receiver) -> None:
    shop.control("settings", retry_delays=[0.01])
    made = submit(shop, notify_url=receiver.url, creditCardTokenId="token-rejected")
    first = made["transactionResponse"]["transactionId"]
    eventually(lambda: len(receiver.forms) >= 2)
    shop.control(f"transactions/{first}/again", state="APPROVED")
    eventually(lambda: len(receiver.forms) >= 3)

    told = [(form["state_pol"], form["reference_pol"]) for form in receiver.forms]
    assert [state for state, _ in told] == [["6"], ["6"], ["4"]]
    assert len({str(order) for _, order in told}) == 1
    assert len({str(form["transaction_id"]) for form in receiver.forms}) == 2


def back(shop: PayUShop, paid: Json, **changes: Any) -> Json:  # noqa: ANN401
    order = {"id": str(paid["orderId"])}
    wish = {"order": order, "type": "REFUND", "parentTransactionId": paid["transactionId"]}
    return shop.payments("SUBMIT_TRANSACTION", transaction=wish | changes)


def test_money_back_is_reviewed_unseen_and_one_at_a_time(shop: PayUShop) -> None:
    paid = submit(shop)["transactionResponse"]
    half = {"TX_VALUE": {"value": 32500, "currency": "COP"}}

    first = back(shop, paid, type="PARTIAL_REFUND", additionalValues=half, reason="R-1")
    second = back(shop, paid, type="PARTIAL_REFUND", additionalValues=half, reason="R-2")

    answer = first["transactionResponse"]
    assert (answer["state"], answer["pendingReason"]) == ("PENDING", "PENDING_REVIEW")
    assert answer["transactionId"] is None
    assert "already registered" in second["error"]
    [order] = shop.orders()
    assert (order["status"], len(order["transactions"])) == ("CAPTURED", 1)

    shop.control(f"transactions/{paid['transactionId']}/refund", state="APPROVED")
    third = back(shop, paid, type="PARTIAL_REFUND", additionalValues=half, reason="R-2")
    shop.control(f"transactions/{paid['transactionId']}/refund", state="APPROVED")

    assert third["code"] == "SUCCESS"
    [order] = shop.orders()
    assert order["status"] == "REFUNDED"
    kinds = [each["type"] for each in order["transactions"]]
    assert kinds == ["AUTHORIZATION_AND_CAPTURE", "PARTIAL_REFUND", "PARTIAL_REFUND"]
    assert "more than" in back(shop, paid)["error"]


def test_only_an_approved_card_goes_back(shop: PayUShop) -> None:
    by_bank = submit(shop, paymentMethod="EFECTY")["transactionResponse"]
    shop.impose(f"1-{by_bank['transactionId']}", "APPROVED")
    refused = submit(shop, creditCardTokenId="token-rejected")["transactionResponse"]
    for paid in (by_bank, refused):
        assert back(shop, paid)["code"] == "ERROR"
    assert shop.refunds() == []


def test_the_page_is_only_for_what_waits(shop: PayUShop) -> None:
    made = submit(shop, paymentMethod="OTHERS_CASH")["transactionResponse"]
    page = made["extraParameters"]["URL_PAYMENT_RECEIPT_HTML"]
    assert "65.000" in shop.http.get(page).text
    shop.http.post(f"{page}/approve")
    shop.http.post(f"{page}/decline")
    (found,) = shop.transactions()
    assert found["transactionResponse"]["state"] == "APPROVED"
    assert "ya fue pagada" in shop.http.get(page).text
    assert shop.http.get("/pay/nobody").status_code == 404
