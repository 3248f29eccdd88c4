"""Releasing what a vendor earned: one transaction for each vendor's part of an order."""

from datetime import datetime, timedelta
from uuid import UUID

from mestore.commissions.service import CommissionService
from mestore.disputes.service import DisputeService
from mestore.earnings.errors import (
    DisputeRunning,
    NotDelivered,
    PartNotFound,
    RefundRunning,
    WithdrawalRunning,
)
from mestore.earnings.repository import EarningsRepository
from mestore.earnings.types import EarningsPolicy, Part, Planned, Purpose, Released, Terms
from mestore.earnings.views.balance import balance_of
from mestore.earnings.views.parts import find_part, over_parts
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.errors import LostRace
from mestore.ledger.service import LedgerService
from mestore.ledger.types import (
    EntryKind,
    Posting,
    release_key,
    vendor_available_account,
    vendor_pending_account,
    vendor_reserve_account,
)
from mestore.orders.service.withdrawal import withdrawal_ends


def reserve_key(order_id: int, vendor_id: UUID) -> str:
    """Return the business key under which what was kept back of a part is released."""
    return f"reserve:{order_id}:{vendor_id}"


class EarningsService:
    """Moves what vendors earned to what they may draw, and says how much that is."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.earnings = EarningsRepository(tx.connection)
        self.ledger = LedgerService(tx)
        self.policy = tx.policy(EarningsPolicy)

    async def available(self, vendor_id: UUID) -> int:
        """Return what a vendor may draw, in minor units; negative where it owes the operator.

        It stays so until the commit where the caller has locked the vendor before.
        """
        return -await self.ledger.balance(vendor_available_account(vendor_id))

    async def drawn_until(
        self, vendor_id: UUID, moment: datetime, amount_minor: int
    ) -> datetime | None:
        """Return until when all releases were drawn by who drew an amount at `moment`.

        What was released first is drawn first; None where not even that is covered.
        """
        then = await balance_of(self.tx.connection, vendor_id, moment)
        left_minor = then.by_purpose[Purpose.AVAILABLE] - amount_minor
        if left_minor <= 0:
            return moment
        return await self.earnings.drawn_until(vendor_id, moment, left_minor)

    def possible_from(self, delivered_at: datetime) -> datetime:
        """Return from when on a part that was delivered then is released."""
        return withdrawal_ends(delivered_at) + timedelta(days=self.policy.extra_days)

    async def plan(self, order_id: int, vendor_id: UUID, delivered_at: datetime | None) -> None:
        """Write down when a part will be released; a repeat changes nothing.

        One that was not delivered is over, and there is nothing to wait for.
        """
        due_at = now() if delivered_at is None else self.possible_from(delivered_at)
        row = {
            "order_id": order_id,
            "vendor_id": vendor_id,
            "due_at": due_at,
            "check_at": due_at,
            "amount_minor": 0,
            "reserve_minor": 0,
            "created_at": now(),
        }
        await self.earnings.plan(row)

    async def plan_delivered(self, order_id: int, vendor_id: UUID) -> None:
        """Plan the release of a part by the time of its delivery."""
        part = await find_part(self.tx.connection, order_id, vendor_id)
        if part is not None and part.delivered_at is not None:
            await self.plan(order_id, vendor_id, part.delivered_at)

    async def plan_over(self, order_id: int) -> None:
        """Plan the release of what vendors owe of parts that will not be sent any more."""
        for vendor_id in await over_parts(self.tx.connection, order_id):
            pending = vendor_pending_account(vendor_id)
            if await self.ledger.order_balance(order_id, pending):
                await self.plan(order_id, vendor_id, None)

    async def plan_again(self, planned: Planned) -> None:
        """Reckon anew when a part that is not released will be."""
        part = await find_part(self.tx.connection, planned.order_id, planned.vendor_id)
        if part is not None and part.delivered_at is not None:
            await self.earnings.move_due(planned.id, self.possible_from(part.delivered_at))

    async def release(self, order_id: int, vendor_id: UUID, *, is_early: bool = False) -> Released:
        """Release all that is left of a vendor's part, also a debt; a repeat changes nothing.

        A part that was not delivered is released once it is over: all its money went back.
        Raises `PartNotFound`, `NotDelivered`, `WithdrawalRunning` unless `is_early`,
        `RefundRunning` and `DisputeRunning`.
        """
        await self.ledger.lock_vendors([vendor_id])
        part = await find_part(self.tx.connection, order_id, vendor_id)
        if part is None:
            raise PartNotFound
        if part.delivered_at is None and not part.is_over:
            raise NotDelivered
        planned = await self.earnings.find(order_id, vendor_id)
        if planned is None:
            await self.plan(order_id, vendor_id, part.delivered_at)
            planned = await self._planned(order_id, vendor_id)
        if planned.released_at is not None:
            return Released(planned.amount_minor, planned.reserve_minor, is_new=False)
        await self._check(part, is_early=is_early)
        return await self._move(part, planned)

    async def release_reserve(self, order_id: int, vendor_id: UUID) -> bool:
        """Release what was kept back of a part; False where it was before, or is not due.

        Raises `DisputeRunning`.
        """
        await self.ledger.lock_vendors([vendor_id])
        planned = await self._planned(order_id, vendor_id)
        due_at = planned.reserve_due_at
        if due_at is None or due_at > now() or planned.reserve_released_at is not None:
            return False
        if await DisputeService(self.tx).open_on(order_id):
            raise DisputeRunning
        part = await find_part(self.tx.connection, order_id, vendor_id)
        if part is None:
            raise PartNotFound
        account = vendor_reserve_account(vendor_id)
        left_minor = -await self.ledger.order_balance(order_id, account)
        await self.ledger.transfer(
            EntryKind.RELEASE,
            reserve_key(order_id, vendor_id),
            order_id,
            part.currency,
            [
                Posting(account, left_minor),
                Posting(vendor_available_account(vendor_id), -left_minor),
            ],
        )
        return await self.earnings.mark_reserve_released(planned.id, now())

    async def terms(self, vendor_id: UUID) -> Terms:
        """Return what is kept back of a vendor's releases: its own terms, or those of all."""
        return await self.earnings.find_terms(vendor_id) or self.usual_terms()

    def usual_terms(self) -> Terms:
        """Return what is kept back from vendors without terms of their own."""
        return Terms(self.policy.reserve_basis_points, self.policy.reserve_days)

    async def _planned(self, order_id: int, vendor_id: UUID) -> Planned:
        planned = await self.earnings.find(order_id, vendor_id)
        if planned is None:
            raise PartNotFound
        return planned

    async def _check(self, part: Part, *, is_early: bool) -> None:
        if part.delivered_at is not None and not is_early:
            possible_from = self.possible_from(part.delivered_at)
            if now() < possible_from:
                raise WithdrawalRunning(possible_from=possible_from.isoformat())
        if part.has_open_refund:
            raise RefundRunning
        if await DisputeService(self.tx).open_on(part.order_id):
            raise DisputeRunning

    async def _move(self, part: Part, planned: Planned) -> Released:
        order_id, vendor_id = part.order_id, part.vendor_id
        pending = vendor_pending_account(vendor_id)
        amount_minor = -await self.ledger.order_balance(order_id, pending)
        terms = await self.terms(vendor_id)
        reserve_minor = terms.reserve_of(amount_minor) if terms.reserve_days else 0
        is_new = await self.ledger.transfer(
            EntryKind.RELEASE,
            release_key(order_id, vendor_id),
            order_id,
            part.currency,
            [
                Posting(pending, amount_minor),
                Posting(vendor_available_account(vendor_id), reserve_minor - amount_minor),
                Posting(vendor_reserve_account(vendor_id), -reserve_minor),
            ],
        )
        if not is_new:
            # The ledger is the truth: the row only catches up with it.
            amount_minor = reserve_minor = 0
        await CommissionService(self.tx).approve(order_id, vendor_id)
        moment = now()
        reserve_due_at = moment + timedelta(days=terms.reserve_days) if reserve_minor else None
        if not await self.earnings.mark_released(
            planned.id, moment, amount_minor, reserve_minor, reserve_due_at
        ):
            raise LostRace
        return Released(amount_minor, reserve_minor, is_new=is_new)
