"""Orders of the past: two lines each, never paid, called off when their time was over."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from bench.plan import SMALLEST_ID
from mestore.cli.sample.catalog import SampleProduct
from mestore.kernel.money import divide_half_up
from mestore.pricing.service import line_tax
from mestore.pricing.types import TaxPolicy

# Apart from each other and from all other numbers, so that a plan can tell ids by their size.
FIRST_LEVEL, FIRST_ORDER, FIRST_ITEM = SMALLEST_ID, 2 * SMALLEST_ID, 3 * SMALLEST_ID

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Buyer:
    """Somebody who buys; the first `SIGNED_IN` of them have a session."""

    id: UUID
    email: str
    session_id: UUID


@dataclass(frozen=True, slots=True)
class Offer:
    """A product as orders of the past need it."""

    product_id: UUID
    variant_id: UUID
    vendor_id: UUID
    level_id: int
    sample: SampleProduct
    sku: str

    @property
    def price_minor(self) -> int:
        """Return the price in centavos."""
        return self.sample.price * 100


class PastOrder:
    """An order of two lines that was never paid and called off when its time was over."""

    def __init__(self, index: int, at: datetime, buyer: Buyer, offers: tuple[Offer, Offer]) -> None:
        self.index = index
        self.id = FIRST_ORDER + index
        self.at = at
        self.buyer = buyer
        self.offers = offers

    def row(self) -> Record:
        """Return the order itself."""
        subtotal = sum(offer.price_minor for offer in self.offers)
        tax = sum(_tax(offer) for offer in self.offers)
        return {
            "id": self.id,
            "order_number": f"ORD-{self.at:%Y%m%d}-{self.index:08}",
            "buyer_id": self.buyer.id,
            "status": "CANCELLED",
            "financial_status": "VOIDED",
            "fulfillment_status": "UNFULFILLED",
            "customer_email": self.buyer.email,
            "currency": "COP",
            "subtotal_minor": subtotal,
            "tax_minor": tax,
            "shipping_minor": 0,
            "discount_minor": 0,
            "total_minor": subtotal + tax,
            "shipping_name": "Persona Ejemplo",
            "shipping_phone": "+573001234567",
            "shipping_address": "Calle 100 # 8A - 55, Apto 501",
            "shipping_city": "Bogotá, D.C.",
            "shipping_state": "Bogotá, D.C.",
            "tags": "[]",
            "source": "api",
            "version": 2,
            "created_at": self.at,
            "updated_at": self.at,
            "expires_at": self.at + timedelta(minutes=30),
            "cancelled_at": self.at + timedelta(minutes=30),
            "cancelled_for": "EXPIRED",
        }

    def rows(self, table: str) -> list[Record]:
        """Return what belongs to the order in another table."""
        if table == "order_changes":
            return [self._change(None, "PENDING"), self._change("PENDING", "CANCELLED")]
        if table == "stock_movements":
            return [
                movement(offer, kind, (0, units), "order", self.id, self.at)
                for kind, units in (("RESERVE", 1), ("RELEASE", -1))
                for offer in self.offers
            ]
        make = {
            "order_items": self._item,
            "vendor_orders": self._part,
            "commissions": self._commission,
            "stock_reservations": self._reservation,
        }[table]
        return [make(place, offer) for place, offer in enumerate(self.offers)]

    def _change(self, come_from: str | None, to: str) -> Record:
        return {
            "order_id": self.id,
            "kind": "ORDER",
            "from_status": come_from,
            "to_status": to,
            "reason": "expired" if come_from else "placed",
            "created_at": self.at,
        }

    def _item(self, place: int, offer: Offer) -> Record:
        return {
            "id": FIRST_ITEM + 2 * self.index + place,
            "order_id": self.id,
            "vendor_id": offer.vendor_id,
            "product_id": offer.product_id,
            "variant_id": offer.variant_id,
            "product_name": offer.sample.name,
            "sku": offer.sku,
            "quantity": 1,
            "fulfilled_quantity": 0,
            "unit_price_minor": offer.price_minor,
            "tax_rate": offer.sample.tax_rate,
            "tax_minor": _tax(offer),
            "total_minor": offer.price_minor,
        }

    def _part(self, _: int, offer: Offer) -> Record:
        return {
            "order_id": self.id,
            "vendor_id": offer.vendor_id,
            "status": "CANCELLED",
            "subtotal_minor": offer.price_minor,
            "tax_minor": _tax(offer),
            "total_minor": offer.price_minor + _tax(offer),
        }

    def _commission(self, place: int, offer: Offer) -> Record:
        amount = divide_half_up(offer.price_minor * 5, 100)
        return {
            "order_id": self.id,
            "order_item_id": FIRST_ITEM + 2 * self.index + place,
            "vendor_id": offer.vendor_id,
            "rule": "default",
            "rate_basis_points": 500,
            "base_minor": offer.price_minor,
            "amount_minor": amount,
            "tax_minor": divide_half_up(amount * 19, 100),
            "status": "CANCELLED",
            "created_at": self.at,
        }

    def _reservation(self, _: int, offer: Offer) -> Record:
        return {
            "order_id": self.id,
            "level_id": offer.level_id,
            "quantity": 1,
            "state": "RELEASED",
            "created_at": self.at,
            "updated_at": self.at,
        }


def movement(
    offer: Offer,
    kind: str,
    units: tuple[int, int],
    reason: str,
    order_id: int | None,
    moment: datetime,
) -> Record:
    """Return one movement of an offer's level; `units` are on hand and reserved."""
    return {
        "level_id": offer.level_id,
        "kind": kind,
        "on_hand_change": units[0],
        "reserved_change": units[1],
        "reason": reason,
        "order_id": order_id,
        "created_at": moment,
    }


def _tax(offer: Offer) -> int:
    return line_tax(offer.price_minor, offer.sample.tax_rate, TaxPolicy()).tax_minor
