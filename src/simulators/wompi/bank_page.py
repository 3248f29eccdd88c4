"""The page of the bank, where a person approves, declines or walks away."""

from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from simulators.page import page
from simulators.wompi.banks import BANKS, DECLINING
from simulators.wompi.errors import not_found
from simulators.wompi.gateway import Gateway
from simulators.wompi.state import Transaction
from simulators.wompi.views import pesos
from simulators.wompi.wire import Status

# PSE names its bank itself; at an agent's counter this page stands for the counter.
PLACES = {
    "BANCOLOMBIA_TRANSFER": "Botón Bancolombia",
    "BANCOLOMBIA_COLLECT": "Corresponsal Bancolombia",
    "DAVIPLATA": "Daviplata",
}
ENDINGS = {
    Status.APPROVED: "aprobada",
    Status.DECLINED: "rechazada",
    Status.VOIDED: "anulada",
    Status.ERROR: "terminada con un error",
}
PAGE = page(
    "{{ bank }}: pago",
    """
<h1>{{ bank }}</h1>
<dl>
<dt>Comercio</dt><dd>MeStore</dd>
<dt>Concepto</dt><dd>{{ description }}</dd>
<dt>Referencia</dt><dd>{{ reference }}</dd>
<dt>Valor</dt><dd>{{ amount }}</dd>
</dl>
{% if ending %}
<p role="status">Esta transacción ya fue {{ ending }}.</p>
{% if back %}<p><a href="{{ back }}">Volver al comercio</a></p>{% endif %}
{% else %}
{% if always_declines %}<p>Este banco rechaza todos los pagos.</p>{% endif %}
<form method="post" action="{{ id }}/approve"><button class="approve">Aprobar</button></form>
<form method="post" action="{{ id }}/decline"><button class="decline">Rechazar</button></form>
<form method="post" action="{{ id }}/pending"><button>Dejar pendiente</button></form>
{% endif %}
<small>Banco simulado: aquí no se mueve dinero.</small>
""",
)


def routes(gateway: Gateway) -> APIRouter:
    """Serve the page and its three buttons."""
    router = APIRouter(prefix="/bank")

    @router.get("/{transaction_id}")
    async def show(transaction_id: str) -> HTMLResponse:
        return HTMLResponse(_render(_find(gateway, transaction_id)))

    @router.post("/{transaction_id}/{choice}")
    async def choose(
        transaction_id: str, choice: Literal["approve", "decline", "pending"]
    ) -> RedirectResponse:
        transaction = _find(gateway, transaction_id)
        if choice != "pending":
            gateway.finish(transaction, _ending(transaction, choice))
        return RedirectResponse(_way_back(transaction) or f"../{transaction.id}", 303)

    return router


def _find(gateway: Gateway, transaction_id: str) -> Transaction:
    transaction = gateway.get(transaction_id)
    if transaction.bank_code is None and transaction.method not in PLACES:
        raise not_found()
    return transaction


def _ending(transaction: Transaction, choice: str) -> Status:
    is_approved = choice == "approve" and transaction.bank_code != DECLINING
    return Status.APPROVED if is_approved else Status.DECLINED


def _way_back(transaction: Transaction) -> str | None:
    if transaction.wanted.redirect_url is None:
        return None
    url = urlsplit(transaction.wanted.redirect_url)
    query = "&".join(filter(None, [url.query, f"id={transaction.id}"]))
    return urlunsplit(url._replace(query=query))


def _render(transaction: Transaction) -> str:
    code = transaction.bank_code
    description = getattr(transaction.wanted.payment_method, "payment_description", "")
    return PAGE.render(
        id=transaction.id,
        bank=BANKS[code] if code else PLACES[transaction.method],
        description=description,
        reference=transaction.wanted.reference,
        amount=_local_pesos(transaction.amount_in_cents),
        ending=ENDINGS.get(transaction.status),
        back=_way_back(transaction),
        always_declines=code == DECLINING,
    )


def _local_pesos(amount_in_cents: int) -> str:
    whole, _, cents = pesos(amount_in_cents).partition(".")
    grouped = f"{int(whole):,}".replace(",", ".")
    return f"$ {grouped},{cents} COP" if cents else f"$ {grouped} COP"
