"""The page of a bank that asks back: a person says whether it was really them."""

from collections.abc import Awaitable, Callable
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from simulators.page import page
from simulators.stripe.account import Account, Row

ENDINGS = {"approve": "succeeded", "decline": "requires_payment_method"}
PAGE = page(
    "Tu banco: verificación",
    """
<h1>¿Autorizas esta compra?</h1>
<dl>
<dt>Concepto</dt><dd>{{ found.description or "" }}</dd>
<dt>Referencia</dt><dd>{{ found.metadata.get("reference", found.id) }}</dd>
<dt>Valor</dt><dd>{{ amount }}</dd>
</dl>
{% if found.status == "requires_action" %}
<form method="post" action="{{ found.id }}/approve"><button class="approve">Fui yo</button></form>
<form method="post" action="{{ found.id }}/decline"><button>No fui yo</button></form>
{% else %}
<p role="status">Esta compra ya fue {{ ending }}.</p>
{% if found.return_url %}<p><a href="{{ found.return_url }}">Volver al comercio</a></p>{% endif %}
{% endif %}
<small>Banco simulado: aquí no se mueve dinero.</small>
""",
)


def routes(account: Account, tell: Callable[[Row], Awaitable[None]]) -> APIRouter:
    """Serve the page and its two buttons; `tell` is called with what ended."""
    router = APIRouter(prefix="/_bank")

    @router.get("/{intent_id}")
    async def show(intent_id: str) -> HTMLResponse:
        found = account.intent(intent_id)
        ending = "autorizada" if found["status"] == "succeeded" else "rechazada"
        amount = f"$ {found['amount'] / 100:,.0f} {found['currency'].upper()}".replace(",", ".")
        return HTMLResponse(PAGE.render(found=found, ending=ending, amount=amount))

    @router.post("/{intent_id}/{choice}")
    async def choose(intent_id: str, choice: Literal["approve", "decline"]) -> RedirectResponse:
        found = account.intent(intent_id)
        if found["status"] == "requires_action":
            account.finish(found, ENDINGS[choice])
            await tell(found)
        return RedirectResponse(found["return_url"] or f"../{intent_id}", 303)

    return router
