"""HTTP for payments: what can be paid with, and the signals of the gateways.

Paying itself belongs to checkout, which knows orders.
"""

import asyncio

from fastapi import Request

from mestore.kernel.breaker import Breaker, CircuitState
from mestore.kernel.errors import BodyTooLarge, NotFound, Unavailable
from mestore.kernel.http import Db, refuses
from mestore.kernel.money import CURRENCY
from mestore.kernel.routing import Router
from mestore.payments.deps import Circuits, Gateways, circuits_of
from mestore.payments.errors import BadSignature, NotAnEvent
from mestore.payments.ports import PaymentGateway
from mestore.payments.schemas import (
    AcceptanceOut,
    BankOut,
    ConfigOut,
    GatewayConfigOut,
    GatewayHealthOut,
    GatewayOut,
    HealthOut,
    LimitsOut,
    MethodOut,
    MethodsOut,
    PaymentsOut,
    Range,
    ReceivedOut,
    Words,
)
from mestore.payments.service import PaymentService
from mestore.payments.types import MAXIMUM_INSTALLMENTS, PaymentMethod

router = Router(prefix="/payments", tags=["payments"])

EVENT_LIMIT_BYTES = 256 * 1024
"""Also the size of the inbox column."""

NAMES = {
    PaymentMethod.CARD: Words(es="Tarjeta de crédito o débito", en="Credit or debit card"),
    PaymentMethod.PSE: Words(es="PSE, débito desde tu banco", en="PSE, debit from your bank"),
    PaymentMethod.NEQUI: Words(es="Nequi", en="Nequi"),
    PaymentMethod.BANCOLOMBIA_TRANSFER: Words(es="Botón Bancolombia", en="Bancolombia transfer"),
    PaymentMethod.BANCOLOMBIA_COLLECT: Words(
        es="Efectivo en corresponsal Bancolombia", en="Cash at a Bancolombia agent"
    ),
    PaymentMethod.DAVIPLATA: Words(es="Daviplata", en="Daviplata"),
    PaymentMethod.EFECTY: Words(es="Efectivo en Efecty", en="Cash at Efecty"),
    PaymentMethod.CASH: Words(es="Efectivo en puntos de pago", en="Cash at payment points"),
    PaymentMethod.BANK_REFERENCE: Words(
        es="Consignación bancaria con referencia", en="Bank deposit with a reference"
    ),
}
INSTALLMENTS = Range(min=1, max=MAXIMUM_INSTALLMENTS)

_EVENT_REFUSALS = refuses(BadSignature, NotAnEvent, NotFound, BodyTooLarge)
_EVENT_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
        },
    }
}


@router.get("")
async def payments(request: Request, gateways: Gateways) -> PaymentsOut:
    """Say what this shop takes, and where to read more."""
    here = request.url.path.rstrip("/")
    return PaymentsOut(
        currency=CURRENCY,
        gateways=[
            GatewayOut(
                gateway=gateway.code,
                environment=gateway.profile.environment,
                methods=sorted(gateway.methods),
            )
            for gateway in gateways.values()
        ],
        links={name: f"{here}/{name}" for name in ("config", "methods", "health")},
    )


@router.get("/config")
async def config(gateways: Gateways) -> ConfigOut:
    """Give a shop front the public keys and the documents that a shopper accepts."""
    return ConfigOut(
        currency=CURRENCY,
        installments=INSTALLMENTS,
        gateways=await asyncio.gather(*map(_config_of, gateways.values())),
    )


@router.get("/methods")
async def methods(gateways: Gateways) -> MethodsOut:
    """List every configured way to pay, with its limits, and the banks of PSE."""
    taken = [(each, method) for each in gateways.values() for method in sorted(each.methods)]
    return MethodsOut(methods=await asyncio.gather(*(_method_of(*each) for each in taken)))


@router.get("/health")
async def health(gateways: Gateways, circuits: Circuits) -> HealthOut:
    """Say whether each gateway is being called, or left alone after failures."""
    checked = [_health_of(gateway, circuits) for gateway in gateways.values()]
    is_degraded = any(gateway.status == "degraded" for gateway in checked)
    return HealthOut(status="degraded" if is_degraded else "ok", gateways=checked)


@router.post("/webhook", responses=_EVENT_REFUSALS, openapi_extra=_EVENT_BODY)
async def receive_wompi_event(request: Request, gateways: Gateways, db: Db) -> ReceivedOut:
    """Take an event of Wompi: the same as /webhook/wompi."""
    return await receive_event("wompi", request, gateways, db)


@router.post("/webhook/{gateway}", responses=_EVENT_REFUSALS, openapi_extra=_EVENT_BODY)
async def receive_event(gateway: str, request: Request, gateways: Gateways, db: Db) -> ReceivedOut:
    """Store a signed event of a gateway once; whether it is true is asked of the gateway later."""
    if gateway not in gateways:
        raise NotFound
    body = await event_body(request)
    notice = gateways[gateway].verify(request.headers, body)
    async with db.transaction() as tx:
        await PaymentService(tx).receive(gateway, notice, body)
    return ReceivedOut()


async def event_body(request: Request) -> bytes:
    """Return the raw body of an event; raises `BodyTooLarge`."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > EVENT_LIMIT_BYTES:
            raise BodyTooLarge(limit_bytes=EVENT_LIMIT_BYTES)
    return bytes(body)


async def _config_of(gateway: PaymentGateway) -> GatewayConfigOut:
    profile = gateway.profile
    try:
        accepted = await gateway.acceptance()
    except Unavailable:
        documents = None
    else:
        documents = AcceptanceOut(
            policy_url=accepted.policy_url, personal_data_url=accepted.personal_data_url
        )
    return GatewayConfigOut(
        gateway=gateway.code,
        environment=profile.environment,
        methods=sorted(gateway.methods),
        public_key=profile.public_key,
        api_url=profile.api_url,
        acceptance=documents,
    )


async def _method_of(gateway: PaymentGateway, method: PaymentMethod) -> MethodOut:
    limits = gateway.profile.limits[method]
    return MethodOut(
        method=method,
        gateway=gateway.code,
        name=NAMES[method],
        currency=CURRENCY,
        limits=LimitsOut(min=limits.minimum_minor, max=limits.maximum_minor),
        installments=INSTALLMENTS if method is PaymentMethod.CARD else None,
        banks=await _banks_of(gateway) if method is PaymentMethod.PSE else None,
    )


async def _banks_of(gateway: PaymentGateway) -> list[BankOut]:
    """Return the banks; none where the gateway is down and no list is known yet."""
    try:
        banks = await gateway.banks()
    except Unavailable:
        return []
    return [BankOut(code=bank.code, name=bank.name) for bank in banks]


def _health_of(gateway: PaymentGateway, circuits: Breaker) -> GatewayHealthOut:
    states = circuits_of(gateway.code, gateway.methods, circuits)
    is_whole = all(state is CircuitState.CLOSED for state in states.values())
    return GatewayHealthOut(
        gateway=gateway.code,
        environment=gateway.profile.environment,
        status="ok" if is_whole else "degraded",
        circuits=states,
    )
