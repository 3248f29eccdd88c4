"""Price alerts: told once whenever a price crosses down to what its user waits for."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.catalog.errors import ProductNotFound, VariantNotFound
from mestore.catalog.service.sale import SaleItems
from mestore.catalog.types import SaleItem
from mestore.interests.errors import (
    PriceAlertNotFound,
    PriceAlreadyWatched,
    TargetNotBelowPrice,
    TooManyPriceAlerts,
)
from mestore.interests.events import PriceDrop, PricesDropped
from mestore.interests.repository.alerts import AlertRepository
from mestore.interests.repository.history import ChoiceRepository
from mestore.interests.types import MOST_ALERTS, CheckPrices, CheckVendorPrices
from mestore.interests.views import alerts_of_active
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.money import to_number

AT_ONCE = 200
PRODUCTS = 100


class AlertService:
    """The only writer of price alerts."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.alerts = AlertRepository(tx.connection)
        self.choices = ChoiceRepository(tx.connection)
        self.sold = SaleItems(tx.connection)

    async def watch(
        self,
        user_id: UUID,
        product_id: UUID,
        variant_id: UUID | None,
        target_minor: int | None,
    ) -> int:
        """Watch the price of a variant, or of the product itself; return the alert's id."""
        found = await self.sold.of([(product_id, variant_id), (product_id, None)])
        product, item = found.get((product_id, None)), found.get((product_id, variant_id))
        if product is None or not product.is_on_sale:
            raise ProductNotFound
        if item is None:
            raise VariantNotFound(variant_id=variant_id)
        if target_minor is not None and target_minor >= item.price_minor:
            raise TargetNotBelowPrice(price=to_number(item.price_minor))
        # Held, so that two requests cannot both make the last one.
        await self.choices.hold(user_id)
        if await self.alerts.count(user_id) >= MOST_ALERTS:
            raise TooManyPriceAlerts(most=MOST_ALERTS)
        row = {
            "user_id": user_id,
            "product_id": product_id,
            "variant_id": item.variant_id,
            "target_minor": target_minor,
            "seen_minor": item.price_minor,
            "created_at": now(),
        }
        alert_id = await self.alerts.add(row)
        if alert_id is None:
            raise PriceAlreadyWatched
        # A price that changes before this commits meets no alert yet.
        self.tx.enqueue(CheckPrices((product_id,)))
        return alert_id

    async def remove(self, user_id: UUID, alert_id: int) -> None:
        """Delete an alert."""
        if not await self.alerts.remove(user_id, alert_id):
            raise PriceAlertNotFound

    async def forget(self, user_id: UUID) -> None:
        """Delete all alerts of an erased user."""
        await self.alerts.forget(user_id)

    async def check(self, product_ids: Collection[UUID], after_id: int = 0) -> None:
        """Let alerts of these products know of their prices, and tell of those that are met.

        Prices are read once the alerts are held, so that who comes last knows the latest.
        """
        held, last_id = await self.alerts.lock_moved(product_ids, after_id, AT_ONCE)
        sold = await self.sold.of([(alert.product_id, alert.variant_id) for alert in held])
        prices: dict[int, int] = {}
        drops: defaultdict[UUID, list[PriceDrop]] = defaultdict(list)
        for alert in held:
            item = sold.get((alert.product_id, alert.variant_id))
            if item is None or not item.is_on_sale or item.price_minor == alert.seen_minor:
                continue
            prices[alert.id] = item.price_minor
            if alert.is_met_by(item.price_minor):
                drops[alert.user_id].append(PriceDrop(alert.id, alert.seen_minor, item.price_minor))
        await self.alerts.see(prices)
        await self._tell(drops)
        if last_id is not None:
            self.tx.enqueue(CheckPrices(tuple(product_ids), last_id))

    async def check_vendor(self, vendor_id: UUID, after_id: UUID) -> None:
        """Do that for all products of a vendor, whose prices may have changed while hidden."""
        ids = await self.alerts.products_of(vendor_id, after_id, PRODUCTS)
        if ids:
            self.tx.enqueue(CheckPrices(tuple(ids)))
        if len(ids) == PRODUCTS:
            self.tx.enqueue(CheckVendorPrices(vendor_id, ids[-1]))

    async def _tell(self, drops: Mapping[UUID, list[PriceDrop]]) -> None:
        if not drops:
            return
        moment = now()
        told = sorted(drop.alert_id for of_user in drops.values() for drop in of_user)
        await self.alerts.mark_told(told, moment)
        for user_id, of_user in drops.items():
            self.tx.publish(PricesDropped(user_id, tuple(of_user), moment))


async def standing_alerts(
    connection: AsyncConnection, alert_ids: Collection[int]
) -> dict[int, SaleItem]:
    """Return what those of these alerts watch that still stand, of what is on sale.

    The alerts of somebody who may not sign in do not stand.
    """
    keys = await alerts_of_active(connection, alert_ids)
    sold = await SaleItems(connection).of(list(keys.values()))
    return {
        alert_id: item
        for alert_id, key in keys.items()
        if (item := sold.get(key)) and item.is_on_sale
    }
