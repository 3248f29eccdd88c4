"""Fraud rules: each shows what it saw, in its own window; what only says who somebody is, or how
much they buy, never refuses.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from mestore.checkout.service.pay import pay
from mestore.checkout.types import Outside, Owner
from mestore.kernel.clock import now
from mestore.kernel.idempotency import Once
from mestore.payments.errors import PaymentRefused
from mestore.payments.fraud import clues_of, ruling_of, screen
from mestore.payments.types import AttemptStatus, Payer
from mestore.payments.types.screening import (
    COUNTED,
    DEFAULT_RULES,
    CardFacts,
    Circumstances,
    FraudRule,
    RuleChoice,
    RuleSet,
    Ruling,
)
from tests.checkout.bank import Bank
from tests.checkout.paying import latest, paying
from tests.checkout.screening import QUIET, by_card, screened, seen_by, tried
from tests.checkout.till import GUEST, Till, guest, owner_of, said
from tests.conftest import MovedClock

ALL_DIFFERENT = (
    Payer("a@example.com", "Ana", "3001111111", "CC", "111", "203.0.113.1"),
    Payer("b@example.com", "Berta", "3002222222", "CC", "222", "203.0.113.2"),
)
CARD = CardFacts("visa", "4242", "424242")
DEVICE = "device0123456789"


def of(number: int, **same: object) -> Payer:
    """Return a payer who has nothing in common with the others but what is given."""
    payer = Payer(
        email=f"p{number}@example.com",
        full_name=f"Person {number}",
        phone_number=f"300000{number:04}",
        legal_id_type="CC",
        legal_id=f"10{number:06}",
        ip_address=f"198.51.100.{number}",
        device_id=f"device{number:016}",
        card=CardFacts("visa", f"{number:04}", "424242"),
    )
    return replace(payer, **same)  # type: ignore[arg-type]


# What all attempts share, how many it takes until the rule counts, and whether they are declined.
SHARED: dict[FraudRule, tuple[dict[str, object], int, bool]] = {
    FraudRule.ADDRESS_VELOCITY: ({"ip_address": "203.0.113.9"}, 10, False),
    FraudRule.EMAIL_VELOCITY: ({"email": "one@example.com"}, 10, False),
    FraudRule.DOCUMENT_VELOCITY: ({"legal_id": "1023456789"}, 10, False),
    FraudRule.DEVICE_VELOCITY: ({"device_id": DEVICE}, 5, False),
    FraudRule.CARD_VELOCITY: ({"card": CARD}, 5, False),
    FraudRule.EMAIL_DECLINES: ({"email": "one@example.com"}, 4, True),
    FraudRule.DOCUMENT_DECLINES: ({"legal_id": "1023456789"}, 4, True),
    FraudRule.DEVICE_DECLINES: ({"device_id": DEVICE}, 6, True),
    FraudRule.CARD_DECLINES: ({"card": CARD}, 4, True),
    FraudRule.NAMES_OF_DOCUMENT: ({"legal_id": "1023456789"}, 2, False),
    FraudRule.DOCUMENTS_OF_EMAIL: ({"email": "one@example.com"}, 3, False),
    FraudRule.DOCUMENTS_OF_PHONE: ({"phone_number": "+57 300 777 8899"}, 3, False),
    FraudRule.CARDS_OF_DEVICE: ({"device_id": DEVICE}, 4, False),
}


@pytest.mark.parametrize("rule", COUNTED, ids=lambda rule: rule.value)
async def test_a_rule_counts_what_attempts_have_in_common_in_its_window(
    till: Till, rule: FraudRule, clock: MovedClock
) -> None:
    shared, enough, is_declined = SHARED[rule]
    for number in range(enough - 1):
        await tried(till, of(number, **shared), is_declined=is_declined)
    assert rule not in seen_by(await screened(till, of(99, **shared)))

    await tried(till, of(enough - 1, **shared), is_declined=is_declined)

    found = await screened(till, of(99, **shared))
    (hit,) = [each for each in found.hits if each.rule is rule]
    choice = DEFAULT_RULES[rule]
    assert (hit.seen, hit.above, hit.points) == (choice.above + 1, choice.above, choice.points)
    assert hit.reason == f"{rule.value}: {choice.above + 1}"
    assert found.score >= choice.points
    # Somebody else has nothing to do with it, and later nobody remembers.
    assert seen_by(await screened(till, of(98))) == {}
    clock.advance(timedelta(minutes=choice.window_minutes or 0, seconds=5))
    assert rule not in seen_by(await screened(till, of(99, **shared)))


ABOUT: dict[FraudRule, tuple[dict[str, object], dict[str, object], int]] = {
    FraudRule.LARGE_AMOUNT: (
        {"amount_minor": 200_000_001},
        {"amount_minor": 200_000_000},
        200_000_001,
    ),
    FraudRule.FIRST_ORDER: (
        {"amount_minor": 200_000_001, "paid_orders": 0},
        {"amount_minor": 200_000_001, "paid_orders": 1},
        200_000_001,
    ),
    FraudRule.NEW_ACCOUNT: (
        {"amount_minor": 100_000_001, "account_made_at": timedelta(hours=23)},
        {"amount_minor": 100_000_001, "account_made_at": timedelta(hours=25)},
        100_000_001,
    ),
    FraudRule.ABOVE_BUYER_HISTORY: (
        {"amount_minor": 5_010, "paid_orders": 3, "average_minor": 1_000},
        {"amount_minor": 5_010, "paid_orders": 2, "average_minor": 1_000},
        501,
    ),
    FraudRule.ABOVE_SHOP_HISTORY: (
        {"part_minor": 10_010, "shop_sales": 10, "shop_average_minor": 1_000},
        {"part_minor": 10_010, "shop_sales": 9, "shop_average_minor": 1_000},
        1_001,
    ),
    FraudRule.OTHER_DEPARTMENT: (
        {"billing_department": "Antioquia", "shipping_department": "Valle"},
        {"billing_department": "BOGOTA DC", "shipping_department": "Bogotá, D.C."},
        1,
    ),
    FraudRule.FOREIGN_CARD: ({"card_country": "US"}, {"card_country": "CO"}, 1),
}


def about(values: dict[str, object]) -> Circumstances:
    """Return the circumstances; the age of an account is given as how long ago it was made."""
    age = values.get("account_made_at")
    made = {"account_made_at": now() - age} if isinstance(age, timedelta) else {}
    return replace(QUIET, **{**values, **made})  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", ABOUT, ids=lambda rule: rule.value)
def test_a_rule_looks_at_the_order(rule: FraudRule) -> None:
    suspicious, harmless, seen = ABOUT[rule]
    rules = RuleSet(0, 50, 90)

    found = screen(rules, (), {}, about(suspicious))

    assert seen_by(found)[rule] == seen
    assert rule not in seen_by(screen(rules, (), {}, about(harmless)))


def test_every_rule_is_tested_and_has_a_default() -> None:
    assert set(FraudRule) == {*SHARED, *ABOUT} == set(DEFAULT_RULES)


def test_a_rule_that_is_off_or_worth_nothing_does_not_count() -> None:
    for choice in (RuleChoice(0, 20, is_on=False), RuleChoice(0, 0)):
        rules = RuleSet(1, 50, 90, {FraudRule.LARGE_AMOUNT: choice})
        assert screen(rules, (), {}, QUIET).hits == ()


@pytest.mark.parametrize(
    "rules",
    [
        {FraudRule.ADDRESS_VELOCITY},
        {FraudRule.ADDRESS_VELOCITY, *ABOUT},
    ],
)
def test_neither_an_address_nor_an_order_alone_refuses(rules: set[FraudRule]) -> None:
    hard = RuleSet(1, 50, 60, {rule: RuleChoice(0, 100, 60) for rule in rules})
    counted = {FraudRule.ADDRESS_VELOCITY: 10_000}
    clues = clues_of(ALL_DIFFERENT[0], b"")
    suspicious = {name: value for each in ABOUT.values() for name, value in each[0].items()}

    found = screen(hard, clues, counted, about(suspicious))

    assert found.score == 100
    assert ruling_of(hard, found) is Ruling.REVIEW


def test_digests_are_keyed_and_the_same_however_something_is_typed() -> None:
    typed = replace(ALL_DIFFERENT[0], email=" A@Example.com ", phone_number="+57 300 111-1111")

    assert clues_of(typed, b"key") == clues_of(ALL_DIFFERENT[0], b"key")
    assert clues_of(typed, b"key")[0].digest != clues_of(typed, b"another")[0].digest


async def test_declines_of_one_person_add_up_and_staff_alone_reads_them(
    till: Till, bank: Bank, outside: Outside
) -> None:
    for _ in range(4):
        order = await till.place(await till.build.product())
        await paying(outside, order.id)
        await till.settle(said(await latest(till, order.id), AttemptStatus.DECLINED))
    orders = [await till.place(await till.build.product()) for _ in range(2)]

    shown = await paying(outside, orders[0].id)
    to_staff = await paying(outside, orders[1].id, owner=Owner(None, GUEST, None, is_staff=True))

    assert (shown["fraud_score"], shown["fraud_reasons"]) == (None, [])
    # The phone that all of them gave was seen with no document.
    assert to_staff["fraud_score"] == 40
    assert to_staff["fraud_reasons"] == ["email_declines: 4"]


async def test_what_looks_like_card_testing_is_refused_before_any_gateway_is_called(
    till: Till, bank: Bank, outside: Outside
) -> None:
    card = {"card_bin": "424242", "card_last_four": "4242"}

    async def try_one() -> int:
        order = await till.place(await till.build.product())
        await pay(outside, guest(), by_card(order.id, **card), None)
        await till.settle(said(await latest(till, order.id), AttemptStatus.DECLINED))
        return order.id

    for _ in range(4):
        await try_one()
    calls, before = len(bank.started), await till.balances()
    order = await till.place(await till.build.product())

    once = Once.of(principal=GUEST, route="pay", key="refused", body=b"")
    with pytest.raises(PaymentRefused):
        await pay(outside, guest(), by_card(order.id, **card), once)

    again = await pay(outside, guest(), by_card(order.id, **card), once)
    assert (again.status, again.replayed) == (403, True)
    assert len(bank.started) == calls
    assert await till.balances() == before
    # What was seen is kept, and another card may pay the order.
    refused = await latest(till, order.id)
    assert (refused.status, refused.fraud_score) == (AttemptStatus.DECLINED, 100)
    assert [(hit["rule"], hit["seen"]) for hit in refused.fraud_reasons or []] == [
        ("email_declines", 4),
        ("card_declines", 4),
    ]
    await pay(outside, guest(), by_card(order.id, card_bin="555555", card_last_four="1111"), None)
    assert len(bank.started) == calls + 1
    assert await till.doctor() == []


async def test_a_card_that_its_gateway_named_is_found_again(
    till: Till, bank: Bank, outside: Outside
) -> None:
    told = CardFacts("visa", "4242", "424242", "CO")
    for _ in range(4):
        order = await till.place(await till.build.product())
        await pay(outside, guest(), by_card(order.id), None)
        attempt = await latest(till, order.id)
        await till.settle(said(attempt, AttemptStatus.DECLINED, card=told))

    found = await screened(till, of(1, card=CardFacts(None, "4242", "42424242")))

    assert seen_by(found)[FraudRule.CARD_DECLINES] == 4


async def test_history_of_buyer_and_shop_comes_from_paid_orders(
    till: Till, bank: Bank, outside: Outside
) -> None:
    buyer, vendor = await till.build.user(), await till.build.vendor()
    cheap = await till.build.product(vendor=vendor, stock=50, price="10000")
    owner = owner_of(buyer)
    for _ in range(10):
        await till.settle_approved(await till.place(cheap, owner=owner))
    dear = await till.place(await till.build.product(vendor=vendor, price="600000"), owner=owner)

    await paying(outside, dear.id, owner=owner)

    found = (await latest(till, dear.id)).fraud_reasons or []
    # 714,000 with IVA against 26,900 with shipping, and against 11,900 without.
    assert {hit["rule"]: hit["seen"] for hit in found} == {
        "above_buyer_history": 2_654,
        "above_shop_history": 6_000,
    }


async def test_screening_costs_the_same_however_much_was_tried(
    till: Till, bank: Bank, outside: Outside, statements: list[str]
) -> None:
    counts = []
    for _ in range(2):
        order = await till.place(await till.build.product())
        statements.clear()
        await paying(outside, order.id)
        counts.append(len(statements))
        for number in range(5):
            await tried(till, of(number, email="guest@example.com"))

    assert counts[0] in {counts[1], counts[1] + 1}
