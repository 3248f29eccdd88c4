"""The words of commissions: kinds of fees, rules, and what a rule looks at."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from mestore.kernel.money import divide_half_up

MOST_RULES = 200
"""How many rules there may be: each order line is held against all of them."""


class CommissionStatus(StrEnum):
    """QUOTED with the order, PENDING once it is paid, then APPROVED, then PAID with a payout."""

    QUOTED = "QUOTED"
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    PAID = "PAID"
    CANCELLED = "CANCELLED"
    REVERSED = "REVERSED"
    """Given up because all of the line went back."""


class FeeKind(StrEnum):
    """What a fee is taken for. A line has one SALE fee, and at most one of each other kind."""

    SALE = "SALE"
    PAYMENT = "PAYMENT"
    SERVICE = "SERVICE"


class FeeBase(StrEnum):
    """What a percentage is taken of: a line's price without IVA, or with it."""

    NET = "NET"
    GROSS = "GROSS"


@dataclass(frozen=True, slots=True)
class CommissionPolicy:
    """What the operator takes where no rule says otherwise, and the IVA on it, in per cent.

    `prices_include_tax` says how a simulation reads a price.
    """

    default_percent: Decimal = Decimal(5)
    tax_percent: Decimal = Decimal(19)
    prices_include_tax: bool = False

    @property
    def default_basis_points(self) -> int:
        """Return the percentage in hundredths of a per cent: 500 is 5 %."""
        return int(self.default_percent * 100)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a line must be for a rule; what is empty or None does not matter.

    A category stands for all below it too. The price is that of one unit as the shop shows it, in
    minor units, both ends included. How an order will be paid is not known when it is placed, so
    there is no condition on the payment method.
    """

    vendor_ids: frozenset[UUID] = frozenset()
    plan_ids: frozenset[int] = frozenset()
    category_ids: frozenset[UUID] = frozenset()
    brand_keys: frozenset[str] = frozenset()
    product_ids: frozenset[UUID] = frozenset()
    price_from_minor: int | None = None
    price_to_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """A rate that holds from this much on of the vendor's sales in the month, in minor units."""

    from_minor: int
    basis_points: int


@dataclass(frozen=True, slots=True)
class Formula:
    """How a fee is worked out; amounts in minor units, rates in hundredths of a per cent.

    The rate of a line is that of the highest tier that the vendor's month has reached, else
    `basis_points`. `fixed_minor` is for each unit, floor and cap are for the line.
    """

    base: FeeBase = FeeBase.NET
    basis_points: int = 0
    fixed_minor: int = 0
    floor_minor: int | None = None
    cap_minor: int | None = None
    tiers: tuple[Tier, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """All that the operator says of a rule."""

    name: str
    kind: FeeKind
    conditions: Conditions = field(default_factory=Conditions)
    formula: Formula = field(default_factory=Formula)
    is_kept_on_refund: bool = False
    is_active: bool = True
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule at its place in the list; its version grows with every edit."""

    id: int
    position: int
    version: int
    draft: RuleDraft
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The active rules in their order, at one version of the list."""

    version: int = 0
    rules: tuple[Rule, ...] = ()

    @property
    def category_ids(self) -> list[UUID]:
        """Return the categories that rules name."""
        named = (rule.draft.conditions.category_ids for rule in self.rules)
        return sorted(frozenset[UUID]().union(*named))

    @property
    def needs_products(self) -> bool:
        """Say whether a rule looks at more than an order line tells: category, brand or plan."""
        conditions = [rule.draft.conditions for rule in self.rules]
        return any(each.category_ids or each.brand_keys or each.plan_ids for each in conditions)

    @property
    def needs_sales(self) -> bool:
        """Say whether a rate depends on what its vendor sold this month."""
        return any(rule.draft.formula.tiers for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Sale:
    """An order line as rules see it, in minor units.

    `net_minor` is its price without IVA, `gross_minor` with it. `category_ids` are the categories
    it lies in, as far as rules name them. `month_sales_minor` is what its vendor sold in the
    calendar month of Bogotá before, without IVA: paid orders less what went back.
    """

    vendor_id: UUID
    net_minor: int
    gross_minor: int
    unit_price_minor: int
    quantity: int
    at: datetime
    product_id: UUID | None = None
    brand_key: str | None = None
    category_ids: frozenset[UUID] = frozenset()
    plan_id: int | None = None
    month_sales_minor: int = 0


@dataclass(frozen=True, slots=True)
class Fee:
    """What one rule takes of one line, in minor units; without a rule it is the default."""

    kind: FeeKind
    rule: Rule | None
    basis_points: int
    base_minor: int
    amount_minor: int
    tax_minor: int
    formula: str


class Miss(StrEnum):
    """Why a rule did not win."""

    INACTIVE = "INACTIVE"
    NOT_YET_VALID = "NOT_YET_VALID"
    NO_LONGER_VALID = "NO_LONGER_VALID"
    VENDOR = "VENDOR"
    PLAN = "PLAN"
    CATEGORY = "CATEGORY"
    BRAND = "BRAND"
    PRODUCT = "PRODUCT"
    PRICE_BELOW = "PRICE_BELOW"
    PRICE_ABOVE = "PRICE_ABOVE"
    RULE_ABOVE_WON = "RULE_ABOVE_WON"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A sale to try out. Of a product all but the quantity is known; what is given wins over it.

    `price_minor` is that of one unit as the shop shows it, `tax_rate` its IVA in per cent.
    """

    at: datetime
    quantity: int = 1
    vendor_id: UUID | None = None
    product_id: UUID | None = None
    category_id: UUID | None = None
    brand_key: str | None = None
    price_minor: int | None = None
    tax_rate: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A rule and why it did not win; None where it did."""

    rule: Rule
    miss: Miss | None


@dataclass(frozen=True, slots=True)
class Simulation:
    """What was looked at, what is taken, and a verdict on every rule in the order of the list."""

    sale: Sale
    fees: tuple[Fee, ...]
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What rules ask of a product and its vendor beyond the order line."""

    brand_key: str | None
    plan_id: int | None
    category_ids: frozenset[UUID]
    month_sales_minor: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A group of vendors that rules can name."""

    id: int
    name: str
    vendor_count: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class CommissionFilter:
    """Which commissions to list; None does not matter. `own_of` is the vendor who asks."""

    status: CommissionStatus | None = None
    kind: FeeKind | None = None
    vendor_id: UUID | None = None
    order_id: int | None = None
    date_from: datetime | None = None
    date_to: datetime | None = None
    own_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class CommissionLine:
    """One fee of one order line, and what was given up of it so far, in minor units.

    `base_minor` is the line's price without IVA, whatever the fee was taken of: refunds are
    counted in it.
    """

    id: int
    order_item_id: int
    vendor_id: UUID
    base_minor: int
    amount_minor: int
    tax_minor: int
    refunded_base_minor: int
    refunded_amount_minor: int
    refunded_tax_minor: int
    is_kept_on_refund: bool = False

    def given_up(self, base_minor: int) -> tuple[int, int]:
        """Return commission and IVA given up once `base_minor` of the base went back.

        Counted from the whole each time, so that any parts add up to what one refund would be.
        """
        if self.is_kept_on_refund:
            return 0, 0
        if self.base_minor == 0:
            return self.amount_minor, self.tax_minor
        return (
            divide_half_up(self.amount_minor * base_minor, self.base_minor),
            divide_half_up(self.tax_minor * base_minor, self.base_minor),
        )


RowValues = dict[str, Any]
"""A row to write, by column."""
