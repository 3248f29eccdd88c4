"""Who may tell of cash, and what anybody may ask about a code."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from mestore.accounts.types import UserType
from mestore.audit.models import AuditEntry
from mestore.payments.models import VoucherLookup
from mestore.payments.service.cash import LOOKUPS_A_MINUTE
from simulators.efecty.messages import signed
from tests.checkout.efecty.counter import CONFIRM, OPEN, PAID, TOTAL, WEBHOOK, Counter
from tests.conftest import AsUser, MovedClock


async def nothing_happened(counter: Counter) -> None:
    """No payment is written down, and the order waits."""
    await counter.run_jobs()
    assert (await counter.rows())[1:] == (0, 0)
    assert await counter.stands() == OPEN


@pytest.mark.parametrize("path", [CONFIRM, WEBHOOK])
async def test_a_forged_message_is_refused(counter: Counter, path: str) -> None:
    voucher = await counter.voucher()
    good = counter.message(voucher["reference"])
    forged = signed(counter.fields(voucher["reference"]), "the secret of somebody else")
    for message in (forged, good | {"valor": 1}, good | {"autorizacion": "B2"}):
        answer = await counter.client.post(path, json=message)
        assert (answer.status_code, answer.json()["code"]) == (401, "BAD_SIGNATURE")
    await nothing_happened(counter)


async def test_a_message_about_another_agreement_is_refused(counter: Counter) -> None:
    voucher = await counter.voucher()
    for path in (CONFIRM, WEBHOOK):
        answer = await counter.tell(voucher["reference"], path, convenio="110634")
        assert (answer.status_code, answer.json()["code"]) == (400, "OTHER_AGREEMENT")
    await nothing_happened(counter)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"\xff", b'{"convenio": 1}'])
async def test_what_is_no_message_is_refused(counter: Counter, body: bytes) -> None:
    answer = await counter.client.post(WEBHOOK, content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "NOT_AN_EVENT")
    json_type = {"Content-Type": "application/json"}
    answer = await counter.client.post(CONFIRM, content=body, headers=json_type)
    assert answer.status_code == 422
    assert (await counter.rows())[1:] == (0, 0)


async def test_only_staff_confirm_without_a_signature(counter: Counter, as_user: AsUser) -> None:
    voucher = await counter.voucher()
    fields = counter.fields(voucher["reference"])
    buyer = await as_user(await counter.till.build.user())
    vendor = await as_user((await counter.till.build.vendor()).owner)
    for headers, status in (({}, 401), (buyer, 403), (vendor, 403)):
        answer = await counter.client.post(CONFIRM, json=fields, headers=headers)
        assert answer.status_code == status
    await nothing_happened(counter)


async def test_staff_confirm_what_the_receipt_says(counter: Counter, as_user: AsUser) -> None:
    voucher = await counter.voucher()
    admin = await as_user(await counter.till.build.user(user_type=UserType.ADMIN))
    fields = {
        "referencia": voucher["reference"],
        "valor": TOTAL // 100,
        "autorizacion": "R77",
    }
    for number, repeated in enumerate((False, True)):
        answer = await counter.client.post(CONFIRM, json=fields, headers=admin)
        assert answer.status_code == 200, answer.text
        assert answer.json()["repeated"] is repeated, number
        await counter.run_jobs()
    assert await counter.stands() == PAID
    async with counter.till.database.read() as connection:
        query = select(AuditEntry.subject_id, AuditEntry.after).where(
            AuditEntry.action == "payments.cash_confirmed"
        )
        ((subject, after),) = (await connection.execute(query)).all()
    assert subject == f"{voucher['reference']}-R77"
    assert after["amount_minor"] == TOTAL


async def test_staff_who_mistype_are_told(counter: Counter, as_user: AsUser) -> None:
    voucher = await counter.voucher()
    admin = await as_user(await counter.till.build.user(user_type=UserType.ADMIN))
    right = counter.fields(voucher["reference"])
    for changes, status in (
        ({"referencia": "119999999996"}, 404),
        ({"convenio": "110634"}, 400),
        ({"valor": 0}, 422),
        ({"valor": 1.5}, 422),
        ({"valor": True}, 422),
        ({"fecha": "2026-02-30 10:00:00"}, 422),
        ({"estado": "DEVUELTA"}, 422),
        ({"autorizacion": "A-1"}, 422),
        ({"otro": "x"}, 422),
    ):
        answer = await counter.client.post(CONFIRM, json=right | changes, headers=admin)
        assert answer.status_code == status, (changes, answer.text)
    await nothing_happened(counter)


async def test_anybody_may_ask_about_a_code_and_learns_nothing_of_the_buyer(
    counter: Counter,
) -> None:
    voucher = await counter.voucher()
    reference = voucher["reference"]
    for code in (reference, f"00{reference}"):
        answer = await counter.client.get(f"/payments/efecty/validate/{code}")
        assert answer.json() == {
            "code": reference,
            "status": "PAYABLE",
            "payable": True,
            "amount": TOTAL // 100,
            "currency": "COP",
            "expires_at": answer.json()["expires_at"],
        }
    await counter.pays(reference)
    paid = (await counter.client.get(f"/payments/efecty/validate/{reference}")).json()
    assert (paid["status"], paid["payable"]) == ("ALREADY_PAID", False)
    for code in ("119999999996", "x", "1" * 60, "٣٣", "0", "1%00"):
        answer = await counter.client.get(f"/payments/efecty/validate/{code}")
        assert (answer.status_code, answer.json()["code"]) == (404, "VOUCHER_NOT_FOUND")


async def test_a_code_that_is_over_says_so(counter: Counter, clock: MovedClock) -> None:
    voucher = await counter.voucher()
    clock.advance(timedelta(days=5))
    answer = await counter.client.get(f"/payments/efecty/validate/{voucher['reference']}")
    assert (answer.json()["status"], answer.json()["payable"]) == ("EXPIRED", False)


async def test_who_asks_too_often_waits(counter: Counter, clock: MovedClock) -> None:
    path = "/payments/efecty/validate/119999999996"
    codes = [(await counter.client.get(path)).status_code for _ in range(LOOKUPS_A_MINUTE)]
    assert set(codes) == {404}
    answer = await counter.client.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    async with counter.till.database.read() as connection:
        (row,) = set((await connection.execute(select(VoucherLookup.address))).scalars())
    assert len(row) == 64

    clock.advance(timedelta(minutes=1, seconds=1))
    assert (await counter.client.get(path)).status_code == 404


async def test_a_counter_is_told_what_it_may_take(counter: Counter) -> None:
    assert await counter.asks("119999999996") == {
        "codigo": "0001",
        "valor": None,
        "vencimiento": None,
    }
    voucher = await counter.voucher()
    reference = voucher["reference"]
    payable = await counter.asks(reference)
    assert (payable["codigo"], payable["valor"]) == ("0000", TOTAL // 100)
    assert payable["vencimiento"].endswith(" 23:59:59")
    assert (await counter.asks(reference, valor=TOTAL // 100))["codigo"] == "0000"
    assert (await counter.asks(reference, valor=5))["codigo"] == "0004"
    await counter.pays(reference)
    assert (await counter.asks(reference))["codigo"] == "0003"
    forged = signed({"convenio": "990014", "referencia": reference}, "x")
    answer = await counter.client.post("/payments/efecty/consulta", json=forged)
    assert answer.status_code == 401


async def test_an_order_that_was_paid_otherwise_is_not_payable_again(counter: Counter) -> None:
    voucher = await counter.voucher()
    await counter.till.free(counter.order)
    await counter.till.settle_approved(counter.order)
    assert (await counter.asks(voucher["reference"]))["codigo"] == "0003"
    await counter.pays(voucher["reference"])
    assert [kind for kind, *_ in await counter.till.queues()] == ["SECOND_APPROVAL"]


async def test_the_statements_do_not_grow_with_the_vouchers(
    counter: Counter, statements: list[str]
) -> None:
    counts = []
    for _ in range(3):
        order = await counter.till.place(await counter.till.build.product(price="45000", stock=1))
        voucher = await counter.voucher(order)
        message = counter.message(voucher["reference"])
        statements.clear()
        await counter.client.post(CONFIRM, json=message)
        confirming = len(statements)
        statements.clear()
        await counter.client.get(f"/payments/efecty/validate/{voucher['reference']}")
        counts.append((confirming, len(statements)))
    assert len(set(counts)) == 1, json.dumps(counts)
