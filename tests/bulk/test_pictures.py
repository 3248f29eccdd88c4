"""Pictures that files name: fetched without reaching what is not public, or taken out of a ZIP."""

import io
import threading
import time
import unicodedata
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import ClassVar
from uuid import UUID

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from mestore.bootstrap import App
from mestore.bulk.adapters.pictures import WebPictures, is_public
from mestore.bulk.service.steps import apply_chunk, check_chunk, stage_file
from mestore.bulk.types import PictureRefused
from mestore.catalog.models import Product
from mestore.kernel.db import Database
from mestore.kernel.jobs import MAXIMUM_TRIES
from mestore.kernel.network import client as network_client
from mestore.kernel.outbox import Job
from mestore.media.types import MOST_BYTES
from mestore.settings import Environment, Settings
from tests.bulk.calls import Importer, counts, csv_of
from tests.catalog.pictures import picture
from tests.conftest import MovedClock

HEADER = ["sku", "name", "price", "images"]


class Elsewhere(BaseHTTPRequestHandler):
    """A site with a picture, a redirect to it, and something without an end."""

    cookies: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        self.cookies.append(self.headers["Cookie"])
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/one.jpg")
            self.end_headers()
            return
        self.send_response(200 if self.path in {"/one.jpg", "/slow.jpg", "/endless"} else 404)
        self.send_header("Set-Cookie", "seen=1")
        self.end_headers()
        if self.path == "/slow.jpg":
            time.sleep(0.5)
            self.wfile.write(picture(size=(500, 300)))
        if self.path == "/one.jpg":
            self.wfile.write(picture())
        if self.path == "/endless":
            try:
                for _ in range(MOST_BYTES // 65536 + 50):
                    self.wfile.write(b"x" * 65536)
            except OSError:
                return

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """A site on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def settings(engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A program that may fetch pictures from this machine."""
    return Settings(
        _env_file=None,
        environment=Environment.TESTING,
        database_url=engine_url,
        data_dir=tmp_path_factory.mktemp("data"),
        secret_key=SecretStr("a secret of the tests, 32 characters or more"),
        wompi_base_url="http://127.0.0.1:9/v1",
        import_allow_loopback=True,
    )


async def shown(database: Database) -> dict[str, int]:
    """Return how many public pictures each product has."""
    async with database.read() as connection:
        rows = await connection.execute(select(Product.sku, Product.images))
        return {row.sku: len(row.images) for row in rows}


async def test_pictures_are_fetched_once_and_failures_leave_the_product(
    importer: Importer, database: Database, site: str
) -> None:
    names = [f"{site}/one.jpg", f"{site}/moved", f"{site}/none.jpg", f"{site}/endless"]
    rows = [HEADER, ["A", "Uno", "1", " ".join(names)], ["B", "Dos", "1", f"{site}/one.jpg"]]
    job = await importer.job(csv_of(rows))
    assert (job["state"], counts(job)) == ("DONE", (2, 0, 0, 0))
    assert (job["pictures_total"], job["pictures_done"], job["pictures_failed"]) == (5, 2, 3)
    report = await importer.report(job)
    assert sorted((line["row"], line["code"], line["hint"]) for line in report) == [
        ("2", "IMAGE_TOO_LARGE", names[3]),
        ("2", "PICTURE_UNREACHABLE", names[1]),
        ("2", "PICTURE_UNREACHABLE", names[2]),
    ]
    assert await shown(database) == {"A": 1, "B": 1}
    again = await importer.job(csv_of([HEADER, rows[2]]))
    assert (counts(again), again["pictures_total"]) == ((0, 0, 1, 0), 0)
    exported = await importer.job(await importer.export("csv"))
    assert (counts(exported), exported["pictures_total"]) == ((0, 0, 2, 0), 0)
    assert await shown(database) == {"A": 1, "B": 1}


async def test_pictures_are_shown_in_the_order_of_the_file(
    importer: Importer, database: Database, site: str
) -> None:
    sources = f"{site}/slow.jpg {site}/one.jpg"
    await importer.job(csv_of([HEADER, ["A", "Uno", "1", sources]]))
    async with database.read() as connection:
        (images,) = (await connection.execute(select(Product.images))).scalars()
    assert [image["width"] for image in images] == [500, 400]


async def test_pictures_that_fail_together_are_each_counted(importer: Importer, site: str) -> None:
    names = [f"{site}/none-{number}.jpg" for number in range(16)]
    rows = [["A", "Uno", "1", " ".join(names[:8])], ["B", "Dos", "1", " ".join(names[8:])]]
    job = await importer.job(csv_of([HEADER, *rows]))
    assert (job["state"], job["pictures_failed"], job["issues_total"]) == ("DONE", 16, 16)
    assert len(await importer.report(job)) == 16


async def test_a_store_of_pictures_that_is_away_is_waited_for(
    importer: Importer, database: Database, site: str, settings: Settings, clock: MovedClock
) -> None:
    media = settings.media
    aside = media.rename(media.with_name("aside"))
    media.write_bytes(b"a file where the folder was")
    rows = [HEADER, ["A", "Uno", "1", f"{site}/one.jpg"]]
    waiting = await importer.job(csv_of(rows))
    assert (waiting["state"], waiting["pictures_failed"]) == ("APPLYING", 0)
    assert await shown(database) == {"A": 0}

    media.unlink()
    aside.rename(media)
    clock.advance(timedelta(seconds=10))
    await importer.run_jobs()
    job = await importer.state(waiting["id"])
    assert (job["state"], job["pictures_done"], job["pictures_failed"]) == ("DONE", 1, 0)
    assert await shown(database) == {"A": 1}
    # The first try wrote nothing that stays: only the five sizes of the second are there.
    clock.advance(timedelta(hours=2))
    await importer.run_jobs()
    assert len([path for path in media.rglob("*.webp")]) == 5


async def test_pictures_come_in_a_zip_whatever_their_names_say(
    importer: Importer, database: Database
) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("../../escape.jpg", picture())
        archive.writestr("/etc/passwd", picture())
        archive.writestr("no-picture.jpg", b"text")
    sources = "../../escape.jpg /etc/passwd no-picture.jpg"
    rows = csv_of([HEADER, ["A", "Uno", "1", sources]])
    job = await importer.job(rows, images=written.getvalue())
    assert (job["state"], job["pictures_done"], job["pictures_failed"]) == ("DONE", 2, 1)
    (line,) = await importer.report(job)
    assert (line["row"], line["code"]) == ("2", "UNSUPPORTED_IMAGE")
    assert await shown(database) == {"A": 2}
    missing = await importer.job(rows)
    assert missing["state"] == "FAILED"
    assert {each["code"] for each in await importer.report(missing)} == {"PICTURE_MISSING"}


async def test_names_in_a_zip_are_found_whatever_machine_packed_it(
    importer: Importer, database: Database
) -> None:
    apart = unicodedata.normalize("NFD", "camión.jpg")
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(apart, picture())
        archive.writestr("ni--a.jpg", picture())
    # As a Mac writes it: UTF-8, and nothing that says so.
    content = written.getvalue().replace(b"ni--a.jpg", "niña.jpg".encode())
    rows = csv_of([HEADER, ["A", "Uno", "1", "camión.jpg"], ["B", "Dos", "1", "niña.jpg"]])
    job = await importer.job(rows, images=content)
    assert (job["state"], await importer.report(job)) == ("DONE", [])
    assert await shown(database) == {"A": 1, "B": 1}


async def test_a_damaged_picture_of_a_zip_fails_alone(
    importer: Importer, database: Database
) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("damaged.jpg", b"a" * 5000)
        archive.writestr("good.jpg", picture())
    content = written.getvalue()
    start = content.index(b"damaged.jpg") + len(b"damaged.jpg")
    damaged = content[:start] + b"\xff" * 4 + content[start + 4 :]
    rows = csv_of([HEADER, ["A", "Uno", "1", "damaged.jpg good.jpg"]])
    job = await importer.job(rows, images=damaged)
    assert (job["state"], job["pictures_done"], job["pictures_failed"]) == ("DONE", 1, 1)
    (line,) = await importer.report(job)
    assert (line["row"], line["code"], line["hint"]) == ("2", "UNSUPPORTED_IMAGE", "damaged.jpg")
    assert await shown(database) == {"A": 1}


async def test_what_is_no_zip_is_refused(importer: Importer) -> None:
    answer = await importer.send(csv_of([HEADER]), images=b"no zip at all")
    assert (answer.status_code, answer.json()["code"]) == (422, "PICTURES_UNREADABLE")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",  # noqa: S104  an address to be refused
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fec0::1",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "ff02::1",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "{site}/one.jpg",
        "http://localhost:{port}/one.jpg",
        "http://2130706433:{port}/one.jpg",
        "http://0x7f.1:{port}/one.jpg",
        "http://[::1]:{port}/one.jpg",
        "http://[::ffff:127.0.0.1]:{port}/one.jpg",
        "http://169.254.169.254/latest/meta-data/",
        "http://user:secret@127.0.0.1:{port}/one.jpg",
        "ftp://127.0.0.1/one.jpg",
        "http://",
    ],
)
async def test_nothing_on_this_machine_is_ever_asked(site: str, url: str) -> None:
    asked = []

    async def note(request: httpx2.Request) -> None:
        asked.append(str(request.url))

    async with network_client() as http:
        http.event_hooks["request"].append(note)
        with pytest.raises(PictureRefused):
            await WebPictures(http).fetch(url.format(site=site, port=site.rpartition(":")[2]))
    assert asked == []


async def test_no_site_hears_what_another_at_its_address_said(site: str) -> None:
    Elsewhere.cookies.clear()
    async with network_client() as http:
        pictures = WebPictures(http, allows_loopback=True)
        for _ in range(2):
            await pictures.fetch(f"{site}/one.jpg")
    assert Elsewhere.cookies == [None, None]


async def test_a_job_that_was_given_up_over_its_pictures_says_that_its_rows_are_there(
    importer: Importer, program: App, database: Database, site: str
) -> None:
    content = csv_of([HEADER, ["A", "Uno", "1", f"{site}/one.jpg"]])
    job_id = UUID((await importer.send(content)).json()["id"])
    for step in (stage_file, partial(check_chunk, chunk=0), partial(apply_chunk, chunk=0)):
        await step(program.workshop, job_id)
    # Public pictures cannot be written while a file is where their folder belongs.
    products = program.settings.data_dir / "media" / "products"
    products.write_bytes(b"")
    async with database.transaction() as tx:
        fetching = update(Job).where(Job.handler == "bulk.fetch_pictures")
        await tx.connection.execute(fetching.values(tries=MAXIMUM_TRIES - 1))
    await importer.run_jobs()
    job = await importer.state(str(job_id))
    assert (job["state"], job["rows_done"], job["pictures_done"]) == ("FAILED", 1, 0)
    (line,) = await importer.report(job)
    assert line["code"] == "GIVEN_UP"
    assert "Every row was applied" in line["issue"]
    products.unlink()
    again = await importer.job(content)
    assert (again["state"], again["pictures_done"]) == ("DONE", 1)
