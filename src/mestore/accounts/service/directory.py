"""The directory of users, read in batches for rooms that write it out."""

from collections.abc import AsyncIterator

from mestore.accounts.types import UserFilter, UserProfile
from mestore.accounts.views import users_after
from mestore.kernel.db import Database

BATCH = 500


async def batches_of_users(
    database: Database, which: UserFilter
) -> AsyncIterator[list[UserProfile]]:
    """Yield all users that fit, a bounded number at a time; no connection is held in between."""
    number = 0
    while True:
        async with database.read() as connection:
            users = await users_after(connection, number, which, BATCH)
        if users:
            yield users
        if len(users) < BATCH:
            return
        number = users[-1].number
