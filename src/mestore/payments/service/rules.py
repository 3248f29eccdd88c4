"""The fraud rules: as the settings begin, then version after version as staff writes them."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx
from mestore.kernel.remembered import Remembered
from mestore.payments.errors import RulesChanged
from mestore.payments.repository import ScreeningRepository
from mestore.payments.types.screening import FraudPolicy, FraudRule, RuleChoice, RuleSet

SECONDS = 30.0
"""How far a process may be behind a change that another one made."""
_TAG = "fraud_rules"


async def rules_in_force(connection: AsyncConnection, policy: FraudPolicy) -> RuleSet:
    """Return the rules as they are now."""
    found = await ScreeningRepository(connection).find_rules()
    return found or RuleSet(0, policy.review_from, policy.refuse_from)


class _Known:
    """The rules of one database, kept in process; a change made in this one is seen at once."""

    def __init__(self, database: Database) -> None:
        async def fetch() -> RuleSet:
            async with database.read() as connection:
                return await rules_in_force(connection, database.policy(FraudPolicy))

        self.rules = Remembered(fetch, seconds=SECONDS)

    def touch(self, tags: Iterable[str]) -> None:
        """Let go of the rules where a commit changed them."""
        if _TAG in tags:
            self.rules.expire()


async def known_rules(database: Database) -> RuleSet:
    """Return the rules, at most half a minute behind what another process wrote."""
    return await database.kept(_Known).rules.fresh()


async def change_rules(
    tx: Tx,
    based_on: int,
    thresholds: tuple[int, int],
    rules: Mapping[FraudRule, RuleChoice],
    reason: str,
    actor_id: UUID | None,
) -> RuleSet:
    """Write the next version; rules that are left out stay. Raises `RulesChanged`."""
    before = await rules_in_force(tx.connection, tx.policy(FraudPolicy))
    if before.version != based_on:
        raise RulesChanged(version=before.version)
    merged = {**before.rules, **rules}
    after = RuleSet(before.version + 1, *thresholds, merged, reason, actor_id, now())
    if not await ScreeningRepository(tx.connection).add_rules(after):
        raise RulesChanged(version=after.version)
    tx.touch(_TAG)
    record(
        tx,
        Act.FRAUD_RULES_CHANGED,
        Subject.FRAUD_RULES,
        after.version,
        before=_said(before),
        after={**_said(after), "reason": reason},
    )
    return after


def _said(rules: RuleSet) -> dict[str, Any]:
    each = {rule.value: msgspec.to_builtins(choice) for rule, choice in rules.rules.items()}
    return {"review_from": rules.review_from, "refuse_from": rules.refuse_from, **each}
