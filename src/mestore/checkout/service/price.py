"""Pricing the lines of an order: today's prices and IVA, never a client's."""

from collections.abc import Sequence
from uuid import UUID

from mestore.catalog.service.sale import SaleItems
from mestore.catalog.types import SaleItem
from mestore.checkout.errors import ProductNotForSale
from mestore.checkout.types import WantedLine
from mestore.inventory.errors import VariantRequired
from mestore.kernel.db import Tx
from mestore.orders.types import DraftLine
from mestore.pricing.service import line_tax
from mestore.pricing.types import TaxPolicy


async def price(tx: Tx, wanted: Sequence[WantedLine]) -> tuple[list[DraftLine], dict[UUID, bool]]:
    """Return the lines at today's prices, one a variant, and the variants whose stock counts.

    Each of these with whether its buyer can wait for what is not there.
    """
    found = await SaleItems(tx.connection).of(
        [(line.product_id, line.variant_id) for line in wanted]
    )
    quantities: dict[UUID, int] = {}
    items: dict[UUID, SaleItem] = {}
    missing: list[str] = []
    for line in wanted:
        item = found.get((line.product_id, line.variant_id))
        if item is None or not item.is_on_sale:
            missing.append(str(line.variant_id or line.product_id))
            continue
        if line.variant_id is None and item.has_choice:
            raise VariantRequired
        items[item.variant_id] = item
        quantities[item.variant_id] = quantities.get(item.variant_id, 0) + line.quantity
    if missing:
        raise ProductNotForSale(products=", ".join(missing))
    policy = tx.policy(TaxPolicy)
    lines = [
        _draft_line(item, quantities[variant_id], policy) for variant_id, item in items.items()
    ]
    return lines, {
        variant_id: item.takes_backorders
        for variant_id, item in items.items()
        if item.track_inventory
    }


def _draft_line(item: SaleItem, quantity: int, policy: TaxPolicy) -> DraftLine:
    total = item.price_minor * quantity
    tax = line_tax(total, item.tax_rate, policy)
    return DraftLine(
        variant_id=item.variant_id,
        product_id=item.product_id,
        vendor_id=item.vendor_id,
        category_id=item.category_id,
        product_name=item.product_name,
        variant_title=item.variant_title,
        sku=item.sku,
        quantity=quantity,
        unit_price_minor=item.price_minor,
        tax_rate=item.tax_rate,
        total_minor=total,
        tax_minor=tax.tax_minor,
        net_minor=tax.net_minor,
    )
