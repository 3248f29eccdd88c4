"""Loads the shops that searching is measured in: `python -m bench.search_load 1000000`.

They stay: a million products take minutes. `mestore_search_<products>` on the running PostgreSQL;
`sqlite:100000` copies that shop into a file.
"""

import asyncio
import sys
from pathlib import Path
from tempfile import gettempdir

from sqlalchemy import insert, select, text
from sqlalchemy.engine import URL, make_url

from bench.postgres import connect, plain
from bench.search_shop import SearchShop
from mestore.kernel.columns import Base
from mestore.kernel.db import Database
from tests.engines import check, create_schema, execute

BATCH = 5_000


def address(shop: str) -> URL:
    """Return the address of a shop: `1000` on PostgreSQL, `sqlite:1000` in a file."""
    engine, _, size = shop.rpartition(":")
    if engine == "sqlite":
        return make_url(f"sqlite+aiosqlite:///{gettempdir()}/mestore_search_{size}.db")
    return make_url(check("postgres")).set(database=f"mestore_search_{size}")


async def load(server: URL, products: int) -> None:
    """Make the database anew and fill it."""
    url = server.set(database=f"mestore_search_{products}")
    await execute(server, [f"DROP DATABASE IF EXISTS {url.database} WITH (FORCE)"])
    await execute(server, [f"CREATE DATABASE {url.database} TEMPLATE template0"])
    await create_schema(url)
    connection = await connect(plain(url))
    try:
        await connection.execute("SET synchronous_commit = off")
        await SearchShop(products, 0).fill(connection)
    finally:
        await connection.close()


async def copy(server: URL, to: URL, products: int) -> None:
    """Make the tables of a new file and copy the shop of PostgreSQL into it."""
    await create_schema(to)
    shop = Database(_shown(server.set(database=f"mestore_search_{products}")))
    file = Database(_shown(to))
    try:
        for table in Base.metadata.sorted_tables:
            async with shop.writes.begin() as source, file.transaction() as tx:
                rows = await source.stream(select(*table.c))
                async for part in rows.mappings().partitions(BATCH):
                    await tx.connection.execute(insert(table), [dict(row) for row in part])
        async with file.read() as connection:
            await connection.execute(text("ANALYZE"))
    finally:
        await shop.close()
        await file.close()


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=False)


if __name__ == "__main__":
    at = make_url(check("postgres"))
    for size in sys.argv[1:]:
        engine, _, number = size.rpartition(":")
        if engine == "sqlite":
            file = address(size)
            Path(str(file.database)).unlink(missing_ok=True)
            asyncio.run(copy(at, file, int(number)))
        else:
            asyncio.run(load(at, int(number)))
