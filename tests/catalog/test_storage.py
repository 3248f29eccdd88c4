"""Uploads where the store of pictures is elsewhere, fails, or the program dies half-way."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from mestore.bootstrap import App
from mestore.catalog.models import ProductImage
from mestore.kernel.db import Database
from mestore.kernel.outbox import Job, JobState
from mestore.settings import Settings
from mestore.settings.storage import MediaStore
from simulators.cloudinary.app import Account as CloudinaryAccount
from simulators.cloudinary.local import running as cloudinary
from simulators.s3.app import Account as S3Account
from simulators.s3.local import running as s3
from tests.build import Build, BuiltProduct
from tests.catalog.pictures import picture
from tests.conftest import AsUser, MovedClock
from tests.media.simulated import Simulated, control

RunJobs = Callable[[], Awaitable[int]]


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[MediaStore, str]]:
    """The addresses of both stand-ins."""
    with s3(S3Account()) as bucket, cloudinary(CloudinaryAccount()) as account:
        yield {MediaStore.S3: bucket, MediaStore.CLOUDINARY: account}


@pytest.fixture(params=[MediaStore.S3, MediaStore.CLOUDINARY])
def store(request: pytest.FixtureRequest, urls: dict[MediaStore, str]) -> Simulated:
    """The empty store of this test; it runs once per kind."""
    return Simulated(urls[request.param])


@pytest.fixture
def settings(settings: Settings, store: Simulated, urls: dict[MediaStore, str]) -> Settings:
    """A program that keeps its pictures there."""
    bucket, account = S3Account(), CloudinaryAccount()
    elsewhere: dict[str, Any] = {
        "s3_bucket": bucket.bucket,
        "s3_endpoint": store.url,
        "s3_access_key_id": bucket.key_id,
        "s3_secret_access_key": bucket.secret,
        "cloudinary_cloud_name": account.cloud_name,
        "cloudinary_api_key": account.api_key,
        "cloudinary_api_secret": account.api_secret,
        "cloudinary_base_url": store.url,
        "cloudinary_delivery_url": store.url,
        "media_store": next(kind for kind, url in urls.items() if url == store.url),
    }
    known = settings.model_dump(exclude_unset=True)
    return Settings(_env_file=None, **known | elsewhere)


async def send(
    client: httpx2.AsyncClient, product: BuiltProduct, headers: dict[str, str]
) -> httpx2.Response:
    """Upload a picture of a product."""
    form = {"files": ("a.png", picture("PNG"), "image/png")}
    return await client.post(f"/products/{product.id}/images", files=form, headers=headers)


async def keys(database: Database) -> list[str]:
    """Return the keys of all pictures there are."""
    async with database.read() as connection:
        return list((await connection.execute(select(ProductImage.key))).scalars())


async def test_pictures_are_served_by_the_store_itself(  # noqa: PLR0913
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    run_jobs: RunJobs,
    store: Simulated,
    database: Database,
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    (image,) = (await send(client, product, headers)).json()["images"]
    await run_jobs()
    (shown,) = (await client.get(f"/products/{product.id}/images")).json()["images"]
    (key,) = await keys(database)
    assert store.names() == sorted(f"{key}/{size}.webp" for size in shown["urls"])
    for url in shown["urls"].values():
        assert url.startswith(store.url)
        content, sent = await store.headers(url)
        assert (content[8:12], sent["content-type"]) == (b"WEBP", "image/webp")
        assert "immutable" in sent["cache-control"]

    await client.delete(f"/products/{product.id}/images/{image['id']}", headers=headers)
    await run_jobs()
    assert store.names() == []


async def test_a_store_that_fails_leaves_the_job_to_try_again(  # noqa: PLR0913
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    run_jobs: RunJobs,
    store: Simulated,
    database: Database,
    clock: MovedClock,
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    (image,) = (await send(client, product, headers)).json()["images"]
    store.fail("put")
    await run_jobs()
    own = await client.get(f"/products/{product.id}/images/{image['id']}", headers=headers)
    assert own.json()["state"] == "PROCESSING"
    async with database.read() as connection:
        query = select(Job.state, Job.error).where(Job.handler == "catalog.make_sizes")
        (job,) = (await connection.execute(query)).all()
    assert job.state is JobState.READY
    assert job.error.startswith("StorageUnavailable")

    store.recover()
    clock.advance(timedelta(seconds=10))
    await run_jobs()
    own = await client.get(f"/products/{product.id}/images/{image['id']}", headers=headers)
    assert (own.json()["state"], len(store.names())) == ("READY", 5)

    store.fail("delete")
    await client.delete(f"/products/{product.id}/images/{image['id']}", headers=headers)
    await run_jobs()
    assert len(store.names()) == 5
    store.recover()
    clock.advance(timedelta(seconds=10))
    await run_jobs()
    assert store.names() == []


async def test_an_upload_that_the_store_does_not_take_is_503_and_leaves_nothing(  # noqa: PLR0913
    client: httpx2.AsyncClient,
    build: Build,
    as_user: AsUser,
    run_jobs: RunJobs,
    store: Simulated,
    database: Database,
    clock: MovedClock,
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner)
    # Kept all the same: nobody tells a lost answer from a lost request.
    control(store.url, "faults", operation="put", fault="error_500_after", times=2)
    answer = await send(client, product, headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "STORAGE_UNAVAILABLE")
    assert "retry-after" in answer.headers
    assert (len(store.names()), await keys(database)) == (1, [])

    store.recover()
    assert (await send(client, product, headers)).status_code == 202
    await run_jobs()
    assert len(store.names()) == 6
    clock.advance(timedelta(hours=1, minutes=1))
    await run_jobs()
    (key,) = await keys(database)
    assert (len(store.names()), {name.rpartition("/")[0] for name in store.names()}) == (5, {key})


async def test_the_program_says_where_its_pictures_are(program: App, store: Simulated) -> None:
    assert program.blobs.url("a/b.webp").startswith(store.url)
    await program.close()
