"""What every store of pictures promises, tried over a real folder or a simulator over HTTP.

A test module subclasses `BlobStoreContract` and gives the fixtures it asks for: `sandbox`; `store`;
`impatient`, the same with a short time-out; `unreachable`, where nobody listens.
"""

from typing import Literal, Protocol

import pytest

from mestore.kernel.db import Database, InsideTransaction
from mestore.media.errors import BlobMissing, StorageUnavailable
from mestore.media.ports import BlobStore
from mestore.media.types import WEBP
from tests.catalog.pictures import picture

Operation = Literal["put", "get", "delete"]
NAME = "products/0a1b/2c3d/large.webp"
ODD_NAMES = (
    "",
    "large.webp/",
    "/etc/passwd.webp",
    "../large.webp",
    "products/../../large.webp",
    "products//large.webp",
    "products/./large.webp",
    "products\\large.webp",
    "products/Large.webp",
    "products/niña.webp",
    "products/a b.webp",
    "products/a%2e%2e.webp",
    "products/a?b.webp",
    "products/a&b=c.webp",
    "products/a\0.webp",
    "products/a.webp\n",
    "products/a.svg",
    "products/a.html.webp",
    f"products/{'a' * 200}.webp",
)


class Sandbox(Protocol):
    """A store, seen from its own side."""

    def names(self) -> list[str]:
        """The names of all files there are."""
        ...

    async def headers(self, url: str) -> tuple[bytes, dict[str, str]]:
        """The content that a browser finds there, and the headers with it."""
        ...

    def fail(self, operation: Operation) -> None:
        """Let calls fail without acting, until `recover`."""
        ...

    def recover(self) -> None:
        """Answer again."""
        ...

    def answer_nothing(self, operation: Operation) -> None:
        """Act on the next call, and answer nothing; skips the test where nothing can get lost."""
        ...


class BlobStoreContract:
    """The promises of the port, one test each."""

    async def test_what_was_put_is_got_and_where_browsers_find_it(
        self, store: BlobStore, sandbox: Sandbox
    ) -> None:
        content = picture("WEBP")
        await store.put(NAME, content, WEBP)

        assert await store.get(NAME) == content
        found, headers = await sandbox.headers(store.url(NAME))
        assert found == content
        assert headers["content-type"] == WEBP
        assert sandbox.names() == [NAME]

    async def test_browsers_and_caches_may_keep_a_file(
        self, store: BlobStore, sandbox: Sandbox
    ) -> None:
        await store.put(NAME, picture("WEBP"), WEBP)

        _, headers = await sandbox.headers(store.url(NAME))
        rules = headers["cache-control"].split(", ")
        assert {"public", "immutable"} <= set(rules)
        assert int(next(rule for rule in rules if "max-age" in rule)[8:]) >= 30 * 24 * 3600

    async def test_what_was_never_put_is_missing(self, store: BlobStore, sandbox: Sandbox) -> None:
        assert sandbox.names() == []
        with pytest.raises(BlobMissing):
            await store.get(NAME)

    async def test_a_deleted_file_is_missing_and_may_be_deleted_again(
        self, store: BlobStore, sandbox: Sandbox
    ) -> None:
        other = NAME.replace("large", "small")
        await store.put(NAME, picture("WEBP"), WEBP)
        await store.put(other, picture("WEBP"), WEBP)
        for _ in range(2):
            await store.delete(NAME)
            with pytest.raises(BlobMissing):
                await store.get(NAME)
        assert sandbox.names() == [other]

    async def test_the_same_file_may_be_put_again(self, store: BlobStore, sandbox: Sandbox) -> None:
        content = picture("WEBP")
        for _ in range(2):
            await store.put(NAME, content, WEBP)

        assert await store.get(NAME) == content
        assert sandbox.names() == [NAME]

    @pytest.mark.parametrize("name", ODD_NAMES)
    async def test_an_odd_name_is_refused_before_anything_is_sent(
        self, unreachable: BlobStore, name: str
    ) -> None:
        with pytest.raises(ValueError, match="no name of a picture"):
            await unreachable.put(name, picture("WEBP"), WEBP)
        with pytest.raises(ValueError, match="no name of a picture"):
            await unreachable.get(name)
        with pytest.raises(ValueError, match="no name of a picture"):
            await unreachable.delete(name)
        with pytest.raises(ValueError, match="no name of a picture"):
            unreachable.url(name)

    @pytest.mark.parametrize("operation", ["put", "get", "delete"])
    async def test_a_store_in_trouble_may_be_asked_again(
        self, store: BlobStore, sandbox: Sandbox, operation: Operation
    ) -> None:
        content = picture("WEBP")
        if operation != "put":
            await store.put(NAME, content, WEBP)
        before = sandbox.names()
        sandbox.fail(operation)
        with pytest.raises(StorageUnavailable):
            await self.call(store, operation, content)
        sandbox.recover()
        assert sandbox.names() == before

        await self.call(store, operation, content)
        assert sandbox.names() == ([] if operation == "delete" else [NAME])

    @pytest.mark.parametrize("operation", ["put", "delete"])
    async def test_an_answer_that_got_lost_is_no_success_and_the_call_may_be_made_again(
        self, impatient: BlobStore, store: BlobStore, sandbox: Sandbox, operation: Operation
    ) -> None:
        content = picture("WEBP")
        if operation == "delete":
            await store.put(NAME, content, WEBP)
        sandbox.answer_nothing(operation)
        with pytest.raises(StorageUnavailable):
            await self.call(impatient, operation, content)
        assert sandbox.names() == ([] if operation == "delete" else [NAME])

        await self.call(store, operation, content)
        assert sandbox.names() == ([] if operation == "delete" else [NAME])

    async def test_a_store_that_is_not_there_may_come_back(self, unreachable: BlobStore) -> None:
        for operation in ("put", "get", "delete"):
            with pytest.raises(StorageUnavailable):
                await self.call(unreachable, operation, picture("WEBP"))

    async def test_no_store_is_asked_inside_a_transaction(
        self, store: BlobStore, sandbox: Sandbox, database: Database
    ) -> None:
        for operation in ("put", "get", "delete"):
            with pytest.raises(InsideTransaction):
                async with database.transaction():
                    await self.call(store, operation, picture("WEBP"))
        assert sandbox.names() == []

    async def call(self, store: BlobStore, operation: str, content: bytes) -> None:
        """Make one call about the file."""
        if operation == "put":
            await store.put(NAME, content, WEBP)
        elif operation == "get":
            await store.get(NAME)
        else:
            await store.delete(NAME)
