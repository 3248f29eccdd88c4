"""The contract of stores, on a bucket, and what S3 alone can get wrong."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from mestore.media.adapters.s3 import Bucket, S3Blobs
from mestore.media.errors import StorageUnavailable
from mestore.media.ports import BlobStore
from mestore.media.types import IMMUTABLE, WEBP
from simulators.s3.app import Account
from simulators.s3.local import running
from tests.catalog.pictures import picture
from tests.contracts.blob_store import NAME, BlobStoreContract
from tests.media.simulated import Simulated, control, kept

ACCOUNT = Account()


def bucket(url: str) -> Bucket:
    """Return the bucket of a simulator."""
    return Bucket(ACCOUNT.bucket, "us-east-1", url, ACCOUNT.key_id, ACCOUNT.secret)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of an S3 simulator."""
    with running(ACCOUNT) as url:
        yield url


@pytest.fixture
def sandbox(url: str) -> Simulated:
    """An empty bucket."""
    return Simulated(url)


@pytest.fixture
def store(url: str) -> BlobStore:
    """The store over the bucket."""
    return S3Blobs(bucket(url), f"{url}/{ACCOUNT.bucket}")


class TestS3(BlobStoreContract):
    """A bucket keeps the promises of the port."""

    @pytest.fixture
    def impatient(self, url: str) -> BlobStore:
        """The same with a short time-out."""
        return S3Blobs(bucket(url), url, total=timedelta(milliseconds=200))

    @pytest.fixture
    def unreachable(self) -> BlobStore:
        """A store where nobody listens."""
        return S3Blobs(bucket("http://127.0.0.1:9"), "http://127.0.0.1:9")


async def test_a_bucket_may_lie_behind_an_address_of_ones_own(url: str, sandbox: Simulated) -> None:
    behind = S3Blobs(bucket(url), "https://cdn.example.com/m/")
    await behind.put(NAME, picture("WEBP"), WEBP)
    assert behind.url(NAME) == f"https://cdn.example.com/m/{NAME}"
    _, headers = await sandbox.headers(f"{url}/{ACCOUNT.bucket}/{NAME}")
    assert headers["cache-control"] == IMMUTABLE


@pytest.mark.parametrize(
    "wrong",
    [{"secret_access_key": "wrong"}, {"access_key_id": "wrong"}, {"name": "another"}],
)
async def test_wrong_keys_or_no_bucket_are_trouble_that_an_operator_ends(
    url: str, sandbox: Simulated, wrong: dict[str, str]
) -> None:
    store = S3Blobs(replace(bucket(url), **wrong), url)
    for call in (store.put(NAME, picture("WEBP"), WEBP), store.get(NAME), store.delete(NAME)):
        with pytest.raises(StorageUnavailable):
            await call
    assert sandbox.names() == []


async def test_a_short_failure_is_got_over_at_once(
    url: str, store: BlobStore, sandbox: Simulated
) -> None:
    control(url, "faults", operation="put", fault="error_500")
    await store.put(NAME, picture("WEBP"), WEBP)
    assert (sandbox.names(), kept(url)["writes"]) == ([NAME], {NAME: 1})


def test_keys_are_not_shown() -> None:
    assert ACCOUNT.secret not in repr(bucket("http://127.0.0.1:9"))
