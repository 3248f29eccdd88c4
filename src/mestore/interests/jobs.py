"""The periodic work of interests, and what follows from it."""

from mestore.interests.service import AlertService, HistoryService, MatchService, match_products
from mestore.interests.types import (
    CheckPrices,
    CheckVendorPrices,
    FindMatches,
    MatchProducts,
    PurgeHistory,
    TellMatches,
)
from mestore.kernel.db import Database, Tx


async def find_matches(tx: Tx, _: FindMatches) -> None:
    """Have the products that changed lately held against the saved searches."""
    await MatchService(tx).find()


async def on_match_products(task: MatchProducts, *, database: Database) -> None:
    """Hold these products against the saved searches."""
    await match_products(database, task)


async def tell_matches(tx: Tx, _: TellMatches) -> None:
    """Tell whoever saved a search what is new in it."""
    await MatchService(tx).tell()


async def check_prices(tx: Tx, task: CheckPrices) -> None:
    """Compare the watched prices of these products with the present ones."""
    await AlertService(tx).check(task.product_ids, task.after_id)


async def check_vendor_prices(tx: Tx, task: CheckVendorPrices) -> None:
    """Compare the watched prices of a vendor's products with the present ones."""
    await AlertService(tx).check_vendor(task.vendor_id, task.after_id)


async def purge_history(tx: Tx, task: PurgeHistory) -> None:
    """Forget one batch of what is too old, and ask for another run where there may be more."""
    if await HistoryService(tx).purge():
        tx.enqueue(task)
