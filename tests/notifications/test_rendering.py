from datetime import UTC, datetime

import pytest

from mestore.notifications.rendering import cop, for_buyer, for_vendor, moment, one_line
from mestore.notifications.types import MailKind
from mestore.orders.types import OrderStatus
from tests.notifications.orders import item, view

PLACED, PAID = ORDER_KINDS = (MailKind.ORDER_PLACED, MailKind.ORDER_PAID)
TOGETHER = view(
    items=[
        item(),
        item(
            product_name="Taza", variant_title="Azul", quantity=1, unit_price=9900, total_price=9900
        ),
    ],
)


def test_the_buyers_mail_of_a_placed_order_says_all_of_it() -> None:
    mail = for_buyer(PLACED, TOGETHER, "Ana")

    assert mail.subject == "Recibimos tu pedido ORD-20261120-ABCD1234"
    assert mail.text == (
        "¡Gracias, Ana!\n"
        "\n"
        "Recibimos tu pedido ORD-20261120-ABCD1234 por $ 1.445.866,07.\n"
        "Paga antes del 20 de noviembre de 2026, 3:45 p. m. para conservar tus productos.\n"
        "\n"
        "TU PEDIDO\n"
        "- Café de origen: 27 × $ 45.000,50 = $ 1.215.013,50\n"
        "- Taza (Azul): 1 × $ 9.900 = $ 9.900\n"
        "\n"
        "Subtotal: $ 1.215.013,50\n"
        "IVA: $ 230.852,57\n"
        "Envío: gratis\n"
        "Total: $ 1.445.866,07\n"
        "\n"
        "DIRECCIÓN DE ENVÍO\n"
        "Ana Peña\n"
        "Calle 1 # 2-3, apto 401\n"
        "Bogotá, Bogotá, D.C.\n"
        "Teléfono: +573001234567\n"
        "\n"
        "Hiciste este pedido el 20 de noviembre de 2026, 3:15 p. m.\n"
        "¿No fuiste tú? Ignora este correo: sin pago, el pedido se cancela solo.\n"
    )


@pytest.mark.parametrize("kind", ORDER_KINDS)
@pytest.mark.parametrize(("missing", "said"), [(1, "se envía"), (3, "se envían")])
def test_mails_say_which_units_have_not_arrived(kind: MailKind, missing: int, said: str) -> None:
    order = view(items=[item(quantity=5, backordered_quantity=missing), item()])
    line = f"{missing} de 5 por llegar: {said} al haber existencias."

    for mail in (for_buyer(kind, order, "Ana"), for_vendor(kind, order, "Tienda de muestra")):
        assert mail.text.count(line) == mail.html.count(line) == 1
        assert mail.text.count("por llegar") == 1


def test_the_buyers_mail_of_a_paid_order_confirms_the_payment() -> None:
    mail = for_buyer(PAID, view(status=OrderStatus.CONFIRMED), "Ana")

    assert mail.subject == "Pago aprobado: tu pedido ORD-20261120-ABCD1234"
    assert mail.text.startswith(
        "¡Listo, Ana!\n"
        "\n"
        "Confirmamos tu pago de $ 1.445.866,07 del pedido ORD-20261120-ABCD1234.\n"
        "Ya avisamos a quien te vendió para que prepare tu envío.\n"
    )
    assert "Paga antes" not in mail.text + mail.html


def test_a_vendor_learns_of_a_placed_order_without_the_buyers_address() -> None:
    mail = for_vendor(PLACED, view(notes="Dejar en portería"), "Tienda de muestra")

    assert mail.subject == "Tienes un pedido nuevo: ORD-20261120-ABCD1234"
    assert mail.text == (
        "Hola, Tienda de muestra:\n"
        "\n"
        "Tienes un pedido nuevo, ORD-20261120-ABCD1234, por $ 1.445.866,07.\n"
        "Todavía no está pagado: no lo despaches. Puede pagarse hasta el "
        "20 de noviembre de 2026, 3:45 p. m.; te escribiremos cuando se apruebe el pago.\n"
        "\n"
        "TUS PRODUCTOS\n"
        "- Café de origen, SKU CAF-1: 27 × $ 45.000,50 = $ 1.215.013,50\n"
        "\n"
        "Subtotal: $ 1.215.013,50\n"
        "IVA: $ 230.852,57\n"
        "Total de tu venta: $ 1.445.866,07\n"
        "\n"
        "Pedido hecho el 20 de noviembre de 2026, 3:15 p. m.\n"
    )
    for private in ("Ana", "Calle", "+57", "@", "portería"):
        assert private not in mail.text + mail.html


def test_a_vendor_of_a_paid_order_reads_where_to_send_it() -> None:
    part = view(status=OrderStatus.CONFIRMED, notes="Dejar\nen portería")
    mail = for_vendor(PAID, part, "Tienda de muestra")

    assert mail.subject == "Pago aprobado: prepara el pedido ORD-20261120-ABCD1234"
    assert mail.text.endswith(
        "ENVÍA A\n"
        "Ana Peña\n"
        "Calle 1 # 2-3, apto 401\n"
        "Bogotá, Bogotá, D.C.\n"
        "Teléfono: +573001234567\n"
        "Notas del comprador: Dejar en portería\n"
        "\n"
        "Pedido hecho el 20 de noviembre de 2026, 3:15 p. m.\n"
    )
    assert "Notas del comprador: Dejar en portería" in mail.html


@pytest.mark.parametrize(
    ("status", "to_buyer", "to_vendor"),
    [
        (
            OrderStatus.CONFIRMED,
            "Tu pago ya está aprobado.",
            "El pago ya está aprobado; en otro correo te decimos a dónde enviarlo.",
        ),
        (
            OrderStatus.CANCELLED,
            "Este pedido ya está cancelado: no lo pagues.",
            "Este pedido ya está cancelado: no lo despaches.",
        ),
    ],
)
def test_a_late_mail_asks_nobody_to_pay(status: OrderStatus, to_buyer: str, to_vendor: str) -> None:
    order = view(status=status)
    buyers, vendors = for_buyer(PLACED, order, "Ana"), for_vendor(PLACED, order, "Tienda")

    for body in (buyers.text, buyers.html):
        assert to_buyer in body
        assert "Paga antes" not in body
    for body in (vendors.text, vendors.html):
        assert to_vendor in body
        assert "Puede pagarse" not in body


def test_a_tax_inside_the_prices_is_not_read_as_a_part_of_the_sum() -> None:
    order = view(subtotal=119000, tax_amount=19000, shipping_amount=15000, total_amount=134000)
    mail = for_buyer(PLACED, order, "Ana")

    assert (
        "Subtotal: $ 119.000\n"
        "Envío: $ 15.000\n"
        "Total: $ 134.000\n"
        "El total incluye $ 19.000 de IVA.\n"
    ) in mail.text
    assert "El total incluye $ 19.000 de IVA." in mail.html
    assert "IVA:" not in mail.text + mail.html


def test_an_order_without_tax_has_no_line_for_it() -> None:
    mail = for_buyer(PLACED, view(subtotal=9900, tax_amount=0, total_amount=9900), "Ana")

    assert "Subtotal: $ 9.900\nEnvío: gratis\nTotal: $ 9.900\n\n" in mail.text
    assert "IVA" not in mail.text + mail.html


def test_a_discount_is_shown() -> None:
    order = view(subtotal=100000, discount_amount=10000, tax_amount=17100, total_amount=107100)
    mail = for_buyer(PLACED, order, "Ana")

    assert "Subtotal: $ 100.000\nDescuento: -$ 10.000\nIVA: $ 17.100\n" in mail.text
    assert "Descuento: -$ 10.000<br>" in mail.html


@pytest.mark.parametrize("kind", ORDER_KINDS)
def test_text_and_html_say_the_same_amounts(kind: MailKind) -> None:
    for mail in (for_buyer(kind, TOGETHER, "Ana"), for_vendor(kind, TOGETHER, "Tienda")):
        for amount in ("$ 45.000,50", "$ 1.215.013,50", "$ 9.900", "$ 230.852,57"):
            assert amount in mail.text
            assert amount in mail.html
        for words in ("Café de origen", "Taza (Azul)", "ORD-20261120-ABCD1234"):
            assert words in mail.text
            assert words in mail.html


@pytest.mark.parametrize("kind", ORDER_KINDS)
def test_what_people_typed_is_never_html(kind: MailKind) -> None:
    evil = "<script>alert('x')</script>"
    order = view(
        items=[item(product_name=evil, variant_title=evil, sku=evil)],
        shipping_name=evil,
        shipping_address=evil,
        shipping_city=evil,
        shipping_state=evil,
        notes=evil,
    )

    for mail in (for_buyer(kind, order, evil), for_vendor(kind, order, evil)):
        assert "<script" not in mail.html
        assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in mail.html
        assert evil in mail.text


@pytest.mark.parametrize("kind", ORDER_KINDS)
def test_what_people_typed_makes_no_line_of_its_own(kind: MailKind) -> None:
    evil = "Ana\r\n\r\nTu pedido\u2028fue \x1b\u202ecancelado"
    order = view(items=[item(product_name=evil, variant_title=evil)], shipping_name=evil)
    plain = view(items=[item(variant_title="x")])

    for wording, usual in (
        (for_buyer(kind, order, evil), for_buyer(kind, plain, "Ana")),
        (for_vendor(kind, order, evil), for_vendor(kind, plain, "Ana")),
    ):
        assert len(wording.text.splitlines()) == len(usual.text.splitlines())
        assert "Ana Tu pedido fue cancelado" in wording.text
        assert wording.subject == usual.subject


@pytest.mark.parametrize("kind", ORDER_KINDS)
def test_html_loads_nothing_and_links_nowhere(kind: MailKind) -> None:
    for mail in (for_buyer(kind, view(), "Ana"), for_vendor(kind, view(), "Tienda")):
        for word in ("http", "src=", "href=", "url(", "<img", "<link", "<script"):
            assert word not in mail.html


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "$ 0"),
        (999, "$ 999"),
        (1234567, "$ 1.234.567"),
        (0.1, "$ 0,10"),
        (99999999999.99, "$ 99.999.999.999,99"),
        (100000000000, "$ 100.000.000.000"),
    ],
)
def test_amounts_are_exact_and_colombian(amount: int | float, shown: str) -> None:
    assert cop(amount) == shown


@pytest.mark.parametrize(
    ("instant", "shown"),
    [
        (datetime(2026, 11, 20, 20, 45, tzinfo=UTC), "20 de noviembre de 2026, 3:45 p. m."),
        (datetime(2026, 1, 1, 4, 59, 59, tzinfo=UTC), "31 de diciembre de 2025, 11:59 p. m."),
        (datetime(2026, 1, 1, 5, 0, tzinfo=UTC), "1 de enero de 2026, 12:00 a. m."),
        (datetime(2026, 8, 7, 17, 5, tzinfo=UTC), "7 de agosto de 2026, 12:05 p. m."),
    ],
)
def test_times_are_bogotas(instant: datetime, shown: str) -> None:
    assert moment(instant) == shown


def test_one_line_leaves_what_is_no_text() -> None:
    assert one_line(27) == 27
    assert one_line("  Café\t de\n origen ") == "Café de origen"
