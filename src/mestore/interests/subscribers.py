"""What interests do when something happens elsewhere."""

from datetime import datetime

from mestore.accounts.events import SignedIn, UserErased
from mestore.catalog.events import (
    ProductChanged,
    ProductPublished,
    ProductsWritten,
    VendorShown,
)
from mestore.interests.service import AlertService, HistoryService, MatchService, SavedService
from mestore.interests.types import CheckVendorPrices
from mestore.kernel.db import Tx
from mestore.search.events import Searched


async def on_searched(tx: Tx, event: Searched) -> None:
    """Remember what a user looked for."""
    at = datetime.fromisoformat(event.at)
    await HistoryService(tx).searched(event.user_id, event.text, event.filters, event.results, at)


async def on_signed_in(tx: Tx, event: SignedIn) -> None:
    """Give a user who signs in what their device looked at before."""
    await HistoryService(tx).adopt(event.user_id, event.guest_session)


async def on_user_erased(tx: Tx, event: UserErased) -> None:
    """Forget what somebody whose personal data were erased was interested in."""
    await HistoryService(tx).forget(event.user_id)
    await SavedService(tx).forget(event.user_id)
    await AlertService(tx).forget(event.user_id)


async def on_product_published(tx: Tx, event: ProductPublished) -> None:
    """Check its watched prices, and let saved searches see a product that is new to them."""
    await AlertService(tx).check([event.product_id])
    await MatchService(tx).freshen([event.product_id], is_published=True)


async def on_product_changed(tx: Tx, event: ProductChanged) -> None:
    """Check its watched prices, and let saved searches see what it has become."""
    await AlertService(tx).check([event.product_id])
    await MatchService(tx).freshen([event.product_id])


async def on_products_written(tx: Tx, event: ProductsWritten) -> None:
    """Do that for all products of a part of an import."""
    matches = MatchService(tx)
    await AlertService(tx).check(event.product_ids)
    if event.published_ids:
        await matches.freshen(event.published_ids, is_published=True)
    await matches.freshen(event.product_ids)


async def on_vendor_shown(tx: Tx, event: VendorShown) -> None:
    """Check the watched prices of a shop that is back."""
    tx.enqueue(CheckVendorPrices(event.vendor_id))
