"""Files at Cloudinary, through its signed upload API, version 1.1.

All five sizes are uploaded as we made them, and delivered untouched: the same bytes as from any
other store, no transformation to pay for, and addresses that are a prefix and a name.
Facts: cloudinary.com/documentation/authentication_signatures, /image_upload_api_reference and
/advanced_url_delivery_options.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
import msgspec
import structlog

from mestore.kernel.clock import now
from mestore.media.errors import BlobMissing, BlobRefused, StorageUnavailable
from mestore.media.types import SUFFIX, checked

log = structlog.get_logger(__name__)

# These answers are about the file; all others about the account, its limits, or Cloudinary.
_ABOUT_THE_FILE = frozenset({400, 413})
_REMOVED = frozenset({"ok", "not found"})


@dataclass(frozen=True, slots=True)
class CloudinaryAccount:
    """The account that pays for storage and traffic."""

    cloud_name: str
    api_key: str
    api_secret: str = field(repr=False)


class _Failure(msgspec.Struct):
    message: str


class _Answer(msgspec.Struct):
    """The fields of an answer that matter here."""

    public_id: str | None = None
    result: str | None = None
    error: _Failure | None = None


def sign(parameters: Mapping[str, str], secret: str) -> str:
    """Return the SHA-256 signature of parameters that have no `&` in them."""
    joined = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters))
    return hashlib.sha256(f"{joined}{secret}".encode()).hexdigest()


class CloudinaryBlobs:
    """Keeps files as images of one account; a public id is a name without its suffix."""

    def __init__(
        self, account: CloudinaryAccount, http: httpx2.AsyncClient, base_url: str, public_url: str
    ) -> None:
        self.account = account
        self.http = http
        self.api_url = f"{base_url.rstrip('/')}/v1_1/{account.cloud_name}/image"
        self._public_url = public_url.rstrip("/")

    async def put(self, name: str, content: bytes, content_type: str) -> None:
        """Write a file, whole or not at all; Cloudinary itself lets caches keep it."""
        parameters = {"public_id": _public_id(name), "overwrite": "true"}
        file = (name.rpartition("/")[2], content, content_type)
        answer = await self._call("upload", parameters, file=file)
        if answer.public_id != parameters["public_id"]:
            log.error("storage_failed", call="upload", reason="stored under another id")
            raise StorageUnavailable

    async def get(self, name: str) -> bytes:
        """Return a file's content, from where browsers find it; raises `BlobMissing`."""
        try:
            response = await self.http.get(self.url(name))
        except httpx2.HTTPError as error:
            raise _unavailable("get", type(error).__name__) from error
        if response.status_code == 404:
            raise BlobMissing
        if not response.is_success:
            raise _unavailable("get", f"status {response.status_code}")
        return response.content

    async def delete(self, name: str) -> None:
        """Remove a file, also from Cloudinary's caches; one that is not there is no error."""
        parameters = {"public_id": _public_id(name), "invalidate": "true"}
        answer = await self._call("destroy", parameters)
        if answer.result not in _REMOVED:
            raise _unavailable("destroy", f"result {answer.result}")

    def url(self, name: str) -> str:
        """Return where browsers find a file."""
        return f"{self._public_url}/{checked(name)}"

    async def _call(
        self,
        action: str,
        parameters: dict[str, str],
        file: tuple[str, bytes, str] | None = None,
    ) -> _Answer:
        signed = parameters | {"timestamp": str(int(now().timestamp()))}
        signature = sign(signed, self.account.api_secret)
        form = signed | {"api_key": self.account.api_key, "signature": signature}
        files: dict[str, Any] | None = {"file": file} if file else None
        try:
            response = await self.http.post(f"{self.api_url}/{action}", data=form, files=files)
        except httpx2.HTTPError as error:
            raise _unavailable(action, type(error).__name__) from error
        try:
            answer = msgspec.json.decode(response.content, type=_Answer)
        except (msgspec.MsgspecError, ValueError) as error:
            raise _unavailable(action, f"status {response.status_code}, no answer") from error
        if response.is_success and answer.error is None:
            return answer
        reason = answer.error.message if answer.error else ""
        if response.status_code in _ABOUT_THE_FILE:
            raise BlobRefused(reason=reason[:200])
        raise _unavailable(action, f"status {response.status_code}, {reason[:200]}")


def _public_id(name: str) -> str:
    return checked(name).removesuffix(SUFFIX)


def _unavailable(call: str, reason: str) -> StorageUnavailable:
    log.error("storage_failed", call=call, reason=reason)
    return StorageUnavailable()
