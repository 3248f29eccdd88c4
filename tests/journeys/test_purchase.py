"""From a vendor's first product to a paid order, as people and operators live it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from mestore.cli.purchase import BUYER, purchase
from tests.journeys.town import Json, Person, Town, eventually, town

pytestmark = pytest.mark.slow

PASSWORD = "Sample-pass-1"
BUYERS_ADDRESS = "ana.buyer@example.com"
VENDORS_ADDRESS = "vera.vendor@example.com"
PSE = {
    "user_type": 0,
    "user_legal_id_type": "CC",
    "user_legal_id": "1020304050",
    "financial_institution_code": "1",
    "full_name": "Ana Ejemplo",
    "phone_number": "3001234567",
}


def point_events_at(wompi: httpx2.Client, shop: Town) -> None:
    settings = {"events_url": f"{shop.url}/api/v1/payments/webhook"}
    wompi.post("/_control/settings", json=settings).raise_for_status()


@pytest.fixture
def shop(tmp_path: Path, wompi_url: str, wompi: httpx2.Client, bare_url: str) -> Iterator[Town]:
    with town(tmp_path, wompi_url, bare_url, is_seeded=False) as shop:
        point_events_at(wompi, shop)
        yield shop


def a_vendor(shop: Town) -> Person:
    vendor = Person(shop)
    registered = vendor.does(
        "POST",
        "/vendors/register",
        201,
        {
            "email": VENDORS_ADDRESS,
            "password": PASSWORD,
            "first_name": "Vera",
            "last_name": "Ejemplo",
            "business_name": "Café de Muestra",
            "phone": "+57 300 765 4321",
            "city": "Manizales",
            "accept_terms": True,
        },
    )
    vendor.is_signed_in_by(registered)
    return vendor


def an_admin(shop: Town) -> Person:
    made = shop.command("create-admin", "--email", "adam.admin@example.com", "--password", PASSWORD)
    assert made.returncode == 0, made.stderr
    admin = Person(shop)
    credentials = {"email": "adam.admin@example.com", "password": PASSWORD}
    admin.is_signed_in_by(admin.does("POST", "/auth/admin-login", 200, credentials))
    return admin


def a_buyer(shop: Town) -> Person:
    buyer = Person(shop)
    registered = buyer.does(
        "POST",
        "/auth/register",
        201,
        {
            "email": BUYERS_ADDRESS,
            "password": PASSWORD,
            "first_name": "Ana",
            "last_name": "Ejemplo",
            "phone": "+57 300 123 4567",
        },
    )
    buyer.is_signed_in_by(registered)
    return buyer


def orders_the_cart(buyer: Person, product: Json, quantity: int) -> Json:
    line = {"product_id": product["id"], "quantity": quantity}
    cart = buyer.does("POST", "/cart/items", 201, line)["cart"]
    order = buyer.does(
        "POST",
        "/orders",
        201,
        {
            "shipping_name": "Ana Ejemplo",
            "shipping_phone": "3001234567",
            "shipping_address": {"address": "Calle 100 # 8A - 55", "city": "Bogotá, D.C."},
            "shipping_state": "Bogotá, D.C.",
            "expected_total": cart["total_amount"],
        },
    )
    assert buyer.does("GET", "/cart", 200)["items"] == []
    return order


def test_a_product_is_offered_approved_found_ordered_and_paid(
    shop: Town, wompi: httpx2.Client
) -> None:
    vendor, admin, buyer = a_vendor(shop), an_admin(shop), a_buyer(shop)
    offer = {
        "sku": "CAFE-1",
        "name": "Café de la montaña",
        "price": 24900,
        "tax_rate": 5,
        "stock": 7,
    }
    product = vendor.does("POST", "/products", 201, offer)
    assert product["status"] == "PENDING"
    buyer.does("GET", f"/products/{product['id']}", 404)
    admin.does("PUT", f"/admin/products/{product['id']}/status", 200, {"status": "APPROVED"})

    (found,) = buyer.does("GET", "/products?search=cafe", 200)["products"]
    assert (found["id"], found["price"], found["stock"]) == (product["id"], 24_900, 7)
    order = orders_the_cart(buyer, found, 3)
    # 3 x 24,900 and 5 % IVA on it; the fee is 15,000.
    assert (order["subtotal"], order["tax_amount"], order["total_amount"]) == (
        74_700,
        3_735,
        93_435,
    )
    assert buyer.does("GET", f"/products/{product['id']}", 200)["stock"] == 4

    payment = buyer.does(
        "POST",
        "/payments/process",
        200,
        {"order_id": order["id"], "payment_method": "PSE", "payment_data": PSE},
    )
    assert (payment["status"], payment["amount"]) == ("PENDING", 93_435)
    assert "93.435" in httpx2.get(payment["payment_url"], trust_env=False).text
    approved = httpx2.post(f"{payment['payment_url']}/approve", trust_env=False)
    returned = httpx2.get(approved.headers["location"], trust_env=False)
    assert returned.json()["intent_id"] == payment["intent_id"]

    path = f"/orders/{order['id']}"
    eventually(lambda: buyer.does("GET", path, 200)["status"] == "CONFIRMED", "not confirmed")
    paid = buyer.does("GET", path, 200)
    assert (paid["financial_status"], paid["fulfillment_status"]) == ("PAID", "UNFULFILLED")
    # The event itself arrived over HTTP and was answered, whoever was first.
    eventually(lambda: answers_of(wompi, order) == [[200]], "the event was not answered")
    assert buyer.does("GET", f"/payments/status/order/{order['id']}", 200)["status"] == "APPROVED"
    part = vendor.does("GET", path, 200)
    assert (part["subtotal"], part["total_amount"], part["customer_email"]) == (
        74_700,
        78_435,
        None,
    )
    levels = vendor.does("GET", f"/products/{product['id']}/inventory", 200)["levels"]
    assert [(one["on_hand"], one["reserved"]) for one in levels] == [(4, 0)]

    eventually(lambda: len(shop.mails(BUYERS_ADDRESS)) >= 2, "the buyer got no mails")
    eventually(lambda: len(shop.mails(VENDORS_ADDRESS)) >= 2, "the vendor got no mails")
    for recipient in (BUYERS_ADDRESS, VENDORS_ADDRESS):
        assert any(order["order_number"] in mail for mail in shop.mails(recipient))
    doctor = shop.command("doctor")
    assert doctor.returncode == 0, doctor.stderr


def answers_of(wompi: httpx2.Client, order: Json) -> list[list[int]]:
    """Return the answers that each event about an order got."""
    return [
        delivery["answers"]
        for delivery in wompi.get("/_control/events").json()["data"]
        if delivery["event"]["data"]["transaction"]["reference"].startswith(order["order_number"])
    ]


@pytest.fixture(scope="module")
def demo_shop(
    tmp_path_factory: pytest.TempPathFactory, wompi_url: str, wompi: httpx2.Client
) -> Iterator[Town]:
    """The sample shop on SQLite, as `mestore demo` starts it."""
    folder = tmp_path_factory.mktemp("demo")
    with town(folder, wompi_url, None, is_seeded=True) as shop:
        point_events_at(wompi, shop)
        yield shop


@pytest.mark.parametrize("with_curl", [True, False])
def test_the_printed_purchase_works_line_by_line(
    demo_shop: Town, wompi: httpx2.Client, with_curl: bool
) -> None:
    point_events_at(wompi, demo_shop)
    before = len(demo_shop.mails(BUYER))

    pasted = subprocess.run(
        ["bash", "--noprofile", "--norc"],  # noqa: S607  whichever bash there is
        input=purchase(demo_shop.url, with_curl=with_curl),
        env=dict(demo_shop.environment),
        cwd=demo_shop.folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert pasted.stderr == ""
    assert pasted.stdout.endswith("CONFIRMED\n"), pasted.stdout
    eventually(lambda: len(demo_shop.mails(BUYER)) >= before + 2, "the buyer got no mails")
    doctor = demo_shop.command("doctor")
    assert doctor.returncode == 0, doctor.stderr
