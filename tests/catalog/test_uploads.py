"""Uploading pictures: what is taken, what becomes of it, what is refused."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from PIL import Image
from sqlalchemy import update

from mestore.accounts.types import UserType
from mestore.bootstrap import App
from mestore.catalog.jobs import on_drop_images, on_make_sizes
from mestore.catalog.types import DropImages, MakeSizes
from mestore.kernel.db import Database
from mestore.kernel.jobs import MAXIMUM_TRIES
from mestore.kernel.outbox import Job, JobState
from mestore.settings import Settings
from tests import engines
from tests.audit.log import in_time
from tests.build import Build, BuiltProduct
from tests.catalog.pictures import bomb, endless_text, picture, turned_with_place
from tests.conftest import AsUser, Sources

RunJobs = Callable[[], Awaitable[int]]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


async def _send(
    client: httpx2.AsyncClient,
    product: BuiltProduct,
    headers: dict[str, str],
    *files: bytes,
    name: str = "photo.jpg",
    alt: str = "Frente",
) -> httpx2.Response:
    form = [("files", (name, content, "image/jpeg")) for content in files]
    address = f"/products/{product.id}/images"
    return await client.post(address, files=form, data={"alt": alt}, headers=headers)


def _written(settings: Settings) -> list[Path]:
    return sorted(path for path in settings.media.rglob("*") if path.is_file())


async def test_an_upload_is_public_in_five_sizes_when_they_are_made(
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    run_jobs: RunJobs,
    settings: Settings,
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    answer = await _send(client, product, headers, turned_with_place(), picture("PNG"))
    assert answer.status_code == 202, answer.text
    first, second = answer.json()["images"]
    assert (first["width"], first["height"], first["state"]) == (200, 400, "PROCESSING")
    address = f"/products/{product.id}/images"
    assert (await client.get(address)).json() == {"images": []}
    await run_jobs()
    shown = (await client.get(address)).json()["images"]
    assert [each["id"] for each in shown] == [first["id"], second["id"]]
    own = await client.get(f"{address}/{first['id']}", headers=headers)
    assert own.json()["state"] == "READY"
    assert len(_written(settings)) == 10
    for url in shown[0]["urls"].values():
        file = await client.get(f"http://test{url}")
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
        opened = Image.open(io.BytesIO(file.content))
        assert (opened.format, len(opened.getexif())) == ("WEBP", 0)
        assert b"Secret Camera" not in file.content
        assert opened.height == 2 * opened.width


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
async def test_the_content_decides_what_a_file_is(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, settings: Settings, kind: str
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    name = "../../../etc/cron.d/evil.svg"
    answer = await _send(client, product, headers, picture(kind), name=name)
    assert answer.status_code == 202, answer.text
    (file,) = _written(settings)
    assert (file.name, file.parent.parent.name) == ("original.webp", product.id.hex)


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (SVG, 415, "UNSUPPORTED_IMAGE"),
        (b"", 415, "UNSUPPORTED_IMAGE"),
        (b"%PDF-1.7 \0\0", 415, "UNSUPPORTED_IMAGE"),
        (picture("BMP"), 415, "UNSUPPORTED_IMAGE"),
        (picture("TIFF"), 415, "UNSUPPORTED_IMAGE"),
        (picture("EPS"), 415, "UNSUPPORTED_IMAGE"),
        (b"GIF89a<script>alert(1)</script>", 415, "UNSUPPORTED_IMAGE"),
        (endless_text(), 422, "IMAGE_DAMAGED"),
        (picture()[:3000], 422, "IMAGE_DAMAGED"),
        (picture("PNG")[:3000], 422, "IMAGE_DAMAGED"),
        (picture("GIF")[:3000], 422, "IMAGE_DAMAGED"),
        (picture("WEBP")[:3000], 422, "IMAGE_DAMAGED"),
        (picture(size=(99, 200)), 422, "IMAGE_DIMENSIONS"),
        (bomb(8001), 422, "IMAGE_DIMENSIONS"),
        (bomb(10_000), 422, "IMAGE_DIMENSIONS"),
        (bomb(60_000), 422, "IMAGE_DIMENSIONS"),
        (bomb(5000), 422, "IMAGE_DAMAGED"),
        (picture() + bytes(10 * 1024 * 1024), 413, "IMAGE_TOO_LARGE"),
    ],
)
async def test_what_is_no_good_picture_is_refused_and_nothing_is_kept(  # noqa: PLR0913
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    settings: Settings,
    content: bytes,
    status: int,
    code: str,
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    answer = await _send(client, product, headers, content)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    after_a_good_one = await _send(client, product, headers, picture(), content)
    assert after_a_good_one.json()["code"] == code
    assert _written(settings) == []


async def test_a_body_that_announces_50_mb_is_refused_unread(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    kind = {"content-type": "multipart/form-data; boundary=x"}
    address = f"/products/{product.id}/images"
    announced = {"content-length": str(50 * 1024 * 1024)}
    answer = await client.post(address, content=b"x", headers=headers | kind | announced)
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")
    elsewhere = await client.patch(
        f"/products/{product.id}", content=bytes(2 * 1024 * 1024), headers=headers
    )
    assert elsewhere.status_code == 413


async def test_a_body_that_never_ends_is_refused_when_it_is_too_large(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, settings: Settings
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    kind = {"content-type": "multipart/form-data; boundary=x"}
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
        while sent < 2000 * 1024 * 1024:
            sent += 1024 * 1024
            yield bytes(1024 * 1024)

    address = f"/products/{product.id}/images"
    answer = await client.post(address, content=body(), headers=headers | kind)
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")
    assert sent < 300 * 1024 * 1024
    assert _written(settings) == []


async def test_what_hides_behind_the_pixels_is_not_served(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, settings: Settings
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    hidden = picture() + SVG + b"PK\x03\x04<?php system($_GET[0]); ?>"
    assert (await _send(client, product, headers, hidden)).status_code == 202
    (file,) = _written(settings)
    kept = file.read_bytes()
    assert kept.startswith(b"RIFF")
    assert int.from_bytes(kept[4:8], "little") + 8 == len(kept)
    assert not any(word in kept for word in (b"script", b"PK\x03\x04", b"php"))


async def test_what_staff_does_to_pictures_of_a_vendor_is_in_the_audit_log(
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    run_jobs: RunJobs,
    database: Database,
) -> None:
    product = await build.product()
    address = f"/products/{product.id}/images"
    told = []
    for user in (product.vendor.owner, await build.user(UserType.ADMIN)):
        headers = await as_user(user)
        answer = await _send(client, product, headers, picture(), picture())
        one, two = (each["id"] for each in answer.json()["images"])
        await run_jobs()
        ids = [each["id"] for each in (await client.get(address)).json()["images"]]
        for call in (
            client.put(f"{address}/order", json={"ids": ids[::-1]}, headers=headers),
            client.patch(f"{address}/{one}", json={"alt": "Lado"}, headers=headers),
            client.patch(f"{address}/{one}", json={"alt": "Lado"}, headers=headers),
            client.delete(f"{address}/{two}", headers=headers),
        ):
            assert (await call).is_success
        await run_jobs()
        acts = [act for act in await in_time(database) if act.subject_type == "product"]
        told.append([(act.action, act.actor_id, act.subject_id) for act in acts])
        if acts:
            assert [len(act.after["images"]) for act in acts] == [3, 3, 3, 2]
            assert [image["alt"] for image in acts[2].after["images"]].count("Lado") == 2
    assert told == [[], [("products.edited", user.id, str(product.id))] * 4]


async def test_pictures_are_arranged_described_and_removed_with_their_files(
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    run_jobs: RunJobs,
    settings: Settings,
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    answer = await _send(client, product, headers, picture(), picture(), picture())
    await run_jobs()
    one, two, three = (each["id"] for each in answer.json()["images"])
    address = f"/products/{product.id}/images"

    async def order() -> list[str]:
        return [each["id"] for each in (await client.get(address)).json()["images"]]

    moved = await client.put(f"{address}/order", json={"ids": [three, one, two]}, headers=headers)
    assert (moved.status_code, await order()) == (200, [three, one, two])
    wrong = await client.put(f"{address}/order", json={"ids": [three, three, two]}, headers=headers)
    assert wrong.json()["code"] == "IMAGE_ORDER_INCOMPLETE"
    patch = {"alt": "Atrás", "position": 0}
    changed = await client.patch(f"{address}/{two}", json=patch, headers=headers)
    assert (changed.json()["alt"], await order()) == ("Atrás", [two, three, one])
    gone = await client.delete(f"{address}/{three}", headers=headers)
    assert (gone.status_code, await order()) == (204, [two, one])
    await run_jobs()
    assert len(_written(settings)) == 10
    again = await client.delete(f"{address}/{three}", headers=headers)
    assert again.json()["code"] == "IMAGE_NOT_FOUND"


async def test_pictures_are_arranged_while_others_are_not_shown_yet(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, run_jobs: RunJobs
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    address = f"/products/{product.id}/images"
    await _send(client, product, headers, picture(), picture())
    await run_jobs()
    one, two = (each["id"] for each in (await client.get(address)).json()["images"])
    (three,) = (await _send(client, product, headers, picture())).json()["images"]
    moved = await client.put(f"{address}/order", json={"ids": [two, one]}, headers=headers)
    assert moved.status_code == 200, moved.text
    await run_jobs()
    shown = (await client.get(address)).json()["images"]
    assert [each["id"] for each in shown] == [two, one, three["id"]]


async def test_the_number_of_statements_does_not_grow_with_the_pictures(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, statements: list[str]
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    address = f"/products/{product.id}/images/order"
    small, counted = picture(size=(100, 100)), []
    ids: list[str] = []
    for more in (1, 6):
        statements.clear()
        uploaded = (await _send(client, product, headers, *[small] * more)).json()["images"]
        sent = len(statements)
        ids = [each["id"] for each in uploaded] + ids
        statements.clear()
        ordered = await client.put(address, json={"ids": ids}, headers=headers)
        assert [each["id"] for each in ordered.json()["images"]] == ids
        counted.append((sent, len(statements)))
    assert counted[0] == counted[1]


async def test_a_picture_deleted_before_its_sizes_were_made_leaves_no_files(
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    run_jobs: RunJobs,
    settings: Settings,
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    (image,) = (await _send(client, product, headers, picture())).json()["images"]
    await client.delete(f"/products/{product.id}/images/{image['id']}", headers=headers)
    await run_jobs()
    assert _written(settings) == []


async def test_a_picture_whose_original_is_lost_fails_and_stays_hidden(
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    run_jobs: RunJobs,
    settings: Settings,
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    (image,) = (await _send(client, product, headers, picture())).json()["images"]
    for file in _written(settings):
        file.unlink()
    await run_jobs()
    address = f"/products/{product.id}/images"
    assert (await client.get(address)).json() == {"images": []}
    own = await client.get(f"{address}/{image['id']}", headers=headers)
    assert own.json()["state"] == "FAILED"


async def test_a_picture_that_was_tried_too_often_fails_and_makes_room_for_the_next(  # noqa: PLR0913
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    run_jobs: RunJobs,
    database: Database,
    settings: Settings,
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    small = picture(size=(100, 100))
    await _send(client, product, headers, *[small] * 19)
    await run_jobs()
    shown = set(_written(settings))
    (image,) = (await _send(client, product, headers, small)).json()["images"]
    (original,) = set(_written(settings)) - shown
    original.write_bytes(b"not a picture")
    async with database.transaction() as tx:
        due = update(Job).where(Job.state == JobState.READY)
        await tx.connection.execute(due.values(tries=MAXIMUM_TRIES - 1))
    await run_jobs()
    own = f"/products/{product.id}/images/{image['id']}"
    assert (await client.get(own, headers=headers)).json()["state"] == "FAILED"

    assert (await _send(client, product, headers, small)).status_code == 202
    await run_jobs()

    assert (await client.get(own, headers=headers)).status_code == 404
    assert not original.exists()
    assert len((await client.get(f"/products/{product.id}/images")).json()["images"]) == 20


async def test_a_product_takes_twenty_pictures_at_most(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser, settings: Settings
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    small = picture(size=(100, 100))
    at_once = await _send(client, product, headers, *[small] * 21)
    assert (at_once.status_code, at_once.json()["code"]) == (422, "TOO_MANY_IMAGES")
    assert (await _send(client, product, headers, *[small] * 20)).status_code == 202
    answer = await _send(client, product, headers, small)
    assert answer.json()["code"] == "TOO_MANY_IMAGES"
    assert len(_written(settings)) == 20


async def test_a_replica_that_lags_behind_hides_no_picture_from_its_jobs(  # noqa: PLR0913
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    program: App,
    settings: Settings,
    sources: Sources,
    tmp_path: Path,
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    (image,) = (await _send(client, product, headers, picture())).json()["images"]
    (tmp_path / "replica").mkdir()
    # It makes tables with a loop of its own.
    source = await asyncio.to_thread(lambda: sources.sqlite)
    nothing = engines.copy_of(source, tmp_path / "replica")
    lagging = Database(settings.database, replica_url=nothing.render_as_string(hide_password=False))
    lagging.outbox = program.database.outbox
    making = MakeSizes(product.id, UUID(image["id"]))
    await on_make_sizes(making, database=lagging, blobs=program.blobs)
    key = _written(settings)[0].parent.relative_to(settings.media).as_posix()
    await on_drop_images(DropImages((key,)), database=lagging, blobs=program.blobs)
    await lagging.close()
    own = await client.get(f"/products/{product.id}/images/{image['id']}", headers=headers)
    assert (own.json()["state"], len(_written(settings))) == ("READY", 5)


async def test_the_files_go_with_the_product(
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    run_jobs: RunJobs,
    settings: Settings,
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    await _send(client, product, headers, picture())
    await run_jobs()
    await client.delete(f"/products/{product.id}", headers=headers)
    await run_jobs()
    assert _written(settings) == []


async def test_a_text_with_a_nul_is_refused(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    answer = await _send(client, product, headers, picture(), alt="a\0b")
    assert answer.status_code == 422


async def test_another_vendor_uploads_nothing(
    client: httpx2.AsyncClient, build: Build, as_user: AsUser
) -> None:
    product, other = await build.product(), await build.vendor()
    answer = await _send(client, product, await as_user(other.owner), picture())
    assert answer.status_code == 404
