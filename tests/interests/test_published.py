"""Products that go public: several messages of one of them may be heard at once."""

import asyncio
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from mestore.interests.models import PublishedProduct
from mestore.interests.service import MatchService
from mestore.kernel.db import Database
from mestore.kernel.db_errors import Fault, fault_of
from tests.build import Build


async def test_messages_of_one_new_product_are_heard_at_once(
    build: Build, database: Database
) -> None:
    ids = [(await build.product(name=f"Mesa {n}")).id for n in range(6)]

    async def hear(some: list[UUID], *, is_published: bool) -> None:
        try:
            async with database.transaction() as tx:
                await MatchService(tx).freshen(some, is_published=is_published)
                await asyncio.sleep(0.05)
        except DBAPIError as error:
            # A deadlock is tried again in silence, as the job loop does.
            if fault_of(error) is not Fault.RETRY:
                raise
            await hear(some, is_published=is_published)

    await hear(ids[:2], is_published=True)
    await asyncio.gather(
        hear(ids[1:5], is_published=True),
        hear(ids[2:], is_published=False),
        hear(ids, is_published=False),
    )

    async with database.read() as connection:
        found = (await connection.execute(select(PublishedProduct.product_id))).scalars().all()
    assert sorted(found) == sorted(ids)
