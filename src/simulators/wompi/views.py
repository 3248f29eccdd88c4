"""How a transaction looks from outside, in answers and in events."""

from collections.abc import Callable

from simulators.wompi.state import Transaction
from simulators.wompi.tokens import instant
from simulators.wompi.wire import Status, Wire

MERCHANT: dict[str, object] = {
    "name": "MeStore",
    "legal_name": "MeStore Simulado S.A.S.",
    "contact_name": "Equipo MeStore",
    "phone_number": "+576011234567",
    "logo_url": None,
    "legal_id_type": "NIT",
    "email": "pagos@mestore.example",
    "legal_id": "900123456-7",
}
AGREEMENT = "95180"
DECLINED_TEXT = "La transacción fue rechazada (Sandbox)"
ERROR_TEXTS = {
    "CARD": "Tarjeta no válida en Sandbox",
    "NEQUI": "Número no válido en Sandbox",
    "PSE": "El banco no respondió (Sandbox)",
    "BANCOLOMBIA_TRANSFER": "El banco no respondió (Sandbox)",
    "BANCOLOMBIA_COLLECT": "El corresponsal no respondió (Sandbox)",
    "DAVIPLATA": "Daviplata no respondió (Sandbox)",
}
CARD_CODES = {Status.APPROVED: "00", Status.VOIDED: "00", Status.DECLINED: "12"}
PSE_STATES = {Status.APPROVED: "OK", Status.DECLINED: "NOT_AUTHORIZED"}


def shown(transaction: Transaction, polls_before_url: int) -> dict[str, object]:
    """Give the transaction as the API and the events show it."""
    wanted = transaction.wanted
    extra = EXTRAS[transaction.method](transaction, polls_before_url)
    ended = transaction.finalized_at
    return {
        "id": transaction.id,
        "created_at": instant(transaction.created_at),
        "finalized_at": instant(ended) if ended else None,
        "amount_in_cents": transaction.amount_in_cents,
        "reference": wanted.reference,
        "customer_email": wanted.customer_email,
        "currency": transaction.currency,
        "payment_method_type": transaction.method,
        "payment_method": wanted.payment_method.model_dump() | {"extra": extra},
        "status": transaction.status.value,
        "status_message": _message(transaction),
        "billing_data": None,
        "shipping_address": _dump(wanted.shipping_address),
        "redirect_url": wanted.redirect_url,
        "expiration_time": wanted.expiration_time,
        "payment_source_id": None,
        "payment_link_id": None,
        "customer_data": _dump(wanted.customer_data),
        "bill_id": None,
        "taxes": [tax.model_dump(exclude_none=True) for tax in wanted.taxes],
        "merchant": MERCHANT,
    }


def pesos(amount_in_cents: int) -> str:
    """Write cents as plain pesos, with decimals only when there are any."""
    whole, cents = divmod(amount_in_cents, 100)
    return f"{whole}.{cents:02}" if cents else str(whole)


def _dump(part: object) -> object:
    return part.model_dump(exclude_none=True) if isinstance(part, Wire) else None


def _message(transaction: Transaction) -> str | None:
    if transaction.status is Status.DECLINED:
        return DECLINED_TEXT
    return ERROR_TEXTS[transaction.method] if transaction.status is Status.ERROR else None


def _card_extra(transaction: Transaction, _: int) -> dict[str, object]:
    card = transaction.card
    if card is None:
        return {}
    extra: dict[str, object] = {
        "bin": card.bin,
        "name": card.name,
        "brand": card.brand,
        "last_four": card.last_four,
        "exp_year": card.exp_year,
        "exp_month": card.exp_month,
        "card_holder": card.card_holder,
    }
    if transaction.is_final:
        code = CARD_CODES.get(transaction.status, "96")
        extra |= {"external_identifier": transaction.trace, "processor_response_code": code}
    return extra


def _nequi_extra(transaction: Transaction, _: int) -> dict[str, object]:
    return {"external_identifier": transaction.trace} if transaction.is_final else {}


def _pse_extra(transaction: Transaction, polls_before_url: int) -> dict[str, object]:
    if not transaction.is_final:
        is_ready = transaction.polls > polls_before_url
        return {"async_payment_url": transaction.bank_url} if is_ready else {}
    ended = transaction.finalized_at or transaction.created_at
    return {
        "ticket_id": f"5{transaction.created_at:%y%m%d%H%M%S}{transaction.id[-5:]}",
        "return_code": "SUCCESS",
        "request_date": f"{transaction.created_at:%Y-%m-%d}",
        "async_payment_url": transaction.bank_url,
        "traceability_code": transaction.trace,
        "transaction_cycle": "1",
        "transaction_state": PSE_STATES.get(transaction.status, "FAILED"),
        "transaction_value": pesos(transaction.amount_in_cents),
        "external_identifier": transaction.trace,
        "bank_processing_date": f"{ended:%Y-%m-%d}",
    }


def _transfer_extra(transaction: Transaction, polls_before_url: int) -> dict[str, object]:
    is_ready = transaction.is_final or transaction.polls > polls_before_url
    extra: dict[str, object] = {}
    if is_ready:
        extra["async_payment_url"] = transaction.bank_url
    if transaction.is_final:
        extra["external_identifier"] = transaction.trace
    return extra


def _daviplata_extra(transaction: Transaction, polls_before_url: int) -> dict[str, object]:
    is_ready = transaction.is_final or transaction.polls > polls_before_url
    return {"url": transaction.bank_url} if is_ready else {}


def _collect_extra(transaction: Transaction, polls_before_url: int) -> dict[str, object]:
    if not transaction.is_final and transaction.polls <= polls_before_url:
        return {}
    return {
        "business_agreement_code": AGREEMENT,
        "payment_intention_identifier": f"6{transaction.trace}",
    }


EXTRAS: dict[str, Callable[[Transaction, int], dict[str, object]]] = {
    "CARD": _card_extra,
    "NEQUI": _nequi_extra,
    "PSE": _pse_extra,
    "BANCOLOMBIA_TRANSFER": _transfer_extra,
    "BANCOLOMBIA_COLLECT": _collect_extra,
    "DAVIPLATA": _daviplata_extra,
}
