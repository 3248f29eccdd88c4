"""The prices that products really had: written with every change, asked before a discount."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from mestore.catalog.errors import CompareAtPriceNotReal
from mestore.catalog.repository.prices import PriceRepository
from mestore.catalog.types import PricePolicy
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.money import to_number


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A product that costs something else from now on."""

    product_id: UUID
    created_at: datetime
    old_minor: int
    new_minor: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a vendor says a product cost before, now and until now."""

    product_id: UUID
    created_at: datetime
    price_minor: int
    old_compare_at_minor: int | None
    compare_at_minor: int | None


class PriceBook:
    """Keeps the price history; every call takes a constant number of statements."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.prices = PriceRepository(tx.connection)

    async def open(self, products: Sequence[tuple[UUID, int]]) -> None:
        """Write the first prices of new products."""
        moment = now()
        await self.prices.add([_row(key, minor, moment) for key, minor in products])

    async def change(self, changes: Sequence[PriceChange]) -> None:
        """End the prices until now and begin the new ones; the products are held."""
        if not changes:
            return
        moment = now()
        known = await self.prices.end([change.product_id for change in changes], moment)
        rows = [_row(change.product_id, change.new_minor, moment) for change in changes]
        # A product older than this history: what it cost until now is known all the same.
        rows += [
            _row(change.product_id, change.old_minor, change.created_at) | {"until": moment}
            for change in changes
            if change.product_id not in known
        ]
        await self.prices.add(rows)

    async def check(self, claims: Sequence[Claim]) -> None:
        """Refuse a price before that no buyer ever met; raises `CompareAtPriceNotReal`."""
        policy, moment = self.tx.policy(PricePolicy), now()
        newest = moment - timedelta(days=policy.new_days)
        doubtful = [
            claim
            for claim in claims
            if policy.compare_at_days
            and claim.created_at <= newest
            and claim.compare_at_minor is not None
            and claim.compare_at_minor != claim.old_compare_at_minor
            and claim.compare_at_minor > claim.price_minor
        ]
        if not doubtful:
            return
        since = moment - timedelta(days=policy.compare_at_days)
        highest = await self.prices.highest([claim.product_id for claim in doubtful], since)
        for claim in doubtful:
            most = max(highest.get(claim.product_id, 0), claim.price_minor)
            if (claim.compare_at_minor or 0) > most:
                raise CompareAtPriceNotReal(
                    highest=to_number(most),
                    days=policy.compare_at_days,
                    product_id=claim.product_id,
                )


def _row(product_id: UUID, price_minor: int, since: datetime) -> dict[str, object]:
    return {"product_id": product_id, "price_minor": price_minor, "since": since, "until": None}
