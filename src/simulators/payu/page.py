"""The page of the bank, and of the counter where a voucher is paid: a person says how it ends."""

from typing import Literal

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, RedirectResponse

from simulators.page import page
from simulators.payu.account import Order, Transaction
from simulators.payu.gateway import Gateway

PLACES = {
    "PSE": "PSE: tu banco",
    "NEQUI": "Nequi",
    "EFECTY": "Efecty",
    "OTHERS_CASH": "Su Red",
    "BANK_REFERENCED": "Consignación bancaria",
}
ENDINGS = {"APPROVED": "pagada", "DECLINED": "rechazada", "EXPIRED": "vencida"}
PAGE = page(
    "{{ place }}: pago",
    """
<h1>{{ place }}</h1>
<dl>
<dt>Comercio</dt><dd>MeStore</dd>
<dt>Concepto</dt><dd>{{ order.description }}</dd>
<dt>Referencia</dt><dd>{{ found.extra.get("REFERENCE") or order.reference }}</dd>
<dt>Valor</dt><dd>{{ amount }}</dd>
</dl>
{% if found.is_final %}
<p role="status">Esta transacción ya fue {{ ending }}.</p>
{% if order.return_url %}<p><a href="{{ order.return_url }}">Volver al comercio</a></p>{% endif %}
{% else %}
<form method="post" action="{{ found.id }}/approve"><button class="approve">Pagar</button></form>
<form method="post" action="{{ found.id }}/decline"><button>Rechazar</button></form>
{% endif %}
<small>PayU simulado: aquí no se mueve dinero.</small>
""",
)


def routes(gateway: Gateway) -> APIRouter:
    """Serve the page and its buttons."""
    router = APIRouter(prefix="/pay")

    @router.get("/{transaction_id}")
    async def show(transaction_id: str) -> HTMLResponse:
        return HTMLResponse(_render(*_find(gateway, transaction_id)))

    @router.post("/{transaction_id}/{choice}")
    async def choose(
        transaction_id: str, choice: Literal["approve", "decline"]
    ) -> RedirectResponse:
        order, found = _find(gateway, transaction_id)
        if not found.is_final:
            gateway.finish(order, found, "APPROVED" if choice == "approve" else "DECLINED")
        return RedirectResponse(order.return_url or f"../{found.id}", 303)

    return router


def _find(gateway: Gateway, transaction_id: str) -> tuple[Order, Transaction]:
    gateway.ripen()
    pair = gateway.account.find(transaction_id)
    if pair is None or pair[1].method not in PLACES:
        raise HTTPException(404)
    return pair


def _render(order: Order, found: Transaction) -> str:
    return PAGE.render(
        place=PLACES[found.method],
        order=order,
        found=found,
        amount=f"$ {int(found.value):,} COP".replace(",", "."),
        ending=ENDINGS.get(found.state, "terminada con un error"),
    )
