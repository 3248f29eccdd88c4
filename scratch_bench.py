import asyncio, time
from bench import postgres, shop
from bench.postgres import connect, plain
from mestore.kernel.db import Database
from mestore.migrations.run import upgrade
from mestore.operations.doctor import examine
async def main(url, n):
    db = Database(url.render_as_string(hide_password=False))
    t=time.perf_counter(); await upgrade(db.writes); print('schema', time.perf_counter()-t)
    c = await connect(plain(url)); await c.execute("SET session_replication_role = replica; SET synchronous_commit=off; SET maintenance_work_mem='256MB'")
    t=time.perf_counter(); s = shop.Shop(n, n); await s.fill(c); print('fill', n, time.perf_counter()-t)
    async with db.read() as r:
        t=time.perf_counter(); print(await examine(r)); print('doctor', time.perf_counter()-t)
    print(await c.fetchval("select pg_size_pretty(pg_database_size(current_database()))"))
    await c.close(); await db.close()
with postgres.server() as srv:
    for n in (100000,):
        with postgres.database(srv) as url:
            asyncio.run(main(url, n))
