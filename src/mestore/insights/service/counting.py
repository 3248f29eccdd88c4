"""Counting: visits in memory and then in batches; carts, sales and refunds as they are told of."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from uuid import UUID

from mestore.insights.repository.days import DayRepository
from mestore.insights.types.days import KEPT, DayCount
from mestore.insights.views.sales import refunded_lines, sold_on
from mestore.kernel.clock import BOGOTA, now, today_in_bogota
from mestore.kernel.db import Database, Tx
from mestore.kernel.flushing import keep_flushing
from mestore.orders.service import RefundedOrders

EVERY_SECONDS = 5.0
MOST_WAITING = 10_000
"""Products of a day that wait; what does not fit is forgotten: counting must not cost memory."""
MOST_SEEN = 50_000
AT_ONCE = 200
"""Rows of a transaction: SQLite's only writer is not kept for long."""
SAME_VISIT = timedelta(hours=1)


_Visited = tuple[date, str, str]
"""A day, a product and its vendor, as the answer named them."""


class VisitLog:
    """The visits of products that this process has not written yet.

    Who looks again within an hour counts once. Visitors are told apart by a keyed hash: neither
    addresses nor sessions are kept, in memory or in a table.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.waiting: dict[_Visited, int] = {}
        self._seen: dict[int, datetime] = {}

    def note(self, product_id: str, vendor_id: str, visitor: bytes) -> None:
        """Count a visit by who is known as `visitor`; nothing is awaited.

        Every answered product goes through here, cached ones too: it takes microseconds.
        """
        moment = now()
        # Python hashes under a key of this process: nobody is told from the number alone.
        who = hash((product_id, visitor))
        if not self._is_new(who, moment):
            return
        visited = (moment.astimezone(BOGOTA).date(), product_id, vendor_id)
        if visited in self.waiting or len(self.waiting) < MOST_WAITING:
            self.waiting[visited] = self.waiting.get(visited, 0) + 1

    async def run(self) -> None:
        """Write every few seconds until cancelled, and then once more."""
        await keep_flushing("views", self.flush, EVERY_SECONDS)

    async def flush(self) -> None:
        """Write what waits, some products a transaction."""
        batch = sorted(self.waiting)
        for start in range(0, len(batch), AT_ONCE):
            part = {each: self.waiting.pop(each) for each in batch[start : start + AT_ONCE]}
            try:
                async with self.database.transaction() as tx:
                    await DayRepository(tx.connection).count(_counts(part))
            except BaseException:
                for each, times in part.items():
                    self.waiting[each] = self.waiting.get(each, 0) + times
                raise

    def _is_new(self, who: int, moment: datetime) -> bool:
        seen = self._seen.get(who)
        if seen is not None and moment - seen < SAME_VISIT:
            return False
        self._seen.pop(who, None)
        self._seen[who] = moment
        # The oldest come first.
        while len(self._seen) > MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        return True


class CountingService:
    """Counts what happens to products once, each in the transaction that ends its message."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.days = DayRepository(tx.connection)

    async def note_cart(self, product_id: UUID, vendor_id: UUID, at: datetime) -> None:
        """Count that a product was put into a cart."""
        day = at.astimezone(BOGOTA).date()
        count = DayCount(day=day, product_id=product_id, vendor_id=vendor_id, carts=1)
        await self.days.count([count])

    async def note_sale(self, order_id: int) -> None:
        """Count the lines of a paid order on the day of its payment."""
        paid_at = await sold_on(self.tx.connection, order_id)
        order = await RefundedOrders(self.tx).held(order_id)
        sold: defaultdict[tuple[UUID, UUID], list[int]] = defaultdict(lambda: [0, 0])
        for line in order.lines:
            of_product = sold[line.product_id, line.vendor_id]
            of_product[0] += line.quantity
            of_product[1] += line.paid_minor
        day = paid_at.astimezone(BOGOTA).date()
        await self.days.count(
            [
                DayCount(
                    day=day,
                    product_id=product_id,
                    vendor_id=vendor_id,
                    orders=1,
                    units=units,
                    sales_minor=paid,
                )
                for (product_id, vendor_id), (units, paid) in sold.items()
            ]
        )

    async def note_refund(self, refund_id: int) -> None:
        """Count what a refund gave back for each product, on the day it did."""
        await self.days.count(await refunded_lines(self.tx.connection, refund_id))


async def purge_days(tx: Tx) -> None:
    """Forget days older than `KEPT`."""
    await DayRepository(tx.connection).purge(today_in_bogota() - KEPT)


def _counts(visits: dict[_Visited, int]) -> list[DayCount]:
    return [
        DayCount(day=day, product_id=UUID(product), vendor_id=UUID(vendor), views=times)
        for (day, product, vendor), times in visits.items()
    ]
