"""What products like it say: of the price, of tags, of the category. Medians and quartiles only."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from mestore.insights.types.proposals import (
    CategoryName,
    Comparison,
    Idea,
    Peer,
    Priority,
    Subject,
)
from mestore.kernel.money import divide_half_up, to_number

LEAST_RIVALS = 5
LEAST_SHOPS = 3
"""One shop alone cannot move what others are told."""
STEP_MINOR = 100_00
"""Prices are proposed in hundreds of pesos."""
SHOWN = 5
"""How many of the compared products are named."""
MOST_TAGS = 5
SHARE_WITHOUT = 60
"""Per cent of the similar ones that lie in one category, for a product that lies in none."""
SHARE_ELSEWHERE = 80


def of_price(compared: Comparison) -> Iterator[Idea]:
    """Propose a price near that of comparable products, never below what the product costs.

    Above the upper quartile the median is proposed, below the lower one that quartile. Without
    enough comparable products, of enough shops, nothing is.
    """
    subject, rivals = compared.subject, compared.rivals
    price, cost = subject.price_minor, subject.cost_price_minor or 0
    first, middle, third = 0, 0, 0
    evidence: dict[str, Any] = {}
    if is_enough(rivals):
        first, middle, third = quartiles([rival.price_minor for rival in rivals])
        evidence = {
            "compared": len(rivals),
            "median": to_number(middle),
            "lower_quartile": to_number(first),
            "upper_quartile": to_number(third),
            "product_ids": [str(rival.id) for rival in rivals[:SHOWN]],
        }
    if cost > price:
        proposed = _rounded(middle, cost) if middle >= cost else None
        loss = {"cost_price": to_number(cost), **evidence}
        yield _price(subject, "PRICE_BELOW_COST", Priority.HIGH, proposed, loss)
    elif evidence and price > third:
        proposed = _rounded(max(middle, cost), cost)
        if proposed < price:
            yield _price(subject, "PRICE_HIGH", Priority.MEDIUM, proposed, evidence)
    elif evidence and price < first:
        proposed = _rounded(first, cost)
        if proposed > price:
            yield _price(subject, "PRICE_LOW", Priority.LOW, proposed, evidence)


def of_tags(compared: Comparison) -> Iterator[Idea]:
    """Propose tags that several similar products have which sell."""
    own = {tag.casefold() for tag in compared.subject.tags}
    shops: dict[str, set[Any]] = {}
    for peer in compared.selling:
        for tag in {each.casefold() for each in peer.tags} - own:
            shops.setdefault(tag, set()).add(peer.vendor_id)
    often = {tag: len(has) for tag, has in shops.items() if len(has) > 1}
    chosen = sorted(often, key=lambda tag: (-often[tag], tag))[:MOST_TAGS]
    current = list(compared.subject.tags)
    if chosen:
        yield Idea(
            field="tags",
            code="TAGS_OF_SIMILAR",
            priority=Priority.MEDIUM,
            current=current,
            proposed=current + chosen,
            evidence={"shops": {tag: often[tag] for tag in chosen}},
        )
    elif not current:
        yield Idea(field="tags", code="TAGS_MISSING", priority=Priority.LOW, current=current)


def of_category(compared: Comparison) -> Iterator[Idea]:
    """Propose the category that most similar products lie in."""
    current, similar = compared.subject.category, compared.similar
    lying: Counter[CategoryName] = Counter(peer.category for peer in similar if peer.category)
    proposed, share = None, 0
    if lying and is_enough(similar):
        proposed, count = max(lying.items(), key=lambda each: (each[1], each[0].slug))
        share = 100 * count // len(similar)
    evidence = {"share": share, "compared": len(similar)}
    if current is None:
        is_clear = share >= SHARE_WITHOUT
        yield _category(current, proposed if is_clear else None, Priority.HIGH, evidence)
    elif share >= SHARE_ELSEWHERE and proposed != current:
        yield _category(current, proposed, Priority.LOW, evidence)


def is_enough(peers: Sequence[Peer]) -> bool:
    """Say whether so many products of so many shops say something."""
    return len(peers) >= LEAST_RIVALS and len({peer.vendor_id for peer in peers}) >= LEAST_SHOPS


def quartiles(values: Sequence[int]) -> tuple[int, int, int]:
    """Return the lower quartile, the median and the upper quartile, between neighbours halved up.

    The inclusive method: the least and the greatest value are the ends of the range.
    """
    ordered = sorted(values)
    first, middle, third = (_at(ordered, quarter) for quarter in (1, 2, 3))
    return first, middle, third


def _at(ordered: Sequence[int], quarter: int) -> int:
    place, rest = divmod((len(ordered) - 1) * quarter, 4)
    above = ordered[min(place + 1, len(ordered) - 1)]
    return divide_half_up(ordered[place] * (4 - rest) + above * rest, 4)


def _rounded(minor: int, least: int) -> int:
    """Return an amount in whole steps, not below `least`."""
    near = divide_half_up(minor, STEP_MINOR) * STEP_MINOR
    return near if near >= least else -(-least // STEP_MINOR) * STEP_MINOR


def _price(
    subject: Subject,
    code: str,
    priority: Priority,
    proposed: int | None,
    evidence: dict[str, Any],
) -> Idea:
    return Idea(
        field="price",
        code=code,
        priority=priority,
        current=to_number(subject.price_minor),
        proposed=None if proposed is None else to_number(proposed),
        evidence=evidence,
    )


def _category(
    current: CategoryName | None,
    proposed: CategoryName | None,
    priority: Priority,
    evidence: dict[str, Any],
) -> Idea:
    code = "CATEGORY_MISSING" if current is None else "CATEGORY_OF_SIMILAR"
    return Idea(
        field="category",
        code=code,
        priority=priority,
        current=current,
        proposed=proposed,
        evidence=evidence,
    )
