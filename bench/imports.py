"""How long an import takes, and how much memory: `python -m bench.imports`, `--rows 5000` for less.

A file of products is added, imported again as it is, exported and imported again, and changed in
every row; then the search index catches up. All of it in one process, worker included, whose
largest memory is told; each engine and form in a process of its own.
"""

import argparse
import asyncio
import csv
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

from openpyxl import Workbook
from pydantic import SecretStr

from bench.run import say
from mestore import bootstrap
from mestore.bootstrap import App
from mestore.bulk.service.exporting import Selection, exported
from mestore.bulk.service.jobs import JobService
from mestore.bulk.service.receiving import received
from mestore.bulk.types import BulkPolicy, BulkState, FileForm, JobKind, JobView, Wish
from mestore.bulk.views.jobs import Onlooker, get_job
from mestore.kernel.ids import uuid7
from mestore.kernel.jobs import count_by_state
from mestore.settings import Environment, Settings
from tests import engines
from tests.build import Build

HEADER = (
    "sku",
    "name",
    "description",
    "short_description",
    "price",
    "category",
    "brand",
    "tags",
    "weight",
    "stock",
    "seo_title",
    "metadata",
)
BAR_SECONDS, BAR_MEGABYTES = 300, 300


def rows(count: int, category: str, *, price: int = 0) -> Iterator[list[object]]:
    """Yield the rows of a file like a real shop's."""
    for number in range(count):
        yield [
            f"SKU-{number:06}",
            f"Cafetera italiana de aluminio {number % 997} tazas, edición {number}",
            f'Prepara café en casa. "Clásica", con válvula.\nPieza {number}. ' * 3,
            "Para fogón y estufa",
            45000 + number % 1000 + price,
            category,
            f"Marca {number % 50}",
            "cocina|café|hogar",
            "0.85",
            number % 40,
            f"Cafetera {number}",
            '{"origen": "Colombia"}',
        ]


def write(path: Path, form: FileForm, count: int, category: str, *, price: int = 0) -> None:
    """Write a file of so many products."""
    if form is FileForm.XLSX:
        book = Workbook(write_only=True)
        sheet = book.create_sheet()
        sheet.append(HEADER)
        for row in rows(count, category, price=price):
            sheet.append(row)
        book.save(path)
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(rows(count, category, price=price))


async def pieces(path: Path) -> AsyncIterator[bytes]:
    """Yield a file as an upload."""
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, 1 << 18):
            yield piece


async def take_in(app: App, vendor_id: UUID, user_id: UUID, path: Path) -> JobView:
    """Import a file and wait for its job; what else is due runs beside it."""
    job_id, onlooker = uuid7(), Onlooker(user_id)
    async with received(pieces(path), None, BulkPolicy()) as upload:
        await upload.keep(app.workshop, job_id)
        async with app.database.transaction() as tx:
            wish = Wish(JobKind.PRODUCTS)
            service = JobService(tx)
            await service.begin(job_id, onlooker, vendor_id, wish, upload.form, has_pictures=False)
    ended = (BulkState.DONE, BulkState.FAILED, BulkState.CANCELLED)
    while True:
        async with app.database.read() as connection:
            job = await get_job(connection, onlooker, job_id)
        if job.state in ended:
            return job
        await asyncio.sleep(0.5)


def peak() -> int:
    """Return the largest memory of this process so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


async def settle(app: App) -> float:
    """Wait until no job is due; return how many seconds that took."""
    started = time.perf_counter()
    while (await count_by_state(app.database)).get("READY", 0):  # noqa: ASYNC110
        await asyncio.sleep(0.5)
    return time.perf_counter() - started


async def measure(url: str, form: FileForm, count: int, folder: Path) -> None:
    """Measure one engine and one form."""
    secret = SecretStr("a secret of the benchmark, 32 characters or more")
    settings = Settings(
        _env_file=None,
        environment=Environment.TESTING,
        database_url=url,
        data_dir=folder,
        secret_key=secret,
    )
    app = bootstrap.build(settings)
    build = Build(app.database)
    vendor, category = await build.vendor(), await build.category()
    worker = app.worker()
    worker.periodic = ()
    loop = asyncio.create_task(worker.run())
    path = folder / "file"
    before = peak()
    try:
        for name, price in (("added", 0), ("again", 0), ("every price changed", 100)):
            await asyncio.to_thread(write, path, form, count, category.slug, price=price)
            await _report(app, vendor.id, vendor.owner.id, path, name)
            say(f"  search index caught up after {await settle(app):.1f} s more")
        with path.open("wb") as file:
            async for piece in exported(app.database, Selection(vendor.id), form):
                await asyncio.to_thread(file.write, piece)
        await _report(app, vendor.id, vendor.owner.id, path, "own export")
    finally:
        worker.stop()
        await loop
        await app.close()
    say(f"  memory {peak()} MB, {before} MB before (bar {BAR_MEGABYTES})")


async def _report(app: App, vendor_id: UUID, user_id: UUID, path: Path, name: str) -> None:
    started, used = time.perf_counter(), time.process_time()
    job = await take_in(app, vendor_id, user_id, path)
    seconds, used = time.perf_counter() - started, time.process_time() - used
    size = await asyncio.to_thread(lambda: path.stat().st_size // 1024)
    say(
        f"  {name}: {seconds:.1f} s (bar {BAR_SECONDS}), {used:.1f} s of our processor, {job.state}"
    )
    say(
        f"    {job.rows_created} created, {job.rows_updated} updated, {job.rows_unchanged} "
        f"unchanged; file {size} KB, memory {peak()} MB"
    )


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--engine", choices=["sqlite", "postgres"])
    parser.add_argument("--form", choices=[form.value for form in FileForm], default="csv")
    asked = parser.parse_args()
    if asked.engine is None:
        for engine in ("sqlite", "postgres"):
            command = [sys.executable, "-m", "bench.imports", "--engine", engine]
            command += ["--form", asked.form, "--rows", str(asked.rows)]
            subprocess.run(command, check=True)  # noqa: S603  ourselves
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if asked.engine == "sqlite":
            template = stack.enter_context(engines.sqlite_template(folder))
            url = engines.copy_of(template, folder)
        else:
            server = stack.enter_context(engines.postgres_server("bench-imports"))
            url = stack.enter_context(engines.full_database(server)).url
        say(f"{asked.engine}, {asked.form}, {asked.rows} products")
        address = url.render_as_string(hide_password=False)
        asyncio.run(measure(address, FileForm(asked.form), asked.rows, folder))


if __name__ == "__main__":
    main()
