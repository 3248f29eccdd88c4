"""Where tests make attempts that look like a fraud, and staff decides about them."""

from dataclasses import replace

from mestore.checkout.types import PayRequest
from mestore.payments.service import PaymentService, Screened, ScreeningService, rules_in_force
from mestore.payments.types import AttemptStatus, GatewayProfile, Payer, PaymentMethod
from mestore.payments.types.screening import (
    Circumstances,
    FraudPolicy,
    FraudRule,
    Ruling,
    Screening,
)
from tests.checkout import bank as banks
from tests.checkout.bank import Bank
from tests.checkout.till import Till, said

QUIET = Circumstances(amount_minor=1, paid_orders=1)
"""An order about which no rule says anything."""
DEAR = "2500000"
"""A price in pesos of which a first order is looked at."""


async def screened(till: Till, payer: Payer, about: Circumstances = QUIET) -> Screening:
    """Return the score that an attempt of this payer would have now."""
    async with till.database.transaction() as tx:
        rules = await rules_in_force(tx.connection, tx.policy(FraudPolicy))
        return (await ScreeningService(tx).screen(rules, payer, about)).screening


async def tried(till: Till, payer: Payer, *, is_declined: bool = False) -> None:
    """Make an attempt of this payer on an order of its own, and have it declined."""
    order = await till.place(await till.build.product())
    found = await screened(till, payer)
    async with till.database.transaction() as tx:
        attempt = await PaymentService(tx).open_attempt(
            order.id,
            order.order_number,
            order.draft.total_minor,
            order.draft.currency,
            banks.CODE,
            PaymentMethod.CARD,
            1,
            Screened(Ruling.PASS, found),
        )
    if is_declined:
        await till.settle(said(attempt, AttemptStatus.DECLINED))


def seen_by(found: Screening) -> dict[FraudRule, int]:
    """Return what each rule that counted saw."""
    return {hit.rule: hit.seen for hit in found.hits}


def returnable(bank: Bank) -> Bank:
    """Let a bank send back whatever it took."""
    every = frozenset(PaymentMethod)
    profile: GatewayProfile = replace(bank.profile, refundable=every, partly_refundable=every)
    bank.profile = profile
    return bank


def by_card(order_id: int, **details: object) -> PayRequest:
    """Return the wish to pay an order by card."""
    return PayRequest(order_id, PaymentMethod.CARD, None, 1, {"token": "tok_1", **details})


def by_nequi(order_id: int) -> PayRequest:
    """Return the wish to pay an order with Nequi."""
    return PayRequest(order_id, PaymentMethod.NEQUI, None, 1, {"phone_number": "3991111111"})
