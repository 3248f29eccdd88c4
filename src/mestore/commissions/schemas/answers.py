"""What the endpoints of commissions answer. Amounts are pesos, rates per cent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from mestore.commissions.types import (
    CommissionStatus,
    Fee,
    FeeBase,
    FeeKind,
    Formula,
    Miss,
    Plan,
    Rule,
    Simulation,
    Verdict,
)
from mestore.kernel.money import Amount, to_number
from mestore.kernel.paging import PaginationOut
from mestore.kernel.problems import language

_WHY = {
    None: ("It applies.", "Aplica."),
    Miss.INACTIVE: ("It is switched off.", "Está desactivada."),
    Miss.NOT_YET_VALID: ("It is not valid yet at that time.", "Aún no está vigente."),
    Miss.NO_LONGER_VALID: ("It is no longer valid at that time.", "Ya no está vigente."),
    Miss.VENDOR: ("It is for other vendors.", "Es para otros vendedores."),
    Miss.PLAN: ("The vendor has none of its plans.", "El vendedor no tiene ninguno de sus planes."),
    Miss.CATEGORY: (
        "The product is in none of its categories.",
        "El producto no está en sus categorías.",
    ),
    Miss.BRAND: ("It is for other brands.", "Es para otras marcas."),
    Miss.PRODUCT: ("It is for other products.", "Es para otros productos."),
    Miss.PRICE_BELOW: (
        "The unit price is below its band.",
        "El precio está por debajo de su rango.",
    ),
    Miss.PRICE_ABOVE: (
        "The unit price is above its band.",
        "El precio está por encima de su rango.",
    ),
    Miss.RULE_ABOVE_WON: (
        "A rule of the same kind above it applies.",
        "Aplica una regla del mismo tipo que está más arriba.",
    ),
}
_HIDES_ONE = ("hides 1 rule", "oculta 1 regla")
_HIDES_SOME = ("hides {count} rules", "oculta {count} reglas")


class CommissionOut(BaseModel):
    """One fee of one order line; `rate` is in per cent of `base_amount`."""

    id: int
    order_id: int
    order_item_id: int
    vendor_id: UUID
    kind: FeeKind
    base_amount: float
    rate: float
    amount: float
    tax_amount: float
    refunded_amount: float
    refunded_tax_amount: float
    keep_on_refund: bool
    status: CommissionStatus
    rule: str
    rule_id: int | None
    rule_version: int | None
    formula: str
    created_at: datetime
    approved_at: datetime | None
    paid_at: datetime | None


class CommissionsOut(BaseModel):
    """A page of commissions, the newest first; `total` counts at most 10,000."""

    commissions: list[CommissionOut]
    pagination: PaginationOut


class ConditionsOut(BaseModel):
    """What a line must be; what is empty or null does not matter. Brands without accents."""

    vendor_ids: list[UUID]
    plan_ids: list[int]
    category_ids: list[UUID]
    brands: list[str]
    product_ids: list[UUID]
    price_from: Amount | None
    price_to: Amount | None


class TierOut(BaseModel):
    """A rate from this much on of the vendor's sales in the month."""

    from_sales: Amount
    percent: int | float


class FormulaOut(BaseModel):
    """How the fee is worked out."""

    base: FeeBase
    percent: int | float
    fixed_per_unit: Amount
    floor: Amount | None
    cap: Amount | None
    tiers: list[TierOut]

    @classmethod
    def of(cls, formula: Formula) -> Self:
        """Return a formula as clients see it."""
        return cls(
            base=formula.base,
            percent=to_number(formula.basis_points),
            fixed_per_unit=formula.fixed_minor,
            floor=formula.floor_minor,
            cap=formula.cap_minor,
            tiers=[
                TierOut(from_sales=tier.from_minor, percent=to_number(tier.basis_points))
                for tier in formula.tiers
            ],
        )


class RuleOut(BaseModel):
    """A rule at its place.

    `hides` is how many rules below can never win because of it, and `hidden_by` the rule above
    because of which it never wins itself.
    """

    id: int
    position: int
    name: str
    kind: FeeKind
    conditions: ConditionsOut
    formula: FormulaOut
    keep_on_refund: bool
    active: bool
    valid_from: datetime | None
    valid_until: datetime | None
    version: int
    hides: int
    hidden_by: int | None
    warnings: list[str]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, rule: Rule, hidden: Mapping[int, int]) -> Self:
        """Return a rule as staff sees it; `hidden` are the rules that never win, by which."""
        draft, conditions = rule.draft, rule.draft.conditions
        hides = sum(above == rule.id for above in hidden.values())
        return cls(
            id=rule.id,
            position=rule.position,
            name=draft.name,
            kind=draft.kind,
            conditions=ConditionsOut(
                vendor_ids=sorted(conditions.vendor_ids),
                plan_ids=sorted(conditions.plan_ids),
                category_ids=sorted(conditions.category_ids),
                brands=sorted(conditions.brand_keys),
                product_ids=sorted(conditions.product_ids),
                price_from=conditions.price_from_minor,
                price_to=conditions.price_to_minor,
            ),
            formula=FormulaOut.of(draft.formula),
            keep_on_refund=draft.is_kept_on_refund,
            active=draft.is_active,
            valid_from=draft.valid_from,
            valid_until=draft.valid_until,
            version=rule.version,
            hides=hides,
            hidden_by=hidden.get(rule.id),
            warnings=_warnings(hides),
            created_at=rule.created_at,
            updated_at=rule.updated_at,
        )


class RulesOut(BaseModel):
    """A page of rules in their order; of each kind the first that applies wins."""

    rules: list[RuleOut]
    pagination: PaginationOut


class PlanOut(BaseModel):
    """A group of vendors that rules can name."""

    id: int
    name: str
    vendor_count: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Return a plan as staff sees it."""
        return cls(
            id=plan.id,
            name=plan.name,
            vendor_count=plan.vendor_count,
            created_at=plan.created_at,
            updated_at=plan.updated_at,
        )


class PlansOut(BaseModel):
    """A page of plans, the oldest first."""

    plans: list[PlanOut]
    pagination: PaginationOut


class VendorPlanOut(BaseModel):
    """Which plan a vendor has; null is none."""

    vendor_id: UUID
    plan_id: int | None


class VerdictOut(BaseModel):
    """A rule, and why it did not win; `condition` of null is a rule that won."""

    rule_id: int
    name: str
    kind: FeeKind
    position: int
    condition: Miss | None
    reason: str

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        """Return a verdict in the caller's language."""
        rule = verdict.rule
        return cls(
            rule_id=rule.id,
            name=rule.draft.name,
            kind=rule.draft.kind,
            position=rule.position,
            condition=verdict.miss,
            reason=_said(_WHY[verdict.miss]),
        )


class FeeOut(BaseModel):
    """What is taken for one kind: without a `rule_id` the default percentage."""

    kind: FeeKind
    rule_id: int | None
    rule: str
    rule_version: int | None
    formula: str
    base_amount: Amount
    rate: int | float
    amount: Amount
    tax_amount: Amount
    keep_on_refund: bool

    @classmethod
    def of(cls, fee: Fee) -> Self:
        """Return a fee as staff sees it."""
        rule = fee.rule
        return cls(
            kind=fee.kind,
            rule_id=rule.id if rule else None,
            rule=rule.draft.name if rule else "default",
            rule_version=rule.version if rule else None,
            formula=fee.formula,
            base_amount=fee.base_minor,
            rate=to_number(fee.basis_points),
            amount=fee.amount_minor,
            tax_amount=fee.tax_minor,
            keep_on_refund=rule is not None and rule.draft.is_kept_on_refund,
        )


class SimulationOut(BaseModel):
    """What would be taken of a sale. `vendor_amount` is what is left of it for the vendor.

    `skipped` are all rules that did not win, in their order.
    """

    vendor_id: UUID
    plan_id: int | None
    month_sales: Amount
    net_amount: Amount
    gross_amount: Amount
    fees: list[FeeOut]
    amount: Amount
    tax_amount: Amount
    vendor_amount: Amount
    won: list[VerdictOut]
    skipped: list[VerdictOut]

    @classmethod
    def of(cls, found: Simulation) -> Self:
        """Return a simulation as staff sees it."""
        amount = sum(fee.amount_minor for fee in found.fees)
        tax = sum(fee.tax_minor for fee in found.fees)
        sale = found.sale
        return cls(
            vendor_id=sale.vendor_id,
            plan_id=sale.plan_id,
            month_sales=sale.month_sales_minor,
            net_amount=sale.net_minor,
            gross_amount=sale.gross_minor,
            fees=[FeeOut.of(fee) for fee in found.fees],
            amount=amount,
            tax_amount=tax,
            vendor_amount=sale.gross_minor - amount - tax,
            won=[VerdictOut.of(each) for each in found.verdicts if each.miss is None],
            skipped=[VerdictOut.of(each) for each in found.verdicts if each.miss is not None],
        )


def _warnings(hides: int) -> list[str]:
    if not hides:
        return []
    return [_said(_HIDES_ONE if hides == 1 else _HIDES_SOME).format(count=hides)]


def _said(texts: tuple[str, str]) -> str:
    return texts[1] if language.get() == "es" else texts[0]
