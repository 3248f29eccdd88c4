"""What the endpoints of commissions take. Amounts are pesos, rates per cent."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from mestore.accounts.types import Line, refused
from mestore.catalog.service.names import brand_key
from mestore.commissions.types import (
    CommissionFilter,
    CommissionStatus,
    Conditions,
    FeeBase,
    FeeKind,
    Formula,
    RuleDraft,
    Scenario,
    Tier,
)
from mestore.kernel.clock import now
from mestore.kernel.ids import RowId
from mestore.kernel.moments import Moment, beginning, end
from mestore.kernel.money import Price, to_minor

MOST_NAMED = 500
MOST_TIERS = 20

Name = Annotated[Line, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Percent = Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)]
Brand = Annotated[Line, StringConstraints(min_length=1, max_length=100)]


class CommissionQuery(BaseModel):
    """Which commissions to list; all that is given has to fit. Days are Bogotá's, both included."""

    model_config = ConfigDict(extra="ignore")

    status: CommissionStatus | None = None
    kind: FeeKind | None = None
    vendor_id: UUID | None = None
    order_id: RowId | None = None
    date_from: Moment | None = None
    date_to: Moment | None = None

    def filter(self) -> CommissionFilter:
        """Return the commissions that are meant."""
        return CommissionFilter(
            self.status,
            self.kind,
            self.vendor_id,
            self.order_id,
            beginning(self.date_from) if self.date_from else None,
            end(self.date_to) if self.date_to else None,
        )


class ConditionsIn(BaseModel):
    """What a line must be; what is left out does not matter. Prices are of one unit, as shown."""

    model_config = ConfigDict(extra="forbid")

    vendor_ids: Annotated[list[UUID], Field(max_length=MOST_NAMED)] = []
    plan_ids: Annotated[list[RowId], Field(max_length=MOST_NAMED)] = []
    category_ids: Annotated[list[UUID], Field(max_length=MOST_NAMED)] = []
    brands: Annotated[list[Brand], Field(max_length=MOST_NAMED)] = []
    product_ids: Annotated[list[UUID], Field(max_length=MOST_NAMED)] = []
    price_from: Price | None = None
    price_to: Price | None = None

    @model_validator(mode="after")
    def check_band(self) -> Self:
        """Refuse a price band that no price is in."""
        if None not in {self.price_from, self.price_to} and self.price_from > self.price_to:  # type: ignore[operator]
            raise refused(
                "price_from must not be above price_to.",
                "price_from no puede ser mayor que price_to.",
            )
        return self

    @model_validator(mode="after")
    def check_brands(self) -> Self:
        """Refuse a brand of which nothing is left to compare."""
        if not all(map(brand_key, self.brands)):
            raise refused(
                "A brand needs at least one letter or digit.",
                "Una marca necesita al menos una letra o un dígito.",
            )
        return self

    def conditions(self) -> Conditions:
        """Return the conditions as rules have them."""
        return Conditions(
            frozenset(self.vendor_ids),
            frozenset(self.plan_ids),
            frozenset(self.category_ids),
            frozenset(map(brand_key, self.brands)),
            frozenset(self.product_ids),
            _minor(self.price_from),
            _minor(self.price_to),
        )


class TierIn(BaseModel):
    """A rate that holds from this much on of the vendor's sales in the month, without IVA."""

    model_config = ConfigDict(extra="forbid")

    from_sales: Price
    percent: Percent


class FormulaIn(BaseModel):
    """How the fee is worked out, without IVA: percentage, part per unit, floor, cap."""

    model_config = ConfigDict(extra="forbid")

    base: FeeBase = FeeBase.NET
    percent: Percent = Decimal(0)
    fixed_per_unit: Price = Decimal(0)
    floor: Price | None = None
    cap: Price | None = None
    tiers: Annotated[list[TierIn], Field(max_length=MOST_TIERS)] = []

    @model_validator(mode="after")
    def check_floor(self) -> Self:
        """Refuse a floor above the cap."""
        if None not in {self.floor, self.cap} and self.floor > self.cap:  # type: ignore[operator]
            raise refused("floor must not be above cap.", "floor no puede ser mayor que cap.")
        return self

    @model_validator(mode="after")
    def check_tiers(self) -> Self:
        """Refuse tiers that begin at the same amount, or that are not in ascending order."""
        bounds = [tier.from_sales for tier in self.tiers]
        if any(after <= before for before, after in zip(bounds, bounds[1:], strict=False)):
            raise refused(
                "Tiers overlap: each from_sales must be above the one before it.",
                "Los tramos se cruzan: cada from_sales debe ser mayor que el anterior.",
            )
        return self

    def formula(self) -> Formula:
        """Return the formula as rules have it."""
        return Formula(
            self.base,
            _basis_points(self.percent),
            to_minor(self.fixed_per_unit),
            _minor(self.floor),
            _minor(self.cap),
            tuple(
                Tier(to_minor(tier.from_sales), _basis_points(tier.percent)) for tier in self.tiers
            ),
        )


class RuleIn(BaseModel):
    """All of a rule. It holds from `valid_from` on, until just before `valid_until`.

    A day stands for its beginning in `valid_from`, and for its end in `valid_until`.
    """

    model_config = ConfigDict(extra="forbid")

    name: Name
    kind: FeeKind = FeeKind.SALE
    conditions: ConditionsIn = ConditionsIn()
    formula: FormulaIn
    keep_on_refund: bool = False
    active: bool = True
    valid_from: Moment | None = None
    valid_until: Moment | None = None

    @model_validator(mode="after")
    def check_period(self) -> Self:
        """Refuse a period that is over before it begins."""
        begins, ends = self._period()
        if begins is not None and ends is not None and begins >= ends:
            raise refused(
                "valid_from must be before valid_until.",
                "valid_from debe ser anterior a valid_until.",
            )
        return self

    def draft(self) -> RuleDraft:
        """Return what is said of the rule."""
        return RuleDraft(
            self.name,
            self.kind,
            self.conditions.conditions(),
            self.formula.formula(),
            self.keep_on_refund,
            self.active,
            *self._period(),
        )

    def _period(self) -> tuple[datetime | None, datetime | None]:
        return (
            beginning(self.valid_from) if self.valid_from else None,
            _after(self.valid_until) if self.valid_until else None,
        )


class RuleOrderIn(BaseModel):
    """The ids of all rules in their new order."""

    model_config = ConfigDict(extra="forbid")

    rule_ids: Annotated[list[RowId], Field(max_length=1000)]


class PlanIn(BaseModel):
    """A plan's name."""

    model_config = ConfigDict(extra="forbid")

    name: Name


class VendorPlanIn(BaseModel):
    """Which plan a vendor has; null is none."""

    model_config = ConfigDict(extra="forbid")

    plan_id: RowId | None


class SimulationIn(BaseModel):
    """A sale to try out: of a product, or of a vendor at a price. What is given wins."""

    model_config = ConfigDict(extra="forbid")

    vendor_id: UUID | None = None
    product_id: UUID | None = None
    category_id: UUID | None = None
    brand: Brand | None = None
    price: Price | None = None
    tax_rate: Annotated[int, Field(ge=0, le=100)] | None = None
    quantity: Annotated[int, Field(ge=1, le=100_000)] = 1
    at: Moment | None = None

    @model_validator(mode="after")
    def check_subject(self) -> Self:
        """Refuse a sale of nothing."""
        if self.product_id is None and (self.vendor_id is None or self.price is None):
            raise refused(
                "Send product_id, or vendor_id with price.",
                "Envía product_id, o vendor_id con price.",
            )
        return self

    def scenario(self) -> Scenario:
        """Return the sale to try out."""
        return Scenario(
            at=beginning(self.at) if self.at else now(),
            quantity=self.quantity,
            vendor_id=self.vendor_id,
            product_id=self.product_id,
            category_id=self.category_id,
            brand_key=(brand_key(self.brand) or None) if self.brand else None,
            price_minor=_minor(self.price),
            tax_rate=self.tax_rate,
        )


def _after(moment: datetime | date) -> datetime:
    """Return an instant as it is, and of a day the first one of the next."""
    if isinstance(moment, datetime):
        return beginning(moment)
    return beginning(moment + timedelta(days=1))


def _minor(amount: Decimal | None) -> int | None:
    return None if amount is None else to_minor(amount)


def _basis_points(percent: Decimal) -> int:
    return int(percent * 100)
