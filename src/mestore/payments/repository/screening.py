"""Every SQL statement of fraud screening: traces, the rules, the reviews."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    delete,
    distinct,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.clock import now
from mestore.kernel.columns import UtcDateTime
from mestore.kernel.db import add_rows, affected
from mestore.payments.models import Attempt, FraudRules, Payment, PaymentReview, Trace
from mestore.payments.repository.once import insert_once
from mestore.payments.types import AttemptStatus
from mestore.payments.types.screening import (
    COUNTED,
    DEFAULT_RULES,
    Clue,
    Count,
    FraudRule,
    Review,
    ReviewState,
    RuleChoice,
    RuleSet,
    TraceKind,
)


def _count_of(rule: FraudRule, kind: TraceKind, what: Count) -> ColumnElement[int]:
    """Return what a rule counts in its own window."""
    since: Any = bindparam(f"{rule.value}_since", type_=UtcDateTime)
    recent = and_(Trace.kind == kind, Trace.created_at >= since)
    if what is Count.LINKED:
        other = and_(recent, Trace.linked != bindparam(f"{rule.value}_own"))
        return func.count(distinct(case((other, Trace.linked)))).label(rule.value)
    if what is Count.DECLINES:
        recent = and_(recent, Attempt.status == AttemptStatus.DECLINED)
    return func.coalesce(func.sum(case((recent, 1), else_=0)), 0).label(rule.value)


_COUNTS = (
    select(*(_count_of(rule, *meant) for rule, meant in COUNTED.items()))
    .select_from(Trace)
    .join(Attempt, Attempt.id == Trace.attempt_id)
    .where(
        Trace.digest.in_(bindparam("digests", expanding=True)),
        Trace.created_at >= bindparam("since", type_=UtcDateTime),
        Trace.attempt_id != bindparam("own_attempt"),
    )
)
_ADD_TRACES = insert(Trace).inline()
_MOVE_TRACES = (
    update(Trace)
    .where(Trace.attempt_id == bindparam("come_from"))
    .values(attempt_id=bindparam("to"))
)
_TRACES_OF = select(Trace.digest, Trace.user_id).where(Trace.attempt_id == bindparam("of_attempt"))
_PURGE = delete(Trace).where(Trace.created_at < bindparam("since", type_=UtcDateTime))
_FORGET = delete(Trace).where(Trace.user_id == bindparam("of_user"))
_RULES = select(FraudRules).order_by(FraudRules.version.desc()).limit(1)
_ADD_RULES = insert(FraudRules)
_REVIEW = select(*(getattr(PaymentReview, each.name) for each in fields(Review)))
_BY_ID = _REVIEW.where(PaymentReview.id == bindparam("review_id"))
_STATE_OF = select(PaymentReview.state).where(PaymentReview.order_id == bindparam("order_id"))
_ID_OF = select(PaymentReview.id).where(PaymentReview.order_id == bindparam("order_id"))
_ADD_REVIEW = insert(PaymentReview)
_REOPEN = (
    update(PaymentReview)
    .where(PaymentReview.order_id == bindparam("of_order"))
    .where(PaymentReview.state == ReviewState.CLOSED)
    .values(
        state=ReviewState.OPEN,
        attempt_id=bindparam("new_attempt"),
        score=bindparam("new_score"),
        evidence=bindparam("new_evidence", type_=PaymentReview.evidence.type),
        rules_version=bindparam("new_version"),
        due_at=bindparam("new_due", type_=UtcDateTime),
        decided_at=None,
    )
)
_END = {
    "state": bindparam("new_state"),
    "decided_by": bindparam("new_by"),
    "decided_at": bindparam("moment", type_=UtcDateTime),
    "reason": bindparam("new_reason"),
}
_DECIDE = (
    update(PaymentReview)
    .where(PaymentReview.id == bindparam("of_review"), PaymentReview.state == ReviewState.OPEN)
    .values(_END)
)
_CLOSE = (
    update(PaymentReview)
    .where(PaymentReview.order_id == bindparam("of_order"))
    .where(PaymentReview.state == ReviewState.OPEN)
    .values(state=ReviewState.CLOSED, decided_at=bindparam("moment", type_=UtcDateTime))
)
_END_HELD = (
    update(Attempt)
    .where(
        Attempt.status == AttemptStatus.HELD,
        Attempt.payment_id
        == select(Payment.id).where(Payment.order_id == bindparam("of_order")).scalar_subquery(),
    )
    .values(
        status=bindparam("new_status"),
        decline_code=bindparam("new_code"),
        open_key=None,
        updated_at=bindparam("moment", type_=UtcDateTime),
    )
)


@dataclass(frozen=True, slots=True)
class ScreeningRepository:
    """Traces, rules and reviews."""

    connection: AsyncConnection

    async def counts(
        self, clues: Sequence[Clue], rules: RuleSet, own_attempt: int = 0
    ) -> dict[FraudRule, int]:
        """Return what each rule counts of these clues in other attempts, in one statement."""
        moment, own = now(), {clue.kind: clue.linked for clue in clues}
        values: dict[str, object] = {
            "digests": [clue.digest for clue in clues],
            "own_attempt": own_attempt,
        }
        for rule, (kind, what) in COUNTED.items():
            choice = rules.rules.get(rule)
            minutes = (choice and choice.window_minutes) or 0
            values[f"{rule.value}_since"] = moment - timedelta(minutes=minutes)
            if what is Count.LINKED:
                values[f"{rule.value}_own"] = own.get(kind) or ""
        values["since"] = min(each for each in values.values() if isinstance(each, datetime))
        row = (await self.connection.execute(_COUNTS, values)).one()
        return {rule: int(getattr(row, rule.value)) for rule in COUNTED}

    async def add_traces(
        self, attempt_id: int, user_id: UUID | None, clues: Sequence[Clue]
    ) -> None:
        """Write the clues of an attempt."""
        rows = [
            {
                "attempt_id": attempt_id,
                "user_id": user_id,
                "kind": clue.kind,
                "digest": clue.digest,
                "linked": clue.linked,
                "created_at": now(),
            }
            for clue in clues
        ]
        if rows:
            await add_rows(self.connection, _ADD_TRACES, rows)

    async def traces_of(self, attempt_id: int) -> dict[str, UUID | None]:
        """Return the digests of an attempt's traces, each with its user."""
        rows = await self.connection.execute(_TRACES_OF, {"of_attempt": attempt_id})
        return {digest: user_id for digest, user_id in rows}

    async def move_traces(self, come_from: int, to: int) -> None:
        """Let the traces of one attempt be those of another."""
        await affected(self.connection, _MOVE_TRACES, come_from=come_from, to=to)

    async def purge_traces(self, since: datetime) -> int:
        """Delete traces from before `since`, and return how many."""
        return await affected(self.connection, _PURGE, since=since)

    async def forget_traces(self, user_id: UUID) -> None:
        """Delete the traces of a user."""
        await affected(self.connection, _FORGET, of_user=user_id)

    async def find_rules(self) -> RuleSet | None:
        """Return the latest version that staff wrote, if there is one."""
        row = (await self.connection.execute(_RULES)).mappings().one_or_none()
        if row is None:
            return None
        # A rule that is newer than this version is as it ships.
        rules = dict(DEFAULT_RULES)
        for rule in FraudRule:
            if rule in row["rules"]:
                rules[rule] = RuleChoice(**row["rules"][rule])
        return RuleSet(**{**row, "rules": rules})

    async def add_rules(self, rules: RuleSet) -> bool:
        """Write a version; False where somebody else wrote it first."""
        row = {
            **{each.name: getattr(rules, each.name) for each in fields(rules)},
            "rules": msgspec.to_builtins(dict(rules.rules)),
        }
        return await insert_once(self.connection, _ADD_RULES, row)

    async def find_review(self, review_id: int) -> Review | None:
        """Return a review."""
        row = (await self.connection.execute(_BY_ID, {"review_id": review_id})).one_or_none()
        return None if row is None else Review(*row)

    async def find_state(self, order_id: int) -> ReviewState | None:
        """Return where the review of an order stands."""
        found = await self.connection.execute(_STATE_OF, {"order_id": order_id})
        state: ReviewState | None = found.scalar_one_or_none()
        return state

    async def open_review(self, row: Mapping[str, Any]) -> int | None:
        """Write the review of an order, or open the one that its order had ended, and return its
        id; None where it is open.
        """
        if not await insert_once(self.connection, _ADD_REVIEW, row):
            again = {
                "of_order": row["order_id"],
                "new_attempt": row["attempt_id"],
                "new_score": row["score"],
                "new_evidence": row["evidence"],
                "new_version": row["rules_version"],
                "new_due": row["due_at"],
            }
            if await affected(self.connection, _REOPEN, **again) != 1:
                return None
        found = await self.connection.execute(_ID_OF, {"order_id": row["order_id"]})
        return int(found.scalar_one())

    async def decide(
        self, review_id: int, state: ReviewState, actor_id: UUID | None, reason: str
    ) -> bool:
        """End an open review; False where it has its end."""
        values = {"new_state": state, "new_by": actor_id, "new_reason": reason, "moment": now()}
        return await affected(self.connection, _DECIDE, of_review=review_id, **values) == 1

    async def close(self, order_id: int) -> bool:
        """End the open review of an order that ended otherwise."""
        return await affected(self.connection, _CLOSE, of_order=order_id, moment=now()) == 1

    async def end_held(self, order_id: int, status: AttemptStatus, code: str | None) -> bool:
        """End the attempt of an order that waits for its review, if there is one."""
        values = {"new_status": status, "new_code": code, "moment": now()}
        return await affected(self.connection, _END_HELD, of_order=order_id, **values) == 1
