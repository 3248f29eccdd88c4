"""What clients send: good bodies, to be spoilt by a test."""

from typing import Any

from tests.checkout.till import GUEST, SHIPPING

Json = dict[str, Any]

HEADERS = {"Session-ID": GUEST}
UNKNOWN_ID = "0192f0c0-0000-7000-8000-000000000000"
PSE = {
    "user_type": 0,
    "user_legal_id_type": "CC",
    "user_legal_id": "1020304050",
    "financial_institution_code": "1",
    "full_name": "Persona Ejemplo",
    "phone_number": "3001234567",
}


def order_of(product_id: object, **changes: object) -> Json:
    """Return the body of an order of one unit; `quantity` and `variant_id` change its line."""
    item: Json = {"product_id": str(product_id), "quantity": 1}
    line = {name: changes.pop(name) for name in ("quantity", "variant_id") if name in changes}
    return {**SHIPPING, "items": [item | line], **changes}


def pse(order_id: int) -> Json:
    """Return the body of a payment at a bank."""
    return {"order_id": order_id, "payment_method": "PSE", "payment_data": PSE}
