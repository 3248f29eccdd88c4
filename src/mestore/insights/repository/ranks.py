"""Writing which products were the best of a day or month."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Date, Uuid, and_, bindparam, delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.insights.models import BestProduct, RankedSpan
from mestore.insights.types.days import Ranked, Ranking, Span
from mestore.kernel.columns import enum_column
from mestore.kernel.db import add_rows, affected

_FORGET = tuple(
    delete(kept).where(
        and_(
            kept.vendor_id == bindparam("vendor_id", type_=Uuid),
            kept.span == bindparam("span", type_=enum_column(Span)),
            kept.day == bindparam("day", type_=Date),
        )
    )
    for kept in (BestProduct, RankedSpan)
)
_ADD_BEST = insert(BestProduct).inline()
_ADD_RANKED = insert(RankedSpan).inline()


@dataclass(frozen=True, slots=True)
class RankRepository:
    """The best products of days and months."""

    connection: AsyncConnection

    async def replace(self, of: Ranking, best: Sequence[Ranked]) -> None:
        """Write the best products in place of those that were written before."""
        key = {"vendor_id": of.vendor_id, "span": of.span, "day": of.period.first}
        for forget in _FORGET:
            await affected(self.connection, forget, **key)
        if best:
            rows = [
                {**key, "figure": figure, "product_id": product_id, "amount": amount}
                for figure, product_id, amount in best
            ]
            await add_rows(self.connection, _ADD_BEST, rows)
        await add_rows(self.connection, _ADD_RANKED, [{**key, "counted": of.counted}])
