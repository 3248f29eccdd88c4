"""What rules take of order lines, in at most two statements for any number of them.

A third one reads the rules, once a process and version of their list.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from weakref import WeakKeyDictionary

from sqlalchemy.engine import Engine

from mestore.commissions.repository.rules import RuleRepository
from mestore.commissions.rules import fees
from mestore.commissions.types import CommissionPolicy, Fee, ProductFacts, Rulebook, Sale
from mestore.commissions.views.facts import product_facts
from mestore.kernel.db import Tx

_NO_RULES = Rulebook()
_kept: WeakKeyDictionary[Engine, Rulebook] = WeakKeyDictionary()
"""The rules of each database at the version that was read last."""


class Tariff:
    """The rules as they are now."""

    def __init__(self, tx: Tx) -> None:
        self.connection = tx.connection
        self.rules = RuleRepository(tx.connection)
        self.policy = tx.policy(CommissionPolicy)

    async def of(self, sales: Sequence[Sale], moment: datetime) -> list[tuple[Sale, list[Fee]]]:
        """Return each line with what rules found out of it, and its fees."""
        book = await self._book()
        if book.rules:
            sales = await self._completed(sales, book, moment)
        return [(sale, fees(book.rules, sale, self.policy)) for sale in sales]

    async def _book(self) -> Rulebook:
        version = await self.rules.version()
        if version == 0:
            return _NO_RULES
        sync = self.connection.sync_connection
        if sync is None:
            return await self.rules.book()
        kept = _kept.get(sync.engine)
        if kept is None or kept.version != version:
            kept = _kept[sync.engine] = await self.rules.book()
        return kept

    async def _completed(
        self, sales: Sequence[Sale], book: Rulebook, moment: datetime
    ) -> Sequence[Sale]:
        """Return the lines with what rules ask beyond them, where any does."""
        products = sorted({sale.product_id for sale in sales if sale.product_id is not None})
        if not products or not (book.needs_products or book.needs_sales):
            return sales
        vendors = sorted({sale.vendor_id for sale in sales})
        facts = await product_facts(
            self.connection,
            products,
            book.category_ids,
            vendors,
            moment if book.needs_sales else None,
        )
        return [
            _with(sale, facts.get(sale.product_id) if sale.product_id else None) for sale in sales
        ]


def _with(sale: Sale, known: ProductFacts | None) -> Sale:
    if known is None:
        return sale
    return replace(
        sale,
        brand_key=known.brand_key,
        plan_id=known.plan_id,
        category_ids=known.category_ids,
        month_sales_minor=known.month_sales_minor,
    )
