"""Bodies that register vendors, and their callers."""

from typing import Any

import httpx2

Headers = dict[str, str]


def business(**changes: object) -> dict[str, Any]:
    """Return a body that registers a vendor."""
    return {
        "email": "tienda@example.com",
        "password": "Sample-pass-1",
        "first_name": "Ana",
        "last_name": "Ejemplo",
        "business_name": "Tienda de muestra",
        "nit": "900.123.456-8",
        "phone": "3001234567",
        "city": "Medellín",
        "department": "Antioquia",
        "primary_category": "Hogar",
        "description": "Una tienda para pruebas.",
        "accept_terms": True,
    } | changes


async def registered(client: httpx2.AsyncClient, **changes: object) -> tuple[Headers, str]:
    """Register a vendor and return its headers and id."""
    answer = await client.post("/vendors/register", json=business(**changes))
    assert answer.status_code == 201, answer.text
    given = answer.json()
    return {"Authorization": f"Bearer {given['access_token']}"}, given["vendor"]["id"]
