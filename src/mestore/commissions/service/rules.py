"""The list of rules: only the operator's staff changes it, and every change is in the audit log."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.commissions.errors import (
    RuleNotFound,
    RuleOrderMismatch,
    TooManyRules,
    UnknownInRule,
)
from mestore.commissions.repository.rules import RuleRepository
from mestore.commissions.rules import hidden
from mestore.commissions.types import MOST_RULES, Rule, RuleDraft
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.paging import Page, PageRequest

_NAMED = ("vendor_ids", "plan_ids", "category_ids", "brand_keys", "product_ids")
ORDER = "order"
"""What the audit log calls the order of all rules."""


class RuleService:
    """Adds, replaces, removes and arranges rules; one writer at a time."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.rules = RuleRepository(tx.connection)

    async def add(self, draft: RuleDraft) -> int:
        """Put a rule at the end of the list and return its id."""
        await self.rules.grow()
        if len(await self.rules.all()) >= MOST_RULES:
            raise TooManyRules(most=MOST_RULES)
        await self._check(draft)
        rule_id = await self.rules.add(draft, now())
        record(
            self.tx,
            Act.COMMISSION_RULE_ADDED,
            Subject.COMMISSION_RULE,
            rule_id,
            after=_told(draft),
        )
        return rule_id

    async def get(self, rule_id: int) -> Rule:
        """Return a rule, and let nobody else change the list meanwhile."""
        await self.rules.grow()
        found = next((rule for rule in await self.rules.all() if rule.id == rule_id), None)
        if found is None:
            raise RuleNotFound
        return found

    async def change(self, before: Rule, draft: RuleDraft) -> None:
        """Replace what is said of a rule that `get` returned; old commissions stay as they are."""
        await self._check(draft)
        await self.rules.change(before.id, draft, now())
        record(
            self.tx,
            Act.COMMISSION_RULE_CHANGED,
            Subject.COMMISSION_RULE,
            before.id,
            before=_told(before.draft),
            after=_told(draft),
        )

    async def remove(self, rule_id: int) -> None:
        """Take a rule off the list."""
        before = await self.get(rule_id)
        await self.rules.remove(rule_id, now())
        record(
            self.tx,
            Act.COMMISSION_RULE_REMOVED,
            Subject.COMMISSION_RULE,
            rule_id,
            before=_told(before.draft),
        )

    async def arrange(self, rule_ids: Sequence[int]) -> None:
        """Put all rules in this order; one that is missing, unknown or named twice refuses all."""
        await self.rules.grow()
        before = [rule.id for rule in await self.rules.all()]
        if sorted(rule_ids) != sorted(before):
            asked, there = Counter(rule_ids), Counter(before)
            raise RuleOrderMismatch(
                unknown=_listed((asked - there).elements()),
                missing=_listed((there - asked).elements()),
            )
        if rule_ids and list(rule_ids) != before:
            await self.rules.arrange(rule_ids)
        record(
            self.tx,
            Act.COMMISSION_RULES_ARRANGED,
            Subject.COMMISSION_RULE,
            ORDER,
            before={"rule_ids": before},
            after={"rule_ids": list(rule_ids)},
        )

    async def _check(self, draft: RuleDraft) -> None:
        """Refuse a rule that names what is not there: without it, it could take more than meant."""
        for name in _NAMED:
            unknown = await self.rules.unknown(name, getattr(draft.conditions, name))
            if unknown:
                raise UnknownInRule(field=f"conditions.{name}", unknown=", ".join(unknown))


async def page_rules(
    connection: AsyncConnection, wanted: PageRequest
) -> tuple[Page[Rule], dict[int, int]]:
    """Return a page of rules in their order, and which of all can never win, by which."""
    rules = RuleRepository(connection)
    every = await rules.all()
    return await rules.page(wanted, len(every)), hidden(every)


async def read_rule(connection: AsyncConnection, rule_id: int) -> tuple[Rule, dict[int, int]]:
    """Return a rule, and which of all can never win, by which."""
    every = await RuleRepository(connection).all()
    found = next((rule for rule in every if rule.id == rule_id), None)
    if found is None:
        raise RuleNotFound
    return found, hidden(every)


def _listed(ids: Iterable[int]) -> str:
    return ", ".join(map(str, ids)) or "-"


def _told(draft: RuleDraft) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(draft)
    return plain
