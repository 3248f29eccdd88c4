"""Adding to the days of products, and to what they come to by vendor."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Date,
    Insert,
    Select,
    SmallInteger,
    Uuid,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.insights.models import BestProduct, ProductDay, RankedSpan, VendorDay
from mestore.insights.types.days import EVERYBODY, SLOTS, DayCount, Figure
from mestore.kernel.db import affected, unless_taken

_Row = Mapping[str, Any]
_COUNTED = tuple(figure.value for figure in Figure)
_SUMMED = ("products", *_COUNTED)
_KNOWN_PRODUCTS = select(ProductDay.day, ProductDay.product_id).where(
    ProductDay.day.in_(bindparam("days", expanding=True)),
    ProductDay.product_id.in_(bindparam("ids", expanding=True)),
)
_KNOWN_VENDORS = select(VendorDay.vendor_id, VendorDay.day, VendorDay.slot).where(
    VendorDay.vendor_id.in_(bindparam("ids", expanding=True)),
    VendorDay.day.in_(bindparam("days", expanding=True)),
)
_ADD_PRODUCTS = insert(ProductDay).inline()
_ADD_VENDORS = insert(VendorDay).inline()
_COUNT_PRODUCTS = (
    update(ProductDay)
    .where(
        ProductDay.day == bindparam("of_day", type_=Date),
        ProductDay.product_id == bindparam("of_product", type_=Uuid),
    )
    .values({name: getattr(ProductDay, name) + bindparam(f"more_{name}") for name in _COUNTED})
)
_COUNT_VENDORS = (
    update(VendorDay)
    .where(
        VendorDay.vendor_id == bindparam("of_vendor", type_=Uuid),
        VendorDay.day == bindparam("of_day", type_=Date),
        VendorDay.slot == bindparam("of_slot", type_=SmallInteger),
    )
    .values({name: getattr(VendorDay, name) + bindparam(f"more_{name}") for name in _SUMMED})
)
_PURGES = tuple(
    delete(kept).where(kept.day < bindparam("before", type_=Date))
    for kept in (ProductDay, VendorDay, BestProduct, RankedSpan)
)


@dataclass(frozen=True, slots=True)
class DayRepository:
    """The days of products, and those of vendors, which are their sums."""

    connection: AsyncConnection

    async def count(self, counts: Sequence[DayCount]) -> None:
        """Add to days, at most one count for each; the first of a day makes its row."""
        if not counts:
            return
        # In one order for everybody: two batches never wait for each other.
        ordered = sorted(counts, key=lambda each: (each.day, each.product_id))
        made = await self._make_products(ordered)
        await self.connection.execute(_COUNT_PRODUCTS, [_more_of_product(each) for each in ordered])
        sums = _sums(ordered, made)
        await self._make_vendors(list(sums))
        more = [_more_of_vendor(key, each) for key, each in sums.items()]
        await self.connection.execute(_COUNT_VENDORS, more)

    async def purge(self, before: date) -> None:
        """Forget the days before one."""
        for purge in _PURGES:
            await affected(self.connection, purge, before=before)

    async def _make_products(self, counts: Sequence[DayCount]) -> set[tuple[date, UUID]]:
        """Write the missing rows of products, with nothing counted yet; return the keys of them."""
        days, ids = {each.day for each in counts}, {each.product_id for each in counts}
        known = await self._known(_KNOWN_PRODUCTS, days, ids)
        nothing = dict.fromkeys(_COUNTED, 0)
        rows = [
            {"day": each.day, "product_id": each.product_id, "vendor_id": each.vendor_id, **nothing}
            for each in counts
            if (each.day, each.product_id) not in known
        ]
        made = await self._make(_ADD_PRODUCTS, rows) if rows else []
        return {(row["day"], row["product_id"]) for row in made}

    async def _make_vendors(self, keys: Sequence[tuple[UUID, date, int]]) -> None:
        days, ids = {day for _, day, _ in keys}, {vendor_id for vendor_id, _, _ in keys}
        known = await self._known(_KNOWN_VENDORS, days, ids)
        nothing = dict.fromkeys(_SUMMED, 0)
        rows = [
            {"vendor_id": vendor_id, "day": day, "slot": slot, **nothing}
            for vendor_id, day, slot in keys
            if (vendor_id, day, slot) not in known
        ]
        if rows:
            await self._make(_ADD_VENDORS, rows)

    async def _known(
        self,
        query: Select[*tuple[Any, ...]],
        days: Collection[date],
        ids: Collection[UUID],
    ) -> set[tuple[Any, ...]]:
        values = {"days": sorted(days), "ids": sorted(ids)}
        return {tuple(row) for row in await self.connection.execute(query, values)}

    async def _make(self, add: Insert, rows: Sequence[_Row]) -> list[_Row]:
        """Write rows and return those that nobody else has just written."""
        async with unless_taken(self.connection):
            await self.connection.execute(add, rows)
            return list(rows)
        if len(rows) == 1:
            return []
        return [made for row in rows for made in await self._make(add, [row])]


def _sums(
    counts: Sequence[DayCount], made: set[tuple[date, UUID]]
) -> dict[tuple[UUID, date, int], dict[str, int]]:
    """Return what these counts add to vendors and to everybody, in the order of the rows."""
    # Batches that begin with the same product wait for each other already; others seldom do so.
    slot = counts[0].product_id.int % SLOTS
    sums: defaultdict[tuple[UUID, date, int], dict[str, int]] = defaultdict(
        lambda: dict.fromkeys(_SUMMED, 0)
    )
    for each in counts:
        for key in ((each.vendor_id, each.day, 0), (EVERYBODY, each.day, slot)):
            total = sums[key]
            total["products"] += (each.day, each.product_id) in made
            for name in _COUNTED:
                total[name] += getattr(each, name)
    return dict(sorted(sums.items()))


def _more_of_product(count: DayCount) -> dict[str, object]:
    more = {f"more_{name}": getattr(count, name) for name in _COUNTED}
    return {"of_day": count.day, "of_product": count.product_id, **more}


def _more_of_vendor(key: tuple[UUID, date, int], total: Mapping[str, int]) -> dict[str, object]:
    vendor_id, day, slot = key
    more = {f"more_{name}": value for name, value in total.items()}
    return {"of_vendor": vendor_id, "of_day": day, "of_slot": slot, **more}
