"""Collection files: checked whole before anything is posted, then posted line by line.

A line is the same fact as an online confirmation and has the same key, so whichever comes second
changes nothing. The digest of a file is written after its last line: a file whose posting broke off
can be sent again, one that was posted cannot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx
from mestore.kernel.idempotency import Answer, Once, recall, run_once
from mestore.kernel.money import to_number
from mestore.payments.errors import CollectionPosted, ConfirmationDiffers
from mestore.payments.repository import EfectyRepository
from mestore.payments.service.cash import CashService
from mestore.payments.vouchers import CashSource, Collection, CollectionLine, LineResult

_LINES_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class PostedLine:
    """A line of a file and what became of it; the amount is a JSON number of pesos."""

    line: int
    reference: str
    authorization: str
    amount: int | float
    result: LineResult


@dataclass(frozen=True, slots=True)
class PostedCollection:
    """A file that was posted."""

    id: int
    digest: str
    line_count: int
    total: int | float
    created_at: datetime
    lines: list[PostedLine]


async def post_collection(database: Database, file: Collection, once: Once | None) -> Answer:
    """Post a file; raises `CollectionPosted` where the very same one was posted before."""
    if once is not None and (stored := await recall(database, once)):
        return stored
    async with database.read() as connection:
        posted_at = await EfectyRepository(connection).find_collection(file.digest)
    results: list[PostedLine] = []
    if posted_at is None:
        for start in range(0, len(file.lines), _LINES_AT_ONCE):
            results += await _post(database, file.lines[start : start + _LINES_AT_ONCE])

    async def close(tx: Tx) -> Answer:
        closed = await _close(tx, file, results)
        return Answer(200, msgspec.json.encode(closed))

    return await run_once(database, once, close)


async def _post(database: Database, lines: Sequence[CollectionLine]) -> list[PostedLine]:
    """Post some lines in one transaction."""
    results = []
    async with database.transaction() as tx:
        cash = CashService(tx)
        # In one order everywhere, or two files could wait for each other.
        for line in sorted(lines, key=lambda each: each.payment.transaction_id):
            results.append(_posted(line, await _result(cash, line)))
    return sorted(results, key=lambda each: each.line)


async def _result(cash: CashService, line: CollectionLine) -> LineResult:
    try:
        told = await cash.confirm(line.payment, CashSource.FILE, line.text.encode())
    except ConfirmationDiffers:
        return LineResult.DIFFERS
    if not told.is_new:
        return LineResult.REPEATED
    return LineResult.POSTED if told.voucher else LineResult.UNKNOWN


def _posted(line: CollectionLine, result: LineResult) -> PostedLine:
    payment = line.payment
    amount = to_number(payment.amount_minor)
    return PostedLine(line.number, payment.reference, payment.authorization, amount, result)


async def _close(tx: Tx, file: Collection, results: list[PostedLine]) -> PostedCollection:
    cash = EfectyRepository(tx.connection)
    created, count = now(), len(file.lines)
    row = {
        "digest": file.digest,
        "line_count": count,
        "total_minor": file.total_minor,
        "created_at": created,
    }
    collection_id = await cash.add_collection(row)
    if collection_id is None:
        posted_at = await cash.find_collection(file.digest)
        raise CollectionPosted(posted_at=(posted_at or created).isoformat())
    after = {"digest": file.digest, "line_count": count, "total_minor": file.total_minor}
    record(tx, Act.CASH_COLLECTION_POSTED, Subject.CASH_COLLECTION, collection_id, after=after)
    return PostedCollection(
        collection_id, file.digest, count, to_number(file.total_minor), created, results
    )
