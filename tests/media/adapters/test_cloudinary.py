"""The contract of stores, at Cloudinary, and what Cloudinary alone can get wrong."""

import time
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest

from mestore.kernel import network
from mestore.media.adapters.cloudinary import CloudinaryAccount, CloudinaryBlobs, sign
from mestore.media.errors import BlobRefused, StorageUnavailable
from mestore.media.types import WEBP
from simulators.cloudinary.app import Account, signature
from simulators.cloudinary.local import running
from tests.catalog.pictures import picture
from tests.contracts.blob_store import NAME, BlobStoreContract
from tests.media.simulated import Simulated, control

ACCOUNT = Account()


def cloudinary(
    http: httpx2.AsyncClient, url: str, *, secret: str = ACCOUNT.api_secret
) -> CloudinaryBlobs:
    """Return a store at a simulator."""
    account = CloudinaryAccount(ACCOUNT.cloud_name, ACCOUNT.api_key, secret)
    return CloudinaryBlobs(account, http, url, f"{url}/{ACCOUNT.cloud_name}/image/upload/v1")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a Cloudinary simulator."""
    with running(ACCOUNT) as url:
        yield url


@pytest.fixture
def sandbox(url: str) -> Simulated:
    """An empty account."""
    return Simulated(url)


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """The program's kind of client."""
    async with network.client() as client:
        yield client


@pytest.fixture
async def hasty() -> AsyncIterator[httpx2.AsyncClient]:
    """A client that hardly waits."""
    async with network.client(total_seconds=0.2) as client:
        yield client


@pytest.fixture
def store(http: httpx2.AsyncClient, url: str) -> CloudinaryBlobs:
    """The store over the account."""
    return cloudinary(http, url)


class TestCloudinary(BlobStoreContract):
    """Cloudinary keeps the promises of the port."""

    @pytest.fixture
    def impatient(self, hasty: httpx2.AsyncClient, url: str) -> CloudinaryBlobs:
        """The same with a short time-out."""
        return cloudinary(hasty, url)

    @pytest.fixture
    def unreachable(self, http: httpx2.AsyncClient) -> CloudinaryBlobs:
        """A store where nobody listens."""
        return cloudinary(http, "http://127.0.0.1:9")


def test_the_signature_is_over_the_sorted_parameters_and_the_secret() -> None:
    # The example of cloudinary.com/documentation/authentication_signatures.
    parameters = {
        "timestamp": "1315060510",
        "public_id": "sample_image",
        "eager": "w_400,h_300,c_pad|w_260,h_200,c_crop",
    }
    documented = "bfd09f95f331f558cbd1320e67aa8d488770583e"
    assert signature(parameters, "abcd", 40) == documented
    assert sign(parameters, "abcd") == signature(parameters, "abcd", 64)


async def test_a_wrong_secret_is_trouble_that_an_operator_ends(
    http: httpx2.AsyncClient, url: str, sandbox: Simulated
) -> None:
    stranger = cloudinary(http, url, secret="wrong")
    for call in (stranger.put(NAME, picture("WEBP"), WEBP), stranger.delete(NAME)):
        with pytest.raises(StorageUnavailable):
            await call
    assert sandbox.names() == []


async def test_a_signature_of_yesterday_opens_nothing(url: str, sandbox: Simulated) -> None:
    signed = {"public_id": "a", "timestamp": str(int(time.time()) - 86_400)}
    form = signed | {
        "api_key": ACCOUNT.api_key,
        "signature": sign(signed, ACCOUNT.api_secret),
    }
    address = f"{url}/v1_1/{ACCOUNT.cloud_name}/image/upload"
    files = {"file": ("a.webp", picture("WEBP"), WEBP)}
    answer = httpx2.post(address, data=form, files=files, trust_env=False)
    assert (answer.status_code, sandbox.names()) == (400, [])


async def test_a_file_that_cloudinary_does_not_take_is_refused_for_good(
    store: CloudinaryBlobs, sandbox: Simulated
) -> None:
    with pytest.raises(BlobRefused) as refusal:
        await store.put(NAME, picture("PNG"), WEBP)
    assert refusal.value.details["reason"] == "Invalid image file"
    assert sandbox.names() == []


@pytest.mark.parametrize("fault", ["rate_limit", "refuse", "error_500_after"])
async def test_trouble_of_every_kind_may_pass(
    url: str, store: CloudinaryBlobs, sandbox: Simulated, fault: str
) -> None:
    control(url, "faults", operation="put", fault=fault)
    with pytest.raises(StorageUnavailable):
        await store.put(NAME, picture("WEBP"), WEBP)
    await store.put(NAME, picture("WEBP"), WEBP)
    assert sandbox.names() == [NAME]


def test_the_secret_is_not_shown() -> None:
    account = CloudinaryAccount(ACCOUNT.cloud_name, ACCOUNT.api_key, ACCOUNT.api_secret)
    assert ACCOUNT.api_secret not in repr(account)
