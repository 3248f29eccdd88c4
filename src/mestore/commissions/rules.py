"""What rules decide: which one wins, what it takes, and which can never win. No SQL, no clock."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from mestore.commissions.types import (
    CommissionPolicy,
    Conditions,
    Fee,
    FeeBase,
    FeeKind,
    Formula,
    Miss,
    Rule,
    RuleDraft,
    Sale,
)
from mestore.kernel.money import divide_half_up, format_cop, percent_of

WHOLE = 10_000
"""A hundred per cent, in hundredths of a per cent."""


def why_not(rule: Rule, sale: Sale) -> Miss | None:
    """Return the first condition that keeps a rule from a line; None where it applies."""
    return _why_not_now(rule.draft, sale) or _why_not_here(rule.draft.conditions, sale)


def _why_not_now(draft: RuleDraft, sale: Sale) -> Miss | None:
    if not draft.is_active:
        return Miss.INACTIVE
    if draft.valid_from is not None and sale.at < draft.valid_from:
        return Miss.NOT_YET_VALID
    if draft.valid_until is not None and sale.at >= draft.valid_until:
        return Miss.NO_LONGER_VALID
    return None


def _why_not_here(conditions: Conditions, sale: Sale) -> Miss | None:
    named: tuple[tuple[Miss, frozenset[object], object], ...] = (
        (Miss.VENDOR, frozenset(conditions.vendor_ids), sale.vendor_id),
        (Miss.PLAN, frozenset(conditions.plan_ids), sale.plan_id),
        (Miss.BRAND, frozenset(conditions.brand_keys), sale.brand_key),
        (Miss.PRODUCT, frozenset(conditions.product_ids), sale.product_id),
    )
    for miss, wanted, found in named:
        if wanted and found not in wanted:
            return miss
    if conditions.category_ids and conditions.category_ids.isdisjoint(sale.category_ids):
        return Miss.CATEGORY
    return _why_not_at_this_price(conditions, sale.unit_price_minor)


def _why_not_at_this_price(conditions: Conditions, price_minor: int) -> Miss | None:
    if conditions.price_from_minor is not None and price_minor < conditions.price_from_minor:
        return Miss.PRICE_BELOW
    if conditions.price_to_minor is not None and price_minor > conditions.price_to_minor:
        return Miss.PRICE_ABOVE
    return None


def winners(rules: Iterable[Rule], sale: Sale) -> Mapping[FeeKind, Rule]:
    """Return the first rule of each kind that applies to a line."""
    found: dict[FeeKind, Rule] = {}
    for rule in rules:
        if rule.draft.kind not in found and why_not(rule, sale) is None:
            found[rule.draft.kind] = rule
    return found


def fees(rules: Iterable[Rule], sale: Sale, policy: CommissionPolicy) -> list[Fee]:
    """Return what is taken of a line, in the order of the kinds; without a SALE rule the default.

    IVA is rounded half up once for each fee.
    """
    won = winners(rules, sale)
    taken = []
    for kind in FeeKind:
        rule = won.get(kind)
        if rule is None and kind is not FeeKind.SALE:
            continue
        formula = rule.draft.formula if rule else Formula(basis_points=policy.default_basis_points)
        rate = rate_of(formula, sale.month_sales_minor)
        amount = amount_of(formula, sale)
        taken.append(
            Fee(
                kind,
                rule,
                rate,
                _base_of(formula, sale),
                amount,
                percent_of(amount, policy.tax_percent),
                told(formula, rate, sale.quantity),
            )
        )
    return taken


def rate_of(formula: Formula, month_sales_minor: int) -> int:
    """Return the rate at this much sold: the highest tier that is reached, else the plain one."""
    reached = [tier for tier in formula.tiers if tier.from_minor <= month_sales_minor]
    if not reached:
        return formula.basis_points
    return max(reached, key=lambda tier: tier.from_minor).basis_points


def amount_of(formula: Formula, sale: Sale) -> int:
    """Return a fee without IVA: percentage, rounded half up, and fixed part, in floor and cap."""
    rate = rate_of(formula, sale.month_sales_minor)
    amount = divide_half_up(_base_of(formula, sale) * rate, WHOLE)
    amount += formula.fixed_minor * sale.quantity
    if formula.floor_minor is not None:
        amount = max(amount, formula.floor_minor)
    if formula.cap_minor is not None:
        amount = min(amount, formula.cap_minor)
    return amount


def _base_of(formula: Formula, sale: Sale) -> int:
    return sale.gross_minor if formula.base is FeeBase.GROSS else sale.net_minor


def percent_text(basis_points: int) -> str:
    """Return a rate as people write it: 1250 is `12.5`."""
    return format((Decimal(basis_points) / 100).normalize(), "f")


def told(formula: Formula, basis_points: int, quantity: int) -> str:
    """Return the formula in words, as it was applied to a line."""
    words = [f"{percent_text(basis_points)} % of {formula.base.value.lower()}"]
    if formula.tiers and basis_points != formula.basis_points:
        words[0] += " (tier)"
    if formula.fixed_minor:
        words.append(f"{format_cop(formula.fixed_minor)} x {quantity}")
    text = " + ".join(words)
    if formula.floor_minor is not None:
        text += f", at least {format_cop(formula.floor_minor)}"
    if formula.cap_minor is not None:
        text += f", at most {format_cop(formula.cap_minor)}"
    return text


def hidden(rules: Sequence[Rule]) -> dict[int, int]:
    """Return which rules can never win, each with the first rule above it that always does."""
    found: dict[int, int] = {}
    for place, rule in enumerate(rules):
        above = next((other for other in rules[:place] if _covers(other.draft, rule.draft)), None)
        if above is not None:
            found[rule.id] = above.id
    return found


def _covers(upper: RuleDraft, lower: RuleDraft) -> bool:
    """Say whether every line that `lower` takes is taken by `upper`."""
    if upper.kind is not lower.kind or not upper.is_active:
        return False
    sets = ("vendor_ids", "plan_ids", "category_ids", "brand_keys", "product_ids")
    for name in sets:
        wide, narrow = getattr(upper.conditions, name), getattr(lower.conditions, name)
        if wide and not (narrow and narrow <= wide):
            return False
    prices = upper.conditions, lower.conditions
    return (
        _begins_before(*(each.price_from_minor for each in prices))
        and _ends_after(*(each.price_to_minor for each in prices))
        and _begins_before(upper.valid_from, lower.valid_from)
        and _ends_after(upper.valid_until, lower.valid_until)
    )


def _begins_before(upper: object, lower: object) -> bool:
    return upper is None or (lower is not None and upper <= lower)  # type: ignore[operator]


def _ends_after(upper: object, lower: object) -> bool:
    return upper is None or (lower is not None and upper >= lower)  # type: ignore[operator]
