"""The contract of stores, on a folder."""

import mimetypes
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from mestore.media.adapters.disk import DiskBlobs
from mestore.media.files import MediaFiles
from mestore.media.ports import BlobStore
from mestore.media.types import WEBP
from tests.contracts.blob_store import BlobStoreContract, Operation


class Folder:
    """A folder, served as the program serves it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.aside = path.with_name("aside")
        self.app = Starlette(routes=[Mount("/media", MediaFiles(path))])

    def names(self) -> list[str]:
        """The names of all files there are."""
        folder = self.aside if self.aside.exists() else self.path
        files = [path for path in folder.rglob("*") if path.is_file()]
        return sorted(path.relative_to(folder).as_posix() for path in files)

    async def headers(self, url: str) -> tuple[bytes, dict[str, str]]:
        """The content that a browser finds there, and the headers with it."""
        transport = httpx2.ASGITransport(self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as browser:
            answer = await browser.get(url)
        assert answer.status_code == 200
        return answer.content, dict(answer.headers)

    def fail(self, operation: Operation) -> None:  # noqa: ARG002  all of them do
        """Let calls fail without acting, until `recover`: a file lies where the folder was."""
        self.path.rename(self.aside)
        self.path.write_bytes(b"")

    def recover(self) -> None:
        """Put the folder back."""
        self.path.unlink()
        self.aside.rename(self.path)

    def answer_nothing(self, operation: Operation) -> None:  # noqa: ARG002  never happens
        """A folder always answers."""
        pytest.skip("a folder always answers")


class TestDisk(BlobStoreContract):
    """A folder keeps the promises of the port."""

    @pytest.fixture
    def sandbox(self, tmp_path: Path) -> Folder:
        """An empty folder."""
        (tmp_path / "media").mkdir()
        return Folder(tmp_path / "media")

    @pytest.fixture
    def store(self, sandbox: Folder) -> BlobStore:
        """The store over the folder."""
        return DiskBlobs(sandbox.path, "/media/")

    @pytest.fixture
    def impatient(self, store: BlobStore) -> BlobStore:
        """A folder has no time-out."""
        return store

    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> BlobStore:
        """A store whose folder is no folder any more."""
        store = DiskBlobs(tmp_path / "gone", "/media")
        shutil.rmtree(tmp_path / "gone")
        (tmp_path / "gone").write_bytes(b"")
        return store


@pytest.fixture
def bare_machine() -> Iterator[None]:
    """A machine without a list of kinds of files, as small container images are."""
    with pytest.MonkeyPatch.context() as machine:
        machine.setattr(mimetypes, "knownfiles", [])
        mimetypes.init()
        yield
    mimetypes.init()


@pytest.mark.usefixtures("bare_machine")
async def test_pictures_are_called_so_where_the_machine_does_not_know_them(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "media")
    await DiskBlobs(folder.path, "/media").put("a/large.webp", b"picture", WEBP)
    _, headers = await folder.headers("/media/a/large.webp")
    assert headers["content-type"] == WEBP


async def test_no_empty_folder_stays_where_a_picture_was(tmp_path: Path) -> None:
    store = DiskBlobs(tmp_path / "media", "/media")
    names = [f"products/a/b/{size}.webp" for size in ("large", "small")]
    for name in names:
        await store.put(name, b"picture", WEBP)
    for name in names:
        await store.delete(name)
    assert list((tmp_path / "media").rglob("*")) == []
