"""Rendering: what mails say, in Colombian Spanish; first of all those about an order.

What people typed never makes a new line, a control character or HTML in a mail.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from mestore.catalog.types import SaleItem
from mestore.kernel.clock import BOGOTA
from mestore.kernel.money import format_cop, to_minor, to_number
from mestore.notifications.types import MailKind, Wording
from mestore.orders.types import OrderView

_MONTHS = (
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
)
# Only the number varies: a subject holds nothing that a person typed.
_SUBJECTS = {
    "order_placed_buyer": "Recibimos tu pedido {number}",
    "order_placed_vendor": "Tienes un pedido nuevo: {number}",
    "order_in_review_buyer": "Estamos verificando tu pedido {number}",
    "order_payable_buyer": "Ya puedes pagar tu pedido {number}",
    "order_refused_buyer": "No podemos continuar con tu pedido {number}",
    "order_paid_buyer": "Pago aprobado: tu pedido {number}",
    "order_paid_vendor": "Pago aprobado: prepara el pedido {number}",
}


def for_buyer(kind: MailKind, order: OrderView, name: str) -> Wording:
    """Return the mail to the buyer, with every line and amount of the order."""
    return _render(f"{kind}_buyer", order, name, is_vendor=False)


def for_vendor(kind: MailKind, part: OrderView, business_name: str) -> Wording:
    """Return the mail to one vendor; `part` is the order as that vendor may see it."""
    return _render(f"{kind}_vendor", part, business_name, is_vendor=True)


def refunded(order: OrderView, name: str, amount_minor: int) -> Wording:
    """Return the mail that says how much of an order's money went back."""
    subject = f"Reembolso de tu pedido {order.order_number}"
    return wording(
        "order_refunded_buyer",
        subject,
        order=order,
        name=name,
        amount=to_number(amount_minor),
    )


def about_review(kind: MailKind, order: OrderView, name: str, *, is_paid: bool) -> Wording:
    """Return the mail about the review of a payment, and what happens with the money."""
    mail = f"{kind}_buyer"
    subject = _SUBJECTS[mail].format(number=order.order_number)
    return wording(mail, subject, order=order, name=name, is_paid=is_paid)


def low_stock(business_name: str, item: SaleItem, available: int) -> Wording:
    """Return the mail that tells a vendor how few units of a variant are left."""
    return wording(
        MailKind.LOW_STOCK,
        "Quedan pocas unidades de uno de tus productos",
        name=business_name,
        item=item,
        available=available,
    )


def prices_dropped(name: str, drops: Sequence[tuple[SaleItem, int, int]]) -> Wording:
    """Return the mail about watched prices that fell: what it is, and from how much to how much."""
    many = len(drops) > 1
    subject = f"Bajaron {len(drops)} precios que sigues" if many else "Bajó un precio que sigues"
    shown = [(item, to_number(was), to_number(is_now)) for item, was, is_now in drops]
    return wording(MailKind.PRICES_DROPPED, subject, name=name, drops=shown)


def matches_found(name: str, search: str, items: Sequence[SaleItem], more: int) -> Wording:
    """Return the mail about products that are new in a saved search, and how many `more` are."""
    return wording(
        MailKind.MATCHES_FOUND,
        "Hay productos nuevos en una búsqueda que guardaste",
        name=name,
        search=search,
        items=[(item, to_number(item.price_minor)) for item in items],
        more=more,
    )


def wording(mail: str, subject: str, **context: object) -> Wording:
    """Return what the templates `<mail>.txt` and `<mail>.html` say under `subject`."""
    text, html = (_TEMPLATES.get_template(f"{mail}.{ending}") for ending in ("txt", "html"))
    context["subject"] = subject
    return Wording(subject, text.render(context), html.render(context))


def cop(amount: int | float) -> str:
    """Return an amount that clients see as Colombians read it: 1234567 is `$ 1.234.567`."""
    return format_cop(_centavos(amount))


def moment(instant: datetime) -> str:
    """Return an instant in Bogotá's time, to the minute: `20 de noviembre de 2026, 3:45 p. m.`."""
    local = instant.astimezone(BOGOTA)
    half = "a. m." if local.hour < 12 else "p. m."
    clock = f"{local.hour % 12 or 12}:{local.minute:02d} {half}"
    return f"{local.day} de {_MONTHS[local.month - 1]} de {local.year}, {clock}"


def one_line(value: object) -> object:
    """Return text without line breaks, control or direction characters; anything else as it is."""
    if not isinstance(value, str):
        return value
    visible = "".join(character if character.isprintable() else " " for character in value)
    return " ".join(visible.split())


def _render(mail: str, order: OrderView, name: str, *, is_vendor: bool) -> Wording:
    subject = _SUBJECTS[mail].format(number=order.order_number)
    return wording(
        mail,
        subject,
        order=order,
        name=name,
        is_vendor=is_vendor,
        tax_is_included=_tax_is_included(order),
    )


def _tax_is_included(order: OrderView) -> bool:
    """Say whether the subtotal holds the IVA, so that both are not read as a sum."""
    without_tax = (
        _centavos(order.subtotal)
        + _centavos(order.shipping_amount)
        - _centavos(order.discount_amount)
    )
    return without_tax == _centavos(order.total_amount)


def _centavos(amount: int | float) -> int:
    return to_minor(Decimal(str(amount)))


_TEMPLATES = Environment(
    loader=PackageLoader("mestore.notifications"),
    autoescape=select_autoescape(enabled_extensions=("html",), default=False),
    undefined=StrictUndefined,
    finalize=one_line,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_TEMPLATES.filters |= {"cop": cop, "moment": moment}
