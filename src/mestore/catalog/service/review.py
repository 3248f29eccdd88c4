"""The operator's decision on a vendor's edit of an approved product."""

from mestore.accounts.service.acts import record
from mestore.accounts.types.acts import Act, Subject
from mestore.catalog.errors import NothingWaits, ReasonRequired
from mestore.catalog.ports import OpeningStock
from mestore.catalog.repository.changes import ChangeRepository
from mestore.catalog.service.changes import WaitingChanges
from mestore.catalog.service.products import CatalogService
from mestore.catalog.types import ChangeState, Editor, HeldProduct, WaitingChange
from mestore.kernel.db import Tx


async def accept(tx: Tx, product: HeldProduct, editor: Editor, levels: OpeningStock) -> None:
    """Let a waiting edit apply; raises `NothingWaits`, and what editing raises."""
    waiting = await _waiting(tx, product)
    await ChangeRepository(tx.connection).drop(product.id)
    await CatalogService(tx).edit(product, editor, waiting.fields, levels=levels)


async def reject(tx: Tx, product: HeldProduct, reason: str | None) -> None:
    """Say no to a waiting edit, with a reason; raises `NothingWaits` or `ReasonRequired`."""
    if not reason:
        raise ReasonRequired
    waiting = await _waiting(tx, product)
    await WaitingChanges(tx).reject(waiting, reason)
    record(
        tx,
        Act.PRODUCT_CHANGE_REJECTED,
        Subject.PRODUCT,
        product.id,
        before={"fields": sorted(waiting.fields)},
        after={"reason": reason},
    )


async def withdraw(tx: Tx, product: HeldProduct) -> None:
    """Take an edit back before it is decided, or after it was rejected; raises `NothingWaits`."""
    if not await ChangeRepository(tx.connection).drop(product.id):
        raise NothingWaits


async def _waiting(tx: Tx, product: HeldProduct) -> WaitingChange:
    waiting = await ChangeRepository(tx.connection).find(product.id)
    if waiting is None or waiting.state is not ChangeState.PENDING:
        raise NothingWaits
    return waiting
