"""How a product leaves: as bytes, with the ETag that writes take in If-Match."""

from typing import Annotated, Any

import msgspec
from fastapi import Path, Response

from mestore.catalog.views.products import FoundProduct
from mestore.kernel.http import etag
from mestore.kernel.paging import Page

JSON = "application/json"

# What is no id and no slug names nothing: the kernel answers 404 for a path that does not fit.
KeyInPath = Annotated[str, Path(max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$")]


def page_answer(page: Page[Any]) -> Response:
    """Return a page of products."""
    body = msgspec.json.encode({"products": page.rows, "pagination": page.pagination})
    return Response(body, media_type=JSON)


def product_answer(found: FoundProduct, *, is_own: bool, status: int = 200) -> Response:
    """Return one product, with what only its vendor may see where `is_own`."""
    body = msgspec.json.encode(found.own() if is_own else found.public())
    headers = {"etag": etag(found.version, body)}
    if status == 201:
        headers["location"] = f"/api/v1/products/{found.id}"
    return Response(body, status, headers, JSON)
