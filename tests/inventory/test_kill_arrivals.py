"""kill -9 before and after every statement and commit of units that arrive and fill backorders.

SQLite dies at every event; the servers, where a start costs more, at every third or seventh.
"""

import pytest
from sqlalchemy import func, select, update

from mestore.catalog.models import Variant
from mestore.catalog.types import InventoryPolicy
from mestore.inventory.models import Reservation
from mestore.inventory.types import ReservationState
from mestore.kernel.db import Database
from mestore.settings import Settings
from tests.build import Build
from tests.checkout.till import Till
from tests.conftest import AsUser
from tests.crash.shop import Guest, Json, events_of, mortal

pytestmark = pytest.mark.slow

WAITING = 900
ARRIVAL: Json = {"delta": 3, "reason": "arrived", "location": "Bodega norte"}
"""At another place than where orders wait: they come to hold units of both."""


async def held(database: Database, state: ReservationState) -> tuple[int, int]:
    """Return the units that orders have, and that they wait for."""
    query = select(
        func.coalesce(func.sum(Reservation.quantity), 0),
        func.coalesce(func.sum(Reservation.backordered), 0),
    ).where(Reservation.state == state)
    async with database.read() as connection:
        has, waits = (await connection.execute(query)).one()
    return int(has), int(waits)


async def test_what_arrives_is_given_out_once_wherever_the_server_dies(
    database: Database, build: Build, settings: Settings, as_user: AsUser
) -> None:
    till, product = Till(database, build), await build.product(stock=0)
    async with database.transaction() as tx:
        change = update(Variant).where(Variant.id == product.variant_id)
        await tx.connection.execute(change.values(inventory_policy=InventoryPolicy.CONTINUE))
    owner = await as_user(product.vendor.owner)
    # The first one gets all that arrives, and the next one waits on.
    await till.settle_approved(await till.place((product, WAITING)))
    await till.place((product, 5))
    path, rounds = f"/products/{product.id}/inventory/adjust", 1
    with mortal(settings) as processes:
        guest = Guest(processes)
        assert guest.post(path, ARRIVAL, key="rehearsal", headers=owner)
        processes.serve()
        for event in events_of(database):
            rounds += 1
            key = f"arrival-{event}"
            if guest.post(path, ARRIVAL, key=key, headers=owner, die_at=event) is not None:
                break
            processes.revive()
            again = guest.post(path, ARRIVAL, key=key, headers=owner)
            assert again is not None
            assert again.status_code == 200, again.text
    assert event > 30
    arrived = ARRIVAL["delta"] * rounds
    assert await held(database, ReservationState.TAKEN) == (arrived, WAITING - arrived)
    assert await held(database, ReservationState.LIVE) == (0, 5)
    assert await build.stock_of(product.variant_id) == (0, 0)
    assert await till.doctor() == []
