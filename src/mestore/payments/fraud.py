"""Fraud screening: a score of 0 to 100, the sum of named rules, each with what it saw.

Where somebody is, how much they buy and how new they are can send a payment to review, never refuse
it: mobile carriers share addresses, and every good buyer was new once.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from mestore.kernel.clock import now
from mestore.payments.types import Payer
from mestore.payments.types.screening import (
    COUNTED,
    CardFacts,
    Circumstances,
    Clue,
    Count,
    FraudRule,
    Hit,
    RuleChoice,
    RuleSet,
    Ruling,
    Screening,
    TraceKind,
)

HOME_COUNTRY = "CO"
_LEAST_ORDERS = 3
"""Paid orders of a buyer that an average is worth looking at from."""
_LEAST_SALES = 10
_NEVER_REFUSES = frozenset(FraudRule) - COUNTED.keys() | {FraudRule.ADDRESS_VELOCITY}
_CARD_RULES = frozenset({FraudRule.CARD_VELOCITY, FraudRule.CARD_DECLINES, FraudRule.FOREIGN_CARD})


def digest_of(value: str, key: bytes) -> str:
    """Return a keyed digest of what a person typed, whatever its case and spaces."""
    return hmac.new(key, "".join(value.casefold().split()).encode(), hashlib.sha256).hexdigest()


def clues_of(payer: Payer, key: bytes) -> tuple[Clue, ...]:
    """Return what an attempt of this payer may have in common with others."""
    document = digest_of(payer.legal_id, key) if payer.legal_id else None
    card = card_digest(payer.card, key)
    found = [Clue(TraceKind.EMAIL, digest_of(payer.email, key), document)]
    if document:
        found.append(Clue(TraceKind.DOCUMENT, document, digest_of(payer.full_name, key)))
    if payer.phone_number:
        found.append(Clue(TraceKind.PHONE, digest_of(_digits(payer.phone_number), key), document))
    if payer.ip_address:
        found.append(Clue(TraceKind.ADDRESS, digest_of(payer.ip_address, key)))
    if payer.device_id:
        found.append(Clue(TraceKind.DEVICE, digest_of(payer.device_id, key), card))
    if card:
        found.append(Clue(TraceKind.CARD, card))
    return tuple(found)


def card_digest(card: CardFacts | None, key: bytes) -> str | None:
    """Return what tells a card from others; None where too little is known of it."""
    if card is None:
        return None
    if card.bin and card.last_four:
        return digest_of(f"{card.bin[:6]}{card.last_four}", key)
    return digest_of(card.fingerprint, key) if card.fingerprint else None


def screen(
    rules: RuleSet,
    clues: Sequence[Clue],
    counted: Mapping[FraudRule, int],
    order: Circumstances,
) -> Screening:
    """Return the score; `counted` is what each rule finds among earlier attempts."""
    seen = {**_among_attempts(clues, counted), **_about_order(order, rules)}
    hits = [
        hit for rule, count in seen.items() if (hit := _hit(rules.rules.get(rule), rule, count))
    ]
    return Screening(tuple(hits), tuple(clues))


def with_card(
    rules: RuleSet, before: Iterable[Hit], card: CardFacts, counted: Mapping[FraudRule, int]
) -> Screening:
    """Return the score after a gateway told the card; what it says replaces what the buyer said."""
    about = Circumstances(0, card_country=card.country)
    clue = Clue(TraceKind.CARD, "")
    later = screen(rules, [clue], counted, about).hits
    kept = [hit for hit in before if hit.rule not in _CARD_RULES]
    told = {hit.rule: hit for hit in (*before, *later) if hit.rule in _CARD_RULES}
    if card.country == HOME_COUNTRY:
        told.pop(FraudRule.FOREIGN_CARD, None)
    return Screening((*kept, *told.values()))


def ruling_of(rules: RuleSet, found: Screening) -> Ruling:
    """Say what follows from a score; only what other attempts showed can refuse."""
    if found.score >= rules.refuse_from and any(
        hit.rule not in _NEVER_REFUSES for hit in found.hits
    ):
        return Ruling.REFUSE
    return Ruling.REVIEW if found.score >= rules.review_from else Ruling.PASS


def _among_attempts(
    clues: Sequence[Clue], counted: Mapping[FraudRule, int]
) -> dict[FraudRule, int]:
    """Return what each rule counts, this attempt included."""
    mine = {clue.kind: clue for clue in clues}
    found = {}
    for rule, (kind, what) in COUNTED.items():
        if kind not in mine:
            continue
        is_more = what is Count.ATTEMPTS or (what is Count.LINKED and mine[kind].linked is not None)
        found[rule] = counted.get(rule, 0) + is_more
    return found


def _about_order(order: Circumstances, rules: RuleSet) -> dict[FraudRule, int]:
    found = {FraudRule.LARGE_AMOUNT: order.amount_minor}
    if order.paid_orders == 0:
        found[FraudRule.FIRST_ORDER] = order.amount_minor
    if _is_new(order, rules.rules.get(FraudRule.NEW_ACCOUNT)):
        found[FraudRule.NEW_ACCOUNT] = order.amount_minor
    if order.paid_orders >= _LEAST_ORDERS and order.average_minor:
        found[FraudRule.ABOVE_BUYER_HISTORY] = order.amount_minor * 100 // order.average_minor
    if order.shop_sales >= _LEAST_SALES and order.shop_average_minor:
        found[FraudRule.ABOVE_SHOP_HISTORY] = order.part_minor * 100 // order.shop_average_minor
    billing = order.billing_department
    is_other = billing is not None and _plain(billing) != _plain(order.shipping_department)
    found[FraudRule.OTHER_DEPARTMENT] = int(is_other)
    is_foreign = order.card_country is not None and order.card_country != HOME_COUNTRY
    found[FraudRule.FOREIGN_CARD] = int(is_foreign)
    return found


def _is_new(order: Circumstances, choice: RuleChoice | None) -> bool:
    if order.account_made_at is None or choice is None or choice.window_minutes is None:
        return False
    return now() - order.account_made_at < timedelta(minutes=choice.window_minutes)


def _hit(choice: RuleChoice | None, rule: FraudRule, count: int) -> Hit | None:
    if choice is None or not (choice.is_on and choice.points) or count <= choice.above:
        return None
    return Hit(rule, count, choice.above, choice.points)


def _digits(phone: str) -> str:
    return "".join(character for character in phone if character.isdigit())[-10:]


def _plain(department: str) -> str:
    """Return a name without case, accents and punctuation: Bogotá D.C. is BOGOTA DC."""
    bare = unicodedata.normalize("NFKD", department.casefold())
    return "".join(character for character in bare if character.isalnum() and character.isascii())
