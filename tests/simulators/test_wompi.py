from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from simulators.wompi.config import Config
from simulators.wompi.local import running
from tests.simulators.wompi_shop import DECLINED_CARD, PRIVATE, PUBLIC, Receiver, Shop

OTHER_ENVIRONMENT = {"Authorization": "Bearer prv_prod_something"}
WRONG_KEYS = [{}, {"Authorization": "Bearer prv_test_wrong"}, OTHER_ENVIRONMENT]


def nested(messages: dict[str, object], field: str) -> dict[str, object]:
    inner = messages[field]
    assert isinstance(inner, dict)
    found: dict[str, object] = inner["messages"]
    return found


def test_each_call_gives_fresh_acceptance_tokens(shop: Shop) -> None:
    answer = shop.http.get(f"/v1/merchants/{Config().public_key}")

    data = answer.json()["data"]
    assert data["public_key"] == Config().public_key
    assert data["accepted_payment_methods"] == [
        "CARD",
        "NEQUI",
        "PSE",
        "BANCOLOMBIA_TRANSFER",
        "BANCOLOMBIA_COLLECT",
        "DAVIPLATA",
    ]
    assert data["presigned_acceptance"]["type"] == "END_USER_POLICY"
    assert data["presigned_personal_data_auth"]["type"] == "PERSONAL_DATA_AUTH"
    first, second = shop.acceptance(), shop.acceptance()
    assert len({*first.values(), *second.values()}) == 4


def test_an_unknown_merchant_is_not_found(shop: Shop) -> None:
    answer = shop.http.get("/v1/merchants/pub_test_nobody")

    assert answer.status_code == 404
    assert answer.json()["error"] == {
        "type": "NOT_FOUND_ERROR",
        "reason": "La entidad solicitada no existe",
    }


@pytest.mark.parametrize("key", WRONG_KEYS)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/tokens/cards"),
        ("GET", "/v1/pse/financial_institutions"),
        ("POST", "/v1/transactions"),
        ("GET", "/v1/transactions"),
        ("GET", "/v1/transactions/1-1-1"),
        ("POST", "/v1/transactions/1-1-1/void"),
        ("POST", "/v1/refunds"),
    ],
)
def test_a_wrong_key_opens_nothing(shop: Shop, method: str, path: str, key: dict[str, str]) -> None:
    answer = shop.http.request(method, path, headers=key)

    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "INVALID_ACCESS_TOKEN"
    assert shop.http.get("/_control/transactions").json()["data"] == []


def test_a_production_key_is_told_it_belongs_elsewhere(shop: Shop) -> None:
    answer = shop.post({}, OTHER_ENVIRONMENT)

    reason = "La llave proporcionada no corresponde a este ambiente."
    assert answer.json()["error"]["reason"] == reason


@pytest.mark.parametrize("path", ["/v1/transactions", "/v1/transactions/1-1-1"])
def test_the_public_key_reads_no_transactions(shop: Shop, path: str) -> None:
    assert shop.http.get(path, headers=PUBLIC).status_code == 401


def test_a_card_becomes_a_token_without_its_number(shop: Shop) -> None:
    answer = shop.card_token()

    assert answer.status_code == 201
    assert answer.json()["status"] == "CREATED"
    data = answer.json()["data"]
    assert data["id"].startswith("tok_test_")
    assert (data["brand"], data["name"]) == ("VISA", "VISA-4242")
    assert (data["bin"], data["last_four"]) == ("424242", "4242")
    assert "4242424242424242" not in answer.text


def test_a_browser_of_any_shop_may_send_its_card(shop: Shop) -> None:
    asked = {
        "Origin": "http://127.0.0.1:8000",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }

    preflight = shop.http.options("/v1/tokens/cards", headers=asked)

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "4242"),
        ("cvc", "12"),
        ("exp_month", "13"),
        ("exp_year", "2039"),
        ("exp_year", "20"),
        ("card_holder", ""),
    ],
)
def test_a_card_that_cannot_be_is_refused(shop: Shop, field: str, value: str) -> None:
    answer = shop.card_token(**{field: value})

    assert answer.status_code == 422
    assert list(answer.json()["error"]["messages"]) == [field]


def test_the_bank_list_starts_with_the_placeholder_and_the_two_test_banks(shop: Shop) -> None:
    answer = shop.http.get("/v1/pse/financial_institutions", headers=PUBLIC)

    banks = answer.json()["data"]
    assert [bank["financial_institution_code"] for bank in banks[:3]] == ["0", "1", "2"]
    assert banks[1]["financial_institution_name"] == "Banco que aprueba"
    assert banks[2]["financial_institution_name"] == "Banco que rechaza"
    assert "1007" in {bank["financial_institution_code"] for bank in banks}


@pytest.mark.parametrize("key", [PRIVATE, PUBLIC])
def test_a_new_transaction_is_always_pending(shop: Shop, key: dict[str, str]) -> None:
    shop.control("settings", resolve_after=0)
    body = shop.body(shop.card(installments=3), shipping_address=None)

    answer = shop.post(body, key)

    assert answer.status_code == 201
    data = answer.json()["data"]
    assert (data["status"], data["finalized_at"]) == ("PENDING", None)
    assert data["reference"] == body["reference"]
    assert (data["amount_in_cents"], data["currency"]) == (6_500_000, "COP")
    assert data["payment_method_type"] == "CARD"
    assert data["payment_method"]["installments"] == 3
    assert data["payment_method"]["extra"]["last_four"] == "4242"


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        ("4242424242424242", "APPROVED", "00"),
        (DECLINED_CARD, "DECLINED", "12"),
        ("5555555555554444", "ERROR", "96"),
    ],
)
def test_the_magic_cards_end_as_documented(shop: Shop, number: str, status: str, code: str) -> None:
    paid = shop.pay(shop.card(number))

    shop.receiver.wait(1)

    found = shop.fetch(paid["id"])
    assert found["status"] == status
    assert found["finalized_at"] is not None
    assert found["payment_method"]["extra"]["processor_response_code"] == code
    assert (found["status_message"] is None) == (status == "APPROVED")


@pytest.mark.parametrize(
    ("phone", "status"),
    [("3991111111", "APPROVED"), ("3992222222", "DECLINED"), ("3001234567", "ERROR")],
)
def test_the_magic_phones_end_as_documented(shop: Shop, phone: str, status: str) -> None:
    paid = shop.pay(shop.nequi(phone))

    assert shop.receiver.wait(1)[0].transaction["status"] == status
    assert shop.fetch(paid["id"])["status"] == status


def test_a_transaction_stays_pending_until_it_is_time(shop: Shop) -> None:
    shop.control("settings", resolve_after=60)

    paid = shop.pay(shop.card())

    assert shop.fetch(paid["id"])["status"] == "PENDING"
    assert shop.receiver.events == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount_in_cents", 0),
        ("amount_in_cents", 149_999),
        ("amount_in_cents", 10**12 + 1),
        ("amount_in_cents", 6_500_000.5),
        ("amount_in_cents", "6500000"),
        ("currency", "USD"),
        ("customer_email", "nobody"),
        ("reference", ""),
        ("reference", "x" * 256),
        ("redirect_url", "javascript:alert(1)"),
        ("expiration_time", "tomorrow"),
        ("expiration_time", "2039-12-01T12:00:00"),
        ("expiration_time", "2020-12-01T12:00:00.000Z"),
        ("acceptance_token", "not.a.token"),
        ("accept_personal_auth", "not.a.token"),
        ("signature", "0" * 64),
    ],
)
def test_a_wrong_field_is_named_and_opens_nothing(shop: Shop, field: str, value: object) -> None:
    messages = shop.refusal(shop.card(), **{field: value})

    assert list(messages) == [field]
    assert shop.http.get("/_control/transactions").json()["data"] == []


@pytest.mark.parametrize(
    "field",
    ["acceptance_token", "accept_personal_auth", "signature", "customer_email", "payment_method"],
)
def test_a_missing_field_is_named(shop: Shop, field: str) -> None:
    body = shop.body(shop.card())
    del body[field]

    assert shop.post(body).json()["error"]["messages"] == {field: ["No está presente"]}


def test_all_that_is_wrong_is_told_at_once(shop: Shop) -> None:
    body = shop.body(shop.pse("9999"), signature="0" * 64, acceptance_token="no")

    messages = shop.post(body).json()["error"]["messages"]

    assert set(messages) == {"acceptance_token", "signature", "payment_method"}


def test_a_body_that_is_not_json_is_refused(shop: Shop) -> None:
    answer = shop.http.post("/v1/transactions", content=b'{"amount', headers=PRIVATE)

    assert answer.status_code == 422
    assert answer.json()["error"]["type"] == "INPUT_VALIDATION_ERROR"


def test_the_two_acceptance_tokens_cannot_be_swapped(shop: Shop) -> None:
    tokens = shop.acceptance()
    swapped = {
        "acceptance_token": tokens["accept_personal_auth"],
        "accept_personal_auth": tokens["acceptance_token"],
    }

    assert set(shop.refusal(shop.nequi(), **swapped)) == set(swapped)


def test_acceptance_tokens_expire() -> None:
    with (
        running(Config(acceptance_ttl=0)) as url,
        Receiver() as receiver,
        httpx2.Client(base_url=url, trust_env=False) as http,
    ):
        messages = Shop(http, receiver).refusal({"type": "NEQUI", "phone_number": "3991111111"})

    assert messages["acceptance_token"] == ["El token de aceptación ha expirado"]
    assert messages["accept_personal_auth"] == ["El token de aceptación ha expirado"]


def test_acceptance_tokens_may_be_good_for_one_payment_only(shop: Shop) -> None:
    tokens = shop.acceptance()
    shop.pay(shop.nequi(), **tokens)
    shop.pay(shop.nequi(), **tokens)

    shop.control("settings", single_use_acceptance=True)

    assert set(shop.refusal(shop.nequi(), **tokens)) == set(tokens)


def test_the_signature_covers_the_expiration(shop: Shop) -> None:
    limit = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="milliseconds")
    body = shop.body(shop.nequi(), expiration_time=limit.replace("+00:00", "Z"))
    assert shop.post(body).status_code == 201

    unsigned = shop.body(shop.nequi())
    unsigned["expiration_time"] = body["expiration_time"]

    assert list(shop.post(unsigned).json()["error"]["messages"]) == ["signature"]


def test_a_reference_is_good_for_one_transaction(shop: Shop) -> None:
    body = shop.body(shop.nequi(), reference="ORD-1-A1")
    first = shop.post(body)

    second = shop.post(body)

    assert (first.status_code, second.status_code) == (201, 422)
    messages = second.json()["error"]["messages"]
    assert messages == {"reference": ["La referencia ya ha sido usada"]}
    found = shop.list(reference="ORD-1-A1").json()["data"]
    assert [one["id"] for one in found] == [first.json()["data"]["id"]]


def test_a_card_token_pays_once(shop: Shop) -> None:
    card = shop.card()
    shop.pay(card)

    assert "token" in nested(shop.refusal(card), "payment_method")


def test_a_refused_payment_does_not_spend_the_card_token(shop: Shop) -> None:
    card = shop.card()

    shop.refusal(card, signature="0" * 64)

    assert shop.pay(card)["status"] == "PENDING"


def test_small_amounts_are_for_nequi_only(shop: Shop) -> None:
    assert shop.pay(shop.nequi(), amount_in_cents=1)["amount_in_cents"] == 1
    for method in (shop.card(), shop.pse()):
        assert list(shop.refusal(method, amount_in_cents=149_999)) == ["amount_in_cents"]
        assert shop.pay(method, amount_in_cents=150_000)["status"] == "PENDING"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "CARD", "token": "tok_test_nothing", "installments": 1}, "token"),
        ({"type": "CARD", "token": "tok_test_nothing", "installments": 0}, "installments"),
        ({"type": "NEQUI", "phone_number": "399111111"}, "phone_number"),
        ({"type": "NEQUI", "phone_number": "+573991111111"}, "phone_number"),
        ({"type": "EFECTY"}, "type"),
        ({}, "type"),
    ],
)
def test_a_method_that_cannot_pay_is_refused(
    shop: Shop, change: dict[str, object], field: str
) -> None:
    assert list(nested(shop.refusal(change), "payment_method")) == [field]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user_type", 2),
        ("user_legal_id_type", "PP"),
        ("user_legal_id", ""),
        ("financial_institution_code", "0"),
        ("financial_institution_code", "9999"),
        ("payment_description", ""),
        ("payment_description", "x" * 65),
    ],
)
def test_pse_wants_all_its_fields_right(shop: Shop, field: str, value: object) -> None:
    refused = shop.refusal(shop.pse() | {field: value})
    assert list(nested(refused, "payment_method")) == [field]

    incomplete = {name: kept for name, kept in shop.pse().items() if name != field}
    assert list(nested(shop.refusal(incomplete), "payment_method")) == [field]


def test_pse_wants_to_know_who_pays(shop: Shop) -> None:
    refused = shop.refusal(shop.pse(), customer_data={"full_name": "Ana Gómez"})
    assert list(nested(refused, "customer_data")) == ["phone_number"]

    refused = shop.refusal(shop.pse(), customer_data=None)
    assert list(nested(refused, "customer_data")) == ["full_name", "phone_number"]


def test_an_unknown_transaction_is_not_found(shop: Shop) -> None:
    answer = shop.http.get("/v1/transactions/1-1-1", headers=PRIVATE)

    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "NOT_FOUND_ERROR")
