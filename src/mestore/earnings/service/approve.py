"""Releasing parts by the word of staff, one answer for each id that was named."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.earnings.errors import PartNotFound
from mestore.earnings.service.release import EarningsService
from mestore.earnings.types import Approval, Wanted
from mestore.earnings.views.parts import find_part, wanted_parts
from mestore.kernel.db import Database
from mestore.kernel.errors import Refusal


async def approve(
    database: Database,
    commission_ids: Sequence[int],
    order_ids: Sequence[int],
    early_reason: str | None = None,
) -> list[Approval]:
    """Release the parts that the ids name, each in a transaction of its own.

    A commission stands for its vendor's whole part of the order, an order for all of its parts.
    With an `early_reason` the right of withdrawal is not waited for.
    """
    async with database.read() as connection:
        wanted = await wanted_parts(connection, commission_ids, order_ids)
    done: dict[tuple[int, UUID], Approval] = {}
    for each in sorted(wanted, key=lambda one: (one.order_id, one.vendor_id)):
        part = each.order_id, each.vendor_id
        if part not in done:
            done[part] = await _approve(database, each, early_reason)
    found = [_named(each, done[each.order_id, each.vendor_id]) for each in wanted]
    return [*found, *_unknown(wanted, commission_ids, order_ids)]


async def _approve(database: Database, wanted: Wanted, early_reason: str | None) -> Approval:
    part = wanted.order_id, wanted.vendor_id
    try:
        async with database.transaction() as tx:
            is_early = early_reason is not None
            released = await EarningsService(tx).release(*part, is_early=is_early)
            if released.is_new:
                act = Act.EARNINGS_RELEASED_EARLY if is_early else Act.EARNINGS_RELEASED
                after = {"vendor_id": part[1], "amount_minor": released.amount_minor}
                after |= {"reason": early_reason} if is_early else {}
                record(tx, act, Subject.ORDER, part[0], after=after)
        return Approval(*part, None, released)
    except Refusal as refusal:
        return Approval(*part, None, None, refusal, await _possible_from(database, wanted))


async def _possible_from(database: Database, wanted: Wanted) -> datetime | None:
    """Return when the wait ends that began with the delivery; None before that."""
    async with database.transaction() as tx:
        part = await find_part(tx.connection, wanted.order_id, wanted.vendor_id)
        if part is None or part.delivered_at is None:
            return None
        return EarningsService(tx).possible_from(part.delivered_at)


def _named(wanted: Wanted, done: Approval) -> Approval:
    return Approval(
        done.order_id,
        done.vendor_id,
        wanted.commission_id,
        done.released,
        done.refusal,
        done.possible_from,
    )


def _unknown(
    wanted: Sequence[Wanted], commission_ids: Sequence[int], order_ids: Sequence[int]
) -> list[Approval]:
    commissions = {each.commission_id for each in wanted}
    orders = {each.order_id for each in wanted if each.commission_id is None}
    return [
        *(
            Approval(None, None, each, None, PartNotFound())
            for each in commission_ids
            if each not in commissions
        ),
        *(
            Approval(each, None, None, None, PartNotFound())
            for each in order_ids
            if each not in orders
        ),
    ]
