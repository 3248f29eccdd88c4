"""Paying in cash: one voucher an order, and whatever a counter tells ends where it belongs."""

import asyncio
from datetime import datetime, timedelta

import pytest

from mestore.checkout.service.cancel import cancel
from mestore.kernel.clock import now
from mestore.orders.types import CancelReason
from mestore.payments.service import BLOCKED_FOR
from mestore.refunds.jobs import SettleQueues, settle_queues
from tests.checkout.bodies import HEADERS
from tests.checkout.efecty.counter import CONFIRM, OPEN, PAID, TOTAL, VOID, WEBHOOK, Counter
from tests.conftest import MovedClock


async def test_a_voucher_is_paid_at_a_counter_and_the_order_is_paid(counter: Counter) -> None:
    voucher = await counter.voucher()
    assert voucher["agreement"] == "990014"
    assert voucher["barcode"].startswith("(415)7700000000002(8020)")
    assert voucher["barcode_svg"].startswith("<svg")
    assert (await counter.asks(voucher["reference"]))["codigo"] == "0000"

    answer = await counter.tell(voucher["reference"])

    transaction = f"{voucher['reference']}-A1"
    told = {"received": True, "repeated": False, "transaction_id": transaction}
    assert answer.json() == told
    assert await counter.stands() == OPEN
    await counter.run_jobs()
    assert await counter.stands() == PAID
    assert (await counter.till.balances())["gateway:efecty"] == TOTAL
    assert await counter.till.build.stock_of(counter.product.variant_id) == (0, 0)
    assert await counter.till.queues() == []
    assert await counter.till.doctor() == []


async def test_the_same_voucher_is_shown_again(counter: Counter) -> None:
    first = await counter.voucher()
    assert await counter.voucher() == first
    assert (await counter.rows())[0] == 1


async def test_a_voucher_that_can_be_paid_has_no_second_one_beside_it(
    counter: Counter, clock: MovedClock
) -> None:
    first = await counter.voucher()
    clock.advance(BLOCKED_FOR + timedelta(minutes=1))

    assert await counter.voucher() == first
    assert (await counter.rows())[0] == 1


@pytest.mark.parametrize("path", [CONFIRM, WEBHOOK])
async def test_a_repeated_confirmation_changes_nothing(counter: Counter, path: str) -> None:
    voucher = await counter.voucher()
    reference = voucher["reference"]
    await counter.pays(reference)
    before = await counter.till.counts()

    for told in (reference, f"0{reference}"):
        answer = await counter.tell(told, path)
        assert answer.status_code == 200
        if path == CONFIRM:
            assert answer.json()["repeated"] is True
    await counter.run_jobs()

    assert await counter.till.counts() == before
    assert await counter.rows() == (1, 1, 1)
    assert await counter.till.doctor() == []


async def test_confirmations_at_once_pay_once(counter: Counter) -> None:
    voucher = await counter.voucher()
    answers = await asyncio.gather(
        *(counter.tell(voucher["reference"], path) for path in (CONFIRM, WEBHOOK) * 3)
    )
    assert {answer.status_code for answer in answers} == {200}
    await counter.run_jobs()

    assert await counter.rows() == (1, 1, 1)
    assert await counter.stands() == PAID
    assert (await counter.till.balances())["gateway:efecty"] == TOTAL


async def test_a_second_payment_of_one_reference_waits_for_its_end(counter: Counter) -> None:
    voucher = await counter.voucher()
    reference = voucher["reference"]
    answers = await asyncio.gather(
        *(counter.tell(reference, autorizacion=each) for each in ("A1", "B2"))
    )
    assert {answer.status_code for answer in answers} == {200}
    await counter.run_jobs()

    assert await counter.stands() == PAID
    ((kind, transaction, amount),) = await counter.till.queues()
    assert (kind, amount) == ("SECOND_APPROVAL", TOTAL)
    assert transaction in {f"{reference}-A1", f"{reference}-B2"}
    assert (await counter.till.balances())["gateway:efecty"] == 2 * TOTAL
    assert await counter.till.doctor() == []


async def test_a_wrong_amount_pays_nothing_and_is_kept(counter: Counter) -> None:
    voucher = await counter.voucher()
    await counter.pays(voucher["reference"], valor=20_000)

    assert await counter.stands() == OPEN
    assert await counter.till.queues() == [
        ("AMOUNT_MISMATCH", f"{voucher['reference']}-A1", 2_000_000)
    ]
    assert (await counter.till.balances())["gateway:efecty"] == 2_000_000
    assert await counter.till.doctor() == []


async def test_one_authorization_cannot_have_two_amounts(counter: Counter) -> None:
    voucher = await counter.voucher()
    await counter.pays(voucher["reference"])
    before = await counter.till.counts()

    for path in (CONFIRM, WEBHOOK):
        answer = await counter.tell(voucher["reference"], path, valor=20_000)
        assert answer.status_code == 409
        assert answer.json()["code"] == "CONFIRMATION_DIFFERS"
    assert await counter.till.counts() == before
    assert await counter.rows() == (1, 1, 1)


async def test_an_annulment_of_what_was_paid_goes_to_its_queue(counter: Counter) -> None:
    voucher = await counter.voucher()
    reference = voucher["reference"]
    await counter.pays(reference)
    await counter.pays(reference, estado="ANULADA")

    assert await counter.till.queues() == [("VOIDED_LATER", f"{reference}-A1", TOTAL)]
    await counter.pays(reference, estado="ANULADA")
    assert len(await counter.till.queues()) == 1


async def test_an_annulment_before_the_payment_was_settled_leaves_the_order_open(
    counter: Counter,
) -> None:
    voucher = await counter.voucher()
    reference = voucher["reference"]
    await counter.tell(reference)
    await counter.pays(reference, estado="ANULADA")
    assert await counter.stands() == OPEN
    assert await counter.till.queues() == []

    await counter.pays(reference, autorizacion="B2")
    assert await counter.stands() == PAID
    assert (await counter.till.balances())["gateway:efecty"] == TOTAL
    assert await counter.till.doctor() == []


async def test_money_that_is_nobodys_is_kept(counter: Counter) -> None:
    await counter.pays("110000999990")
    assert await counter.till.queues() == [("ORPHAN", "110000999990-A1", TOTAL)]
    assert await counter.stands() == OPEN
    assert await counter.till.doctor() == []


async def test_an_annulment_of_what_waits_in_a_queue_is_noted_beside_it(counter: Counter) -> None:
    voucher = await counter.voucher()
    wrong, nobodys = voucher["reference"], "110000999990"
    for reference in (wrong, nobodys):
        await counter.pays(reference, valor=20_000)
        for _ in range(2):
            await counter.pays(reference, valor=20_000, estado="ANULADA")

    assert await counter.till.queues() == [
        ("AMOUNT_MISMATCH", f"{wrong}-A1", 2_000_000),
        ("VOIDED_LATER", f"{wrong}-A1", 2_000_000),
        ("ORPHAN", f"{nobodys}-A1", 2_000_000),
        ("VOIDED_LATER", f"{nobodys}-A1", 2_000_000),
    ]
    await counter.pays(wrong, autorizacion="B2")
    assert await counter.stands() == PAID
    assert await counter.till.doctor() == []


async def test_an_annulment_is_noted_also_where_the_money_is_to_go_back_by_transfer(
    counter: Counter,
) -> None:
    voucher = await counter.voucher()
    reference = voucher["reference"]
    for authorization in ("A1", "B2"):
        await counter.pays(reference, autorizacion=authorization)
    await settle_queues(SettleQueues(), outside=counter.program.outside)

    await counter.pays(reference, autorizacion="B2", estado="ANULADA")

    kinds = [kind for kind, *_ in await counter.till.queues()]
    assert kinds == ["SECOND_APPROVAL", "VOIDED_LATER"]


async def test_no_counter_takes_money_for_an_order_that_was_called_off(counter: Counter) -> None:
    reference = (await counter.voucher())["reference"]
    await cancel(counter.program.outside, counter.order.id, CancelReason.BUYER, None)
    await counter.run_jobs()

    assert (await counter.asks(reference))["codigo"] == "0002"
    # Who paid all the same, before the counter asked, is not forgotten.
    await counter.pays(reference)
    assert await counter.till.queues() == [("LATE_APPROVAL", f"{reference}-A1", TOTAL)]
    assert await counter.till.doctor() == []


async def test_an_unpaid_voucher_ends_and_frees_the_stock(
    counter: Counter, clock: MovedClock
) -> None:
    voucher = await counter.voucher()
    ends = datetime.fromisoformat(voucher["expires_at"])
    await counter.time_passes(clock, ends - now() + timedelta(minutes=1))
    assert await counter.stands() == OPEN
    asked = await counter.asks(voucher["reference"])
    assert asked["codigo"] == "0002"

    await counter.time_passes(clock, timedelta(hours=25))

    assert await counter.stands() == VOID
    assert await counter.till.build.stock_of(counter.product.variant_id) == (2, 0)


async def test_what_was_paid_in_time_and_told_late_is_taken(
    counter: Counter, clock: MovedClock
) -> None:
    voucher = await counter.voucher()
    ends = datetime.fromisoformat(voucher["expires_at"])
    await counter.time_passes(clock, ends - now() + timedelta(hours=20))
    await counter.pays(voucher["reference"])
    assert await counter.stands() == PAID


@pytest.mark.parametrize("is_sold_out", [False, True])
async def test_money_for_an_order_that_expired_revives_it_or_waits(
    counter: Counter, clock: MovedClock, is_sold_out: bool
) -> None:
    voucher = await counter.voucher()
    ends = datetime.fromisoformat(voucher["expires_at"])
    await counter.time_passes(clock, ends - now() + timedelta(hours=25))
    assert await counter.stands() == VOID
    if is_sold_out:
        await counter.till.place((counter.product, 2))

    await counter.pays(voucher["reference"])

    if is_sold_out:
        assert await counter.stands() == VOID
        assert [kind for kind, *_ in await counter.till.queues()] == ["LATE_APPROVAL"]
    else:
        assert await counter.stands() == PAID
    assert (await counter.till.balances())["gateway:efecty"] == TOTAL
    assert await counter.till.doctor() == []


@pytest.mark.parametrize(("price", "quantity"), [("1000", 1), ("4000000", 1)])
async def test_amounts_out_of_the_limits_are_refused_before_anything(
    counter: Counter, price: str, quantity: int
) -> None:
    product = await counter.till.build.product(price=price, tax_rate=0, stock=2)
    order = await counter.till.place((product, quantity))
    before = await counter.till.counts()

    answer = await counter.client.post(
        "/payments/process/efecty", json={"order_id": order.id}, headers=HEADERS
    )

    assert answer.status_code == 422
    assert answer.json()["code"] == "AMOUNT_OUT_OF_LIMITS"
    assert await counter.till.counts() == before
    assert (await counter.rows())[0] == 0


async def test_a_total_with_centavos_is_refused_with_the_reason(counter: Counter) -> None:
    product = await counter.till.build.product(price="45000.50", tax_rate=0, stock=2)
    order = await counter.till.place((product, 1))
    answer = await counter.client.post(
        "/payments/process/efecty", json={"order_id": order.id}, headers=HEADERS
    )
    assert answer.status_code == 422
    assert "whole pesos" in answer.json()["detail"]
    assert (await counter.rows())[0] == 0
