"""Bodies that offer products, and how tests send them."""

from typing import Any

import httpx2

Headers = dict[str, str]


def offer(**changes: object) -> dict[str, Any]:
    """Return a body that offers a product; a change to None leaves the field out."""
    body: dict[str, Any] = {
        "name": "Piñata de Bogotá",
        "sku": "PIN-001",
        "price": 45000.5,
        "stock": 7,
    } | changes
    return {name: value for name, value in body.items() if value is not None}


async def offered(
    client: httpx2.AsyncClient, headers: Headers, **changes: object
) -> dict[str, Any]:
    """Offer a product and return it as its vendor sees it."""
    answer = await client.post("/products", headers=headers, json=offer(**changes))
    assert answer.status_code == 201, answer.text
    product: dict[str, Any] = answer.json()
    return product


def names(answer: httpx2.Response) -> list[str]:
    """Return the names of a list of products."""
    assert answer.status_code == 200, answer.text
    return [product["name"] for product in answer.json()["products"]]


def code(answer: httpx2.Response) -> tuple[int, str]:
    """Return the status and the code of a refusal."""
    return answer.status_code, answer.json()["code"]


def fields(answer: httpx2.Response) -> list[str]:
    """Return the fields that a 422 complains about."""
    assert answer.status_code == 422, answer.text
    return [error["field"] for error in answer.json()["errors"]]
