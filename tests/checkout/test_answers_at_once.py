"""Gateways whose first answer says all: how a card ended, or where the buyer goes on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mestore.checkout.types import Outside, PaymentWindows
from mestore.kernel.clock import now
from mestore.payments.types import AttemptStatus, Charge, Limits, Outcome, PaymentMethod, Voucher
from tests.checkout.bank import Bank
from tests.checkout.paying import OPEN, PAID, paying
from tests.checkout.till import Till


class Quick(Bank):
    """A bank that has the end of a payment, or its voucher, ready at once."""

    status = AttemptStatus.APPROVED
    voucher: Voucher | None = None

    async def start(self, charge: Charge) -> Outcome:
        """Answer what the test chose."""
        outcome = await super().start(charge)
        return self.say(outcome.reference, self.status, payment_url=None, voucher=self.voucher)


@pytest.fixture
def bank() -> Quick:
    return Quick()


@pytest.mark.parametrize(
    ("status", "stands"),
    [
        (AttemptStatus.APPROVED, PAID),
        (AttemptStatus.DECLINED, OPEN),
        (AttemptStatus.ERROR, OPEN),
    ],
)
async def test_an_end_that_is_known_is_not_asked_for(
    till: Till, bank: Quick, outside: Outside, status: AttemptStatus, stands: object
) -> None:
    bank.status = status
    order = await till.place(await till.build.product())

    shown = await paying(outside, order.id, method=PaymentMethod.CARD)

    assert shown["status"] == status
    assert bank.asked == []
    assert await till.stands(order.id) == stands
    assert await till.attempts(order.id) == [status]
    assert await till.doctor() == []


async def test_a_voucher_that_is_there_is_not_asked_for(
    till: Till, bank: Quick, outside: Outside
) -> None:
    bank.status, bank.voucher = AttemptStatus.PENDING, Voucher("1234", None, None)
    order = await till.place(await till.build.product())

    shown = await paying(outside, order.id, method=PaymentMethod.BANCOLOMBIA_COLLECT)

    assert shown["voucher"]["reference"] == "1234"
    assert bank.asked == []


async def test_a_voucher_ends_as_the_operator_chose(
    till: Till, bank: Quick, outside: Outside
) -> None:
    till.database.policies = {
        **till.database.policies,
        PaymentWindows: PaymentWindows(cash=timedelta(days=1)),
    }
    order = await till.place(await till.build.product())

    await paying(outside, order.id, method=PaymentMethod.EFECTY)

    (charge,) = bank.started
    assert charge.expires_at is not None
    assert timedelta(hours=23) < charge.expires_at - now() <= timedelta(days=1)


async def test_centavos_go_to_a_gateway_that_takes_them(till: Till, outside: Outside) -> None:
    whole, exact = Bank(), Bank()
    limits = {PaymentMethod.NEQUI: Limits(multiple_minor=100)}
    whole.profile = replace(whole.profile, limits=limits)
    exact.code = "exact"
    both = replace(outside, gateways={"bank": whole, "exact": exact})
    order = await till.place(await till.build.product(price="45000.25"))
    assert order.draft.total_minor % 100

    shown = await paying(both, order.id)

    assert (shown["gateway"], whole.started) == ("exact", [])
