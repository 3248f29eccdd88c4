"""Judged rows written: on trial, where nothing stays, or for good."""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from mestore.bulk.service.judging import refused
from mestore.bulk.service.workshop import Planned, PlannedLevel
from mestore.bulk.types import Issue, Job, JobKind, Outcome
from mestore.bulk.views.catalogue import known_products
from mestore.catalog.service.upsert import upsert_products
from mestore.catalog.types import UpsertResult
from mestore.inventory.service import InventoryService
from mestore.inventory.service.opening import OpeningStockBook
from mestore.inventory.types import NewLevel
from mestore.kernel.db import Database, Tx
from mestore.kernel.errors import LostRace, Refusal
from mestore.vendors.service import VendorService


class _Undo(Exception):  # noqa: N818  no error
    """Ends a trial: the transaction is rolled back."""


class Writer(Protocol):
    """Writes one kind of rows in the caller's transaction."""

    async def write(self, tx: Tx, job: Job, rows: Sequence[Any]) -> Outcome:
        """Write rows, all or none; raises the refusals of the rooms below."""
        ...


class ProductWriter:
    """Writes products by SKU; `products` are the ids of those that were written last."""

    def __init__(self) -> None:
        self.products: dict[str, UUID] = {}

    async def write(self, tx: Tx, job: Job, rows: Sequence[Planned]) -> Outcome:
        """Write products; one that appeared or went since it was judged is a `LostRace`."""
        vendor = await VendorService(tx).get(job.vendor_id)
        known = await known_products(tx.connection, vendor.id, [row.sku for row in rows])
        if any((row.sku in known) == row.is_new for row in rows):
            raise LostRace
        upserts = [row.upsert for row in rows]
        results = await upsert_products(
            tx, vendor, upserts, levels=OpeningStockBook(), actor_id=job.user_id
        )
        self.products = {result.sku: result.product_id for result in results}
        return _counted(results)


class LevelWriter:
    """Writes levels of stock: sets them, if so many are on hand as was said, or changes them."""

    async def write(self, tx: Tx, job: Job, rows: Sequence[PlannedLevel]) -> Outcome:
        """Write levels; raises `LevelMoved`, `BelowReserved`, `LevelTooHigh`."""
        stock = InventoryService(tx)
        sets = [
            NewLevel(row.variant_id, row.quantity, row.location, row.expected)
            for row in rows
            if row.quantity is not None
        ]
        changed = 0
        if sets:
            changed = await stock.set_levels(sets, actor_id=job.user_id, reason="import")
        # In the order of levels, so that two imports wait for each other and never in a circle.
        for row in sorted(rows, key=lambda row: (row.location, row.variant_id)):
            if row.delta:
                await stock.adjust(
                    row.variant_id,
                    row.delta,
                    reason="import",
                    actor_id=job.user_id,
                    location=row.location,
                )
                changed += 1
        return Outcome(updated=changed, unchanged=len(rows) - changed)


def writer_of(kind: JobKind) -> ProductWriter | LevelWriter:
    """Return who writes rows of a kind."""
    return ProductWriter() if kind is JobKind.PRODUCTS else LevelWriter()


async def trial(database: Database, job: Job, writer: Writer, rows: Sequence[Any]) -> Outcome:
    """Write rows and take it back; return what it would have come to, or raise the refusal."""
    outcome = Outcome()
    try:
        async with database.transaction() as tx:
            outcome = await writer.write(tx, job, rows)
            raise _Undo
    except _Undo:
        return outcome


async def weed(
    database: Database, job: Job, writer: Writer, rows: Sequence[Any]
) -> tuple[list[Any], Outcome]:
    """Return which rows can be written, and what that would come to, found by halving.

    The outcome's issues tell of the others.
    """
    if not rows:
        return [], Outcome()
    try:
        return list(rows), await trial(database, job, writer, rows)
    except Refusal as refusal:
        if len(rows) == 1:
            issue: Issue = refused(rows[0].row, refusal)
            return [], Outcome(failed=1, issues=[issue])
    middle = len(rows) // 2
    kept, first = await weed(database, job, writer, rows[:middle])
    more, second = await weed(database, job, writer, rows[middle:])
    return kept + more, added(first, second)


def added(first: Outcome, second: Outcome) -> Outcome:
    """Return both together."""
    return Outcome(
        first.created + second.created,
        first.updated + second.updated,
        first.unchanged + second.unchanged,
        first.failed + second.failed,
        first.issues + second.issues,
    )


def _counted(results: Sequence[UpsertResult]) -> Outcome:
    created = sum(result.created is True for result in results)
    updated = sum(result.created is False for result in results)
    return Outcome(created, updated, len(results) - created - updated)
