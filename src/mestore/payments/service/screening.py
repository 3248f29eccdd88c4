"""Screening: scores an attempt before it is made, and again once the gateway told the card."""

from dataclasses import dataclass

import msgspec

from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.payments.events import ReviewOpened
from mestore.payments.fraud import card_digest, clues_of, ruling_of, screen, with_card
from mestore.payments.repository import PaymentRepository, ScreeningRepository
from mestore.payments.service.rules import rules_in_force
from mestore.payments.types import AttemptState, Payer
from mestore.payments.types.screening import (
    CardFacts,
    Circumstances,
    Clue,
    FraudPolicy,
    ReviewState,
    RuleSet,
    Ruling,
    Screening,
    TraceKind,
    hits_of,
)


@dataclass(frozen=True, slots=True)
class Screened:
    """What came of looking at an attempt."""

    ruling: Ruling
    screening: Screening


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why an order waits: what is to be looked at, or nothing new where a review is under way."""

    screening: Screening | None = None
    rules: RuleSet | None = None


def again(attempt: AttemptState) -> Screened:
    """Return what let an attempt go on, for the same one at another gateway."""
    return Screened(Ruling.PASS, Screening(hits_of(attempt.fraud_reasons)))


class ScreeningService:
    """Scores attempts and opens reviews."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.policy = tx.policy(FraudPolicy)
        self.repository = ScreeningRepository(tx.connection)

    async def screen(self, rules: RuleSet, payer: Payer, order: Circumstances) -> Screened:
        """Score what is about to be tried."""
        clues = clues_of(payer, self.policy.key)
        found = screen(rules, clues, await self.repository.counts(clues, rules), order)
        return Screened(ruling_of(rules, found), found)

    async def state_of(self, order_id: int) -> ReviewState | None:
        """Return where the review of an order stands, if there is one."""
        return await self.repository.find_state(order_id)

    async def move_traces(self, come_from: AttemptState, to: AttemptState) -> None:
        """Let the traces of an attempt that no gateway got be those of the next one."""
        await self.repository.move_traces(come_from.id, to.id)

    async def weigh(self, attempt: AttemptState, card: CardFacts | None) -> Waiting | None:
        """Say why an order waits for staff although its money is here; None where it goes on.

        What staff approved is not asked again.
        """
        if attempt.review in {ReviewState.OPEN, ReviewState.REFUSED}:
            return Waiting()
        if attempt.review is ReviewState.APPROVED or attempt.fraud_score is None:
            return None
        rules = await rules_in_force(self.tx.connection, self.policy)
        found = Screening(hits_of(attempt.fraud_reasons))
        if card is not None:
            found = await self._with_card(rules, attempt, found, card)
        return None if ruling_of(rules, found) is Ruling.PASS else Waiting(found, rules)

    async def note_card(self, attempt: AttemptState, card: CardFacts) -> Clue | None:
        """Write down which card an attempt was made with, so that the next one finds it."""
        digest = card_digest(card, self.policy.key)
        if digest is None:
            return None
        clue = Clue(TraceKind.CARD, digest)
        known = await self.repository.traces_of(attempt.id)
        if digest not in known:
            of_user = next(iter(known.values()), None)
            await self.repository.add_traces(attempt.id, of_user, [clue])
        return clue

    async def open_review(self, attempt: AttemptState, found: Screening, rules: RuleSet) -> None:
        """Let staff look at an order; who comes second finds it open."""
        moment = now()
        row = {
            "order_id": attempt.order_id,
            "attempt_id": attempt.id,
            "state": ReviewState.OPEN,
            "score": found.score,
            "evidence": msgspec.to_builtins(found.hits),
            "rules_version": rules.version,
            "due_at": moment + self.policy.review_within,
            "created_at": moment,
        }
        review_id = await self.repository.open_review(row)
        if review_id is not None:
            self.tx.publish(ReviewOpened(review_id, attempt.order_id))

    async def _with_card(
        self, rules: RuleSet, attempt: AttemptState, before: Screening, card: CardFacts
    ) -> Screening:
        clue = await self.note_card(attempt, card)
        counted = await self.repository.counts([clue], rules, attempt.id) if clue else {}
        found = with_card(rules, before.hits, card, counted)
        await PaymentRepository(self.tx.connection).set_attempt(
            attempt.id, fraud_score=found.score, fraud_reasons=msgspec.to_builtins(found.hits)
        )
        return found
