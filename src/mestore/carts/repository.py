"""Every SQL statement that writes carts.

A change starts with `touch`, which holds the cart's row until the transaction ends: changes of one
cart happen one after the other, so what was read after it is still true when it is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.carts.models import Cart, CartItem
from mestore.carts.types import CartOwner, StoredLine
from mestore.kernel.columns import UtcDateTime
from mestore.kernel.db import affected, inserted_id

_MOMENT: Any = bindparam("moment", type_=UtcDateTime)
_TOUCHED = {
    "version": Cart.version + 1,
    "updated_at": _MOMENT,
    "expires_at": bindparam("until", type_=UtcDateTime),
}

_TOUCH_BUYERS = update(Cart).where(Cart.buyer_id == bindparam("of_buyer")).values(_TOUCHED)
_TOUCH_GUESTS = update(Cart).where(Cart.session_id == bindparam("of_session")).values(_TOUCHED)
_INSERT_CART = insert(Cart)
_INSERT_LINE = insert(CartItem)
_SET_QUANTITY = (
    update(CartItem)
    .where(CartItem.id == bindparam("of_line"))
    .values(quantity=bindparam("units"), updated_at=_MOMENT)
)
_SUM_LINES = (
    update(CartItem)
    .where(CartItem.id == bindparam("of_line"))
    .values(
        quantity=bindparam("units"),
        unit_price_minor=bindparam("price_minor"),
        updated_at=_MOMENT,
    )
)
_MOVE_LINES = (
    update(CartItem)
    .where(CartItem.id.in_(bindparam("of_lines", expanding=True)))
    .values(cart_id=bindparam("to_cart"), updated_at=_MOMENT)
)
_DELETE_LINE = delete(CartItem).where(CartItem.id == bindparam("of_line"))
_DELETE_LINES = delete(CartItem).where(CartItem.cart_id.in_(bindparam("of_carts", expanding=True)))
_DELETE_CARTS = delete(Cart).where(Cart.id.in_(bindparam("of_carts", expanding=True)))
_OF_BUYER = select(Cart.id).where(Cart.buyer_id == bindparam("of_buyer"))
_CLOSE = (
    update(Cart)
    .where(Cart.id == bindparam("of_cart"), Cart.version == bindparam("seen"))
    .values(version=Cart.version + 1, updated_at=_MOMENT)
)
# One that is being changed is not expired any more, so it need not be waited for.
_EXPIRED = (
    select(Cart.id)
    .where(Cart.expires_at < _MOMENT)
    .order_by(Cart.expires_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


@dataclass(frozen=True, slots=True)
class CartRepository:
    """Carts and their lines."""

    connection: AsyncConnection

    async def touch(self, owner: CartOwner, moment: datetime) -> bool:
        """Count a change of the owner's cart and hold it; False where there is none yet."""
        values = {"moment": moment, "until": moment + owner.keeps}
        if owner.buyer_id:
            changed = affected(self.connection, _TOUCH_BUYERS, of_buyer=owner.buyer_id, **values)
        else:
            changed = affected(
                self.connection, _TOUCH_GUESTS, of_session=owner.session_id, **values
            )
        return await changed == 1

    async def add(self, owner: CartOwner, moment: datetime) -> None:
        """Write an empty cart and hold it; a rival who makes the same one is a unique violation."""
        row = {
            "id": owner.cart_id,
            "buyer_id": owner.buyer_id,
            "session_id": None if owner.buyer_id else owner.session_id,
            "version": 1,
            "created_at": moment,
            "updated_at": moment,
            "expires_at": moment + owner.keeps,
        }
        await self.connection.execute(_INSERT_CART, row)

    async def add_line(self, cart_id: UUID, line: StoredLine) -> int:
        """Write a line and return its id."""
        row = {
            "cart_id": cart_id,
            "product_id": line.product_id,
            "variant_id": line.variant_id,
            "quantity": line.quantity,
            "unit_price_minor": line.unit_price_minor,
            "created_at": line.created_at,
            "updated_at": line.created_at,
        }
        return await inserted_id(self.connection, _INSERT_LINE, row)

    async def set_quantity(self, line_id: int, quantity: int, moment: datetime) -> None:
        """Give a line of a held cart its quantity."""
        values = {"of_line": line_id, "units": quantity, "moment": moment}
        await affected(self.connection, _SET_QUANTITY, **values)

    async def remove_line(self, line_id: int) -> None:
        """Delete a line of a held cart."""
        await affected(self.connection, _DELETE_LINE, of_line=line_id)

    async def clear(self, cart_id: UUID) -> None:
        """Delete all lines of a held cart."""
        await affected(self.connection, _DELETE_LINES, of_carts=[cart_id])

    async def absorb(
        self,
        cart_id: UUID,
        other_id: UUID,
        *,
        sums: Sequence[Mapping[str, Any]],
        moved: Sequence[int],
        moment: datetime,
    ) -> None:
        """Write what two held carts come to in the first one, and delete the other."""
        if sums:
            await self.connection.execute(_SUM_LINES, [{**row, "moment": moment} for row in sums])
        if moved:
            values = {"of_lines": list(moved), "to_cart": cart_id, "moment": moment}
            await affected(self.connection, _MOVE_LINES, **values)
        await self.clear(other_id)
        await affected(self.connection, _DELETE_CARTS, of_carts=[other_id])

    async def close(self, cart_id: UUID, version: int, moment: datetime) -> bool:
        """Empty a cart that is still at `version`."""
        values = {"of_cart": cart_id, "seen": version, "moment": moment}
        if await affected(self.connection, _CLOSE, **values) != 1:
            return False
        await self.clear(cart_id)
        return True

    async def forget(self, owner: CartOwner, moment: datetime) -> None:
        """Delete the cart of a buyer, if there is one, held as any change holds it."""
        await self.touch(owner, moment)
        found = await self.connection.execute(_OF_BUYER, {"of_buyer": owner.buyer_id})
        ids = list(found.scalars())
        if ids:
            await affected(self.connection, _DELETE_LINES, of_carts=ids)
            await affected(self.connection, _DELETE_CARTS, of_carts=ids)

    async def purge_expired(self, moment: datetime, most: int) -> int:
        """Delete up to `most` carts whose time was over at `moment`; return how many."""
        found = await self.connection.execute(_EXPIRED, {"moment": moment, "most": most})
        ids = list(found.scalars())
        if ids:
            await affected(self.connection, _DELETE_LINES, of_carts=ids)
            await affected(self.connection, _DELETE_CARTS, of_carts=ids)
        return len(ids)
