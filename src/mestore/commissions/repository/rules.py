"""SQL of the list of rules, and what of the marketplace a rule may name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import msgspec
from sqlalchemy import Uuid as UuidType
from sqlalchemy import bindparam, case, column, func, insert, select, table, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.commissions.models import CommissionPlan, CommissionRule, CommissionRulebook
from mestore.commissions.types import Conditions, Formula, Rule, Rulebook, RuleDraft, Tier
from mestore.kernel.columns import Code
from mestore.kernel.db import affected, inserted_id, rows_of
from mestore.kernel.paging import Page, PageRequest, SortKey, apply, page_of

_BOOK_ID = 1
_VERSION = select(CommissionRulebook.version).where(CommissionRulebook.id == _BOOK_ID)
_GROW = (
    update(CommissionRulebook)
    .where(CommissionRulebook.id == _BOOK_ID)
    .values(version=CommissionRulebook.version + 1)
)
_COLUMNS = (
    CommissionRule.id,
    CommissionRule.position,
    CommissionRule.version,
    CommissionRule.name,
    CommissionRule.kind,
    CommissionRule.conditions,
    CommissionRule.base,
    CommissionRule.rate_basis_points,
    CommissionRule.fixed_minor,
    CommissionRule.floor_minor,
    CommissionRule.cap_minor,
    CommissionRule.tiers,
    CommissionRule.is_kept_on_refund,
    CommissionRule.is_active,
    CommissionRule.valid_from,
    CommissionRule.valid_until,
    CommissionRule.created_at,
    CommissionRule.updated_at,
)
_RULES = select(*_COLUMNS).where(CommissionRule.deleted_at.is_(None))
_ALL = _RULES.order_by(CommissionRule.position)
# With its version in one statement: rules of another version must never be kept under this one.
_BOOK = (
    select(CommissionRulebook.version.label("book_version"), *_COLUMNS)
    .select_from(CommissionRulebook)
    .outerjoin(
        CommissionRule,
        CommissionRule.deleted_at.is_(None) & (CommissionRule.is_active == true()),
    )
    .where(CommissionRulebook.id == _BOOK_ID)
    .order_by(CommissionRule.position)
)
_IN_PLACE = SortKey("position", CommissionRule.position, CommissionRule.id, descending=False)
_LAST_PLACE = select(func.max(CommissionRule.position))
_LIVING = (
    CommissionRule.id == bindparam("of_rule"),
    CommissionRule.deleted_at.is_(None),
)
_TURN_AROUND = (
    update(CommissionRule)
    .where(CommissionRule.position > 0)
    .values(position=-CommissionRule.position)
)
_REMOVE = (
    update(CommissionRule)
    .where(*_LIVING)
    .values(
        position=None,
        is_active=False,
        deleted_at=bindparam("moment"),
        updated_at=bindparam("moment"),
    )
)

_VENDORS = table("vendors", column("id", UuidType))
_CATEGORIES = table("categories", column("id", UuidType))
_PRODUCTS = table(
    "products", column("id", UuidType), column("brand_key", Code(100)), column("is_public")
)
_EXISTING = {
    "vendor_ids": (_VENDORS.c.id, _VENDORS),
    "category_ids": (_CATEGORIES.c.id, _CATEGORIES),
    "product_ids": (_PRODUCTS.c.id, _PRODUCTS),
    "plan_ids": (CommissionPlan.id, CommissionPlan.__table__),
    "brand_keys": (_PRODUCTS.c.brand_key, _PRODUCTS),
}


@dataclass(frozen=True, slots=True)
class RuleRepository:
    """Rules, and the version of their list."""

    connection: AsyncConnection

    async def version(self) -> int:
        """Return the version of the list; 0 where no rule was ever made."""
        rows = await rows_of(self.connection, _VERSION)
        return int(rows[0][0]) if rows else 0

    async def grow(self) -> None:
        """Begin a new version, and keep others from doing so until this transaction ends."""
        if await affected(self.connection, _GROW) == 0:
            first = {"id": _BOOK_ID, "version": 1}
            await self.connection.execute(insert(CommissionRulebook), first)

    async def book(self) -> Rulebook:
        """Return the active rules at the version that they have now."""
        rows = (await self.connection.execute(_BOOK)).all()
        rules = tuple(rule_of(row) for row in rows if row.id is not None)
        return Rulebook(rows[0].book_version, rules) if rows else Rulebook()

    async def all(self) -> list[Rule]:
        """Return all rules in their order, inactive ones too."""
        return [rule_of(row) for row in (await self.connection.execute(_ALL)).all()]

    async def page(self, wanted: PageRequest, total: int) -> Page[Rule]:
        """Return a page of all `total` rules in their order."""
        rows = (await self.connection.execute(apply(_RULES, wanted, _IN_PLACE))).all()
        return page_of([rule_of(row) for row in rows], wanted, _IN_PLACE, total, ("position", "id"))

    async def add(self, draft: RuleDraft, moment: datetime) -> int:
        """Write a rule at the end of the list and return its id."""
        last = (await self.connection.execute(_LAST_PLACE)).scalar_one()
        values = row_of(draft) | {
            "position": (last or 0) + 1,
            "version": 1,
            "created_at": moment,
            "updated_at": moment,
        }
        return await inserted_id(self.connection, insert(CommissionRule), values)

    async def change(self, rule_id: int, draft: RuleDraft, moment: datetime) -> bool:
        """Replace what is said of a rule."""
        statement = (
            update(CommissionRule)
            .where(*_LIVING)
            .values(**row_of(draft), version=CommissionRule.version + 1, updated_at=moment)
        )
        return await affected(self.connection, statement, of_rule=rule_id) == 1

    async def remove(self, rule_id: int, moment: datetime) -> bool:
        """Take a rule off the list."""
        return await affected(self.connection, _REMOVE, of_rule=rule_id, moment=moment) == 1

    async def arrange(self, rule_ids: Sequence[int]) -> None:
        """Give all rules new places, 1 and on.

        Through negative numbers: while two rules change places, both must not have the same.
        """
        await affected(self.connection, _TURN_AROUND)
        places = {rule_id: place for place, rule_id in enumerate(rule_ids, 1)}
        statement = (
            update(CommissionRule)
            .where(CommissionRule.id.in_(rule_ids))
            .values(position=case(places, value=CommissionRule.id))
        )
        await affected(self.connection, statement)

    async def unknown(self, name: str, wanted: frozenset[Any]) -> list[str]:
        """Return which of these ids, or brands, do not exist; `name` is a field of conditions."""
        if not wanted:
            return []
        key, source = _EXISTING[name]
        query = select(key).select_from(source).where(key.in_(wanted)).distinct()
        if name == "brand_keys":
            # The index on brands begins with this.
            query = query.where(_PRODUCTS.c.is_public.in_((True, False)))
        found = set((await self.connection.execute(query)).scalars())
        return sorted(str(each) for each in wanted - found)


def row_of(draft: RuleDraft) -> dict[str, Any]:
    """Return a rule as its row has it."""
    return {
        "name": draft.name,
        "kind": draft.kind,
        "conditions": _plain(draft.conditions),
        "base": draft.formula.base,
        "rate_basis_points": draft.formula.basis_points,
        "fixed_minor": draft.formula.fixed_minor,
        "floor_minor": draft.formula.floor_minor,
        "cap_minor": draft.formula.cap_minor,
        "tiers": msgspec.to_builtins(list(draft.formula.tiers)),
        "is_kept_on_refund": draft.is_kept_on_refund,
        "is_active": draft.is_active,
        "valid_from": draft.valid_from,
        "valid_until": draft.valid_until,
    }


def _plain(conditions: Conditions) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(conditions)
    return {
        name: sorted(value) if isinstance(value, list) else value for name, value in plain.items()
    }


def rule_of(row: Any) -> Rule:  # noqa: ANN401  a row with the columns of a rule
    """Return the rule of a row."""
    formula = Formula(
        row.base,
        row.rate_basis_points,
        row.fixed_minor,
        row.floor_minor,
        row.cap_minor,
        msgspec.convert(row.tiers, tuple[Tier, ...]),
    )
    draft = RuleDraft(
        row.name,
        row.kind,
        msgspec.convert(cast(Mapping[str, Any], row.conditions), Conditions),
        formula,
        row.is_kept_on_refund,
        row.is_active,
        row.valid_from,
        row.valid_until,
    )
    return Rule(row.id, row.position, row.version, draft, row.created_at, row.updated_at)
