"""Carts: collect lines for a buyer or a guest, and hand them to checkout once."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from mestore.carts.errors import (
    CartFull,
    CartItemNotFound,
    LineNotAvailable,
    ProductNotOnSale,
    QuantityTooLarge,
)
from mestore.carts.events import AddedToCart
from mestore.carts.repository import CartRepository
from mestore.carts.types import (
    MOST_LINES,
    MOST_UNITS,
    CartLine,
    CartOwner,
    CartPolicies,
    CartSnapshot,
    StoredCart,
    StoredLine,
)
from mestore.carts.views import CartView, CartViews, Facts
from mestore.catalog.service.sale import SaleItems
from mestore.catalog.types import SaleItem
from mestore.inventory.errors import InsufficientStock, VariantRequired
from mestore.kernel.clock import now
from mestore.kernel.db import Database, Tx
from mestore.kernel.db_errors import Fault, fault_of
from mestore.kernel.errors import LostRace
from mestore.pricing.types import TaxPolicy
from mestore.shipping.types import ShippingPolicy

Result = TypeVar("Result")
_TRIES = 3


class CartService:
    """The only writer of carts. Every change answers the cart as it is then."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.carts = CartRepository(tx.connection)
        policies = CartPolicies(tx.policy(TaxPolicy), tx.policy(ShippingPolicy))
        self.views = CartViews(tx.connection, policies)

    async def add(
        self, owner: CartOwner, product_id: UUID, variant_id: UUID | None, quantity: int
    ) -> CartView:
        """Add units of a product on sale to its line, or to a new one at today's price."""
        moment = now()
        cart = await self._hold(owner, moment)
        key = (product_id, variant_id)
        sold = await SaleItems(self.tx.connection).of([*_keys(cart), key])
        item = sold.get(key)
        if item is None or not item.is_on_sale:
            raise ProductNotOnSale
        if variant_id is None and item.has_choice:
            raise VariantRequired
        line = next((line for line in cart.lines if line.variant_id == item.variant_id), None)
        total = _total(cart, line, quantity)
        facts = await self.views.facts(list(sold.values()))
        _check_stock(facts, item, total)
        if line:
            await self.carts.set_quantity(line.id, total, moment)
            lines = _with_quantity(cart, line, total)
        else:
            new = StoredLine(0, product_id, item.variant_id, total, item.price_minor, moment)
            lines = (*cart.lines, replace(new, id=await self.carts.add_line(cart.id, new)))
            self.tx.publish(AddedToCart(product_id, item.vendor_id, moment.isoformat()))
        return self.views.price(cart.id, cart.expires_at, lines, facts)

    async def set_quantity(self, owner: CartOwner, item_id: int, quantity: int) -> CartView:
        """Give a line another quantity, at most what can be had now."""
        moment = now()
        cart = await self._hold(owner, moment)
        line = _line(cart, item_id)
        sold = await SaleItems(self.tx.connection).of(_keys(cart))
        facts = await self.views.facts(list(sold.values()))
        item = facts.item_on_sale(line.variant_id)
        if item is None:
            raise LineNotAvailable
        _check_stock(facts, item, quantity)
        await self.carts.set_quantity(line.id, quantity, moment)
        lines = _with_quantity(cart, line, quantity)
        return self.views.price(cart.id, cart.expires_at, lines, facts)

    async def remove(self, owner: CartOwner, item_id: int) -> CartView:
        """Take a line out."""
        cart = await self._hold(owner, now())
        line = _line(cart, item_id)
        await self.carts.remove_line(line.id)
        left = tuple(other for other in cart.lines if other is not line)
        return await self.views.show(owner, replace(cart, lines=left))

    async def clear(self, owner: CartOwner) -> CartView:
        """Take all lines out; a cart that nothing was ever put into stays unwritten."""
        own, guest = await self.views.find(owner)
        if own is None and guest is None:
            return await self.views.show(owner, None)
        cart = await self._hold(owner, now())
        await self.carts.clear(cart.id)
        return await self.views.show(owner, replace(cart, lines=()))

    async def merge(self, owner: CartOwner) -> CartView:
        """Take the guest session's lines into the buyer's cart, once; a repeat changes nothing.

        Quantities of one variant are summed up to a line's limit, at the older of both prices.
        What does not fit into the buyer's cart any more is left out.
        """
        own, guest = await self.views.find(owner)
        if guest is not None:
            own = await self._hold(owner, now())
        return await self.views.show(owner, own)

    async def lines(self, owner: CartOwner) -> CartSnapshot | None:
        """Return what checkout is to order; None where nothing was ever put in."""
        own, guest = await self.views.find(owner)
        if guest is not None:
            own = await self._hold(owner, now())
        if own is None:
            return None
        lines = (CartLine(line.product_id, line.variant_id, line.quantity) for line in own.lines)
        return CartSnapshot(own.id, own.version, tuple(lines))

    async def close(self, cart_id: UUID, version: int) -> bool:
        """Empty a cart that was ordered; False where it was changed since it was at `version`."""
        return await self.carts.close(cart_id, version, now())

    async def _hold(self, owner: CartOwner, moment: datetime) -> StoredCart:
        """Return the owner's cart as it is now, held until the end, with any guest's taken in."""
        if not await self.carts.touch(owner, moment):
            await self.carts.add(owner, moment)
        own, guest = await self.views.find(owner)
        if own is not None and guest is not None:
            own = await self._take_in(owner, own, moment)
        if own is None:
            raise LostRace
        return own

    async def _take_in(
        self, owner: CartOwner, own: StoredCart, moment: datetime
    ) -> StoredCart | None:
        """Hold the guest's cart too (always after the buyer's) and move its lines."""
        if not await self.carts.touch(CartOwner(session_id=owner.session_id), moment):
            return own
        _, guest = await self.views.find(owner)
        if guest is not None:
            sums, moved = _merged(own, guest)
            await self.carts.absorb(own.id, guest.id, sums=sums, moved=moved, moment=moment)
        own_now, _ = await self.views.find(owner)
        return own_now

    async def forget(self, user_id: UUID) -> None:
        """Delete the cart of a user, if there is one."""
        await self.carts.forget(CartOwner(user_id, None), now())


async def changed(database: Database, change: Callable[[CartService], Awaitable[Result]]) -> Result:
    """Make one change in a transaction of its own, again where a rival made the cart just then.

    A savepoint would not do: after a duplicate MariaDB keeps a shared lock on the rival's row until
    the transaction ends, so that two losers who then update the row block each other.
    """
    for tries_left in reversed(range(_TRIES)):
        try:
            async with database.transaction() as tx:
                return await change(CartService(tx))
        except DBAPIError as error:
            if fault_of(error) not in {Fault.UNIQUE, Fault.RETRY} or not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


def _keys(cart: StoredCart) -> list[tuple[UUID, UUID | None]]:
    return [(line.product_id, line.variant_id) for line in cart.lines]


def _line(cart: StoredCart, item_id: int) -> StoredLine:
    for line in cart.lines:
        if line.id == item_id:
            return line
    raise CartItemNotFound


def _total(cart: StoredCart, line: StoredLine | None, quantity: int) -> int:
    present = line.quantity if line else 0
    if present + quantity > MOST_UNITS:
        raise QuantityTooLarge(most=MOST_UNITS, present=present)
    if line is None and len(cart.lines) >= MOST_LINES:
        raise CartFull(lines=MOST_LINES)
    return present + quantity


def _check_stock(facts: Facts, item: SaleItem, quantity: int) -> None:
    if not facts.covers(item, quantity):
        short = {
            "variant_id": str(item.variant_id),
            "requested": quantity,
            "available": facts.free.get(item.variant_id, 0),
        }
        raise InsufficientStock(lines=[short])


def _with_quantity(cart: StoredCart, line: StoredLine, quantity: int) -> tuple[StoredLine, ...]:
    new = replace(line, quantity=quantity)
    return tuple(new if other is line else other for other in cart.lines)


def _merged(own: StoredCart, guest: StoredCart) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the buyer's lines that become sums, and the guest's lines that just move over."""
    mine = {line.variant_id: line for line in own.lines}
    sums: list[dict[str, Any]] = []
    moved: list[int] = []
    for line in guest.lines:
        if twin := mine.get(line.variant_id):
            older = min(twin, line, key=lambda either: either.created_at)
            sums.append(
                {
                    "of_line": twin.id,
                    "units": min(twin.quantity + line.quantity, MOST_UNITS),
                    "price_minor": older.unit_price_minor,
                }
            )
        elif len(mine) + len(moved) < MOST_LINES:
            moved.append(line.id)
    return sums, moved
