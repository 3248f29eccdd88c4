"""Uploads of people whose connection breaks off."""

from typing import Any

import pytest
from fastapi import FastAPI

from tests.build import Build
from tests.conftest import AsUser


async def _status(app: FastAPI, path: str, headers: dict[str, str]) -> int:
    """Return what the program says, to nobody, when half of a body has come and no more does."""
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"test"), *raw],
        "client": ("127.0.0.1", 50_000),
        "server": ("test", 80),
    }
    coming = [{"type": "http.request", "body": b"--x\r\n", "more_body": True}]
    sent: list[Any] = []

    async def receive() -> Any:  # noqa: ANN401  an ASGI message
        return coming.pop() if coming else {"type": "http.disconnect"}

    async def send(message: Any) -> None:  # noqa: ANN401  an ASGI message
        sent.append(message)

    await app(scope, receive, send)
    status: int = sent[0]["status"]
    return status


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/json"])
async def test_an_upload_that_breaks_off_is_no_failure_of_ours(
    app: FastAPI, build: Build, as_user: AsUser, kind: str
) -> None:
    product = await build.product()
    headers = await as_user(product.vendor.owner) | {"Content-Type": kind}
    assert await _status(app, "/api/v1/products/bulk-import", headers) == 400
    if kind.startswith("multipart"):
        assert await _status(app, f"/api/v1/products/{product.id}/images", headers) == 400
