"""What a well-formed payment must still satisfy before it is opened."""

import hmac
from datetime import UTC, datetime

from simulators.wompi.banks import BANKS, PLACEHOLDER
from simulators.wompi.errors import MISSING, Problems
from simulators.wompi.signing import integrity_signature
from simulators.wompi.tokens import (
    END_USER_POLICY,
    PERSONAL_DATA_AUTH,
    Acceptances,
    Card,
    CardVault,
)
from simulators.wompi.wire import CardPayment, PsePayment, TransactionIn, TransferPayment

MIN_AMOUNT = 150_000
CUSTOMER_FIELDS_OF_PSE = ("full_name", "phone_number")


def acceptances(
    wanted: TransactionIn, issued: Acceptances, problems: Problems, *, single_use: bool
) -> None:
    """The shopper accepted both documents, with tokens this gateway issued and still honours."""
    for name, token, kind in (
        ("acceptance_token", wanted.acceptance_token, END_USER_POLICY),
        ("accept_personal_auth", wanted.accept_personal_auth, PERSONAL_DATA_AUTH),
    ):
        text = issued.problem(token, kind)
        if text is None and single_use and issued.is_used(token):
            text = "El token de aceptación ya fue usado"
        if text is not None:
            problems.add([name], text)


def signature(wanted: TransactionIn, secret: str, problems: Problems) -> None:
    """Nobody changed reference, amount, currency or expiration on the way."""
    expected = integrity_signature(
        wanted.reference, wanted.amount_in_cents, wanted.currency, secret, wanted.expiration_time
    )
    if not hmac.compare_digest(expected.encode(), wanted.signature.encode()):
        problems.add(["signature"], "La firma es inválida")


def amount(wanted: TransactionIn, problems: Problems) -> None:
    """Cards, PSE and transfers do not move less than 1,500 pesos."""
    has_minimum = isinstance(wanted.payment_method, CardPayment | PsePayment | TransferPayment)
    if has_minimum and wanted.amount_in_cents < MIN_AMOUNT:
        problems.add(["amount_in_cents"], "El monto mínimo es de $1.500 COP")


def expiration(wanted: TransactionIn, problems: Problems) -> None:
    """The time to pay is not over yet."""
    limit = wanted.expiration_time
    if limit is not None and datetime.fromisoformat(limit) <= datetime.now(UTC):
        problems.add(["expiration_time"], "La fecha de expiración ya pasó")


def card(wanted: TransactionIn, vault: CardVault, problems: Problems) -> Card | None:
    """Give the card that pays; its token exists and paid nothing before."""
    if not isinstance(wanted.payment_method, CardPayment):
        return None
    found = vault.find(wanted.payment_method.token)
    if found is None:
        problems.add(["payment_method", "token"], "El token no existe o ya fue usado")
    return found


def bank(wanted: TransactionIn, problems: Problems) -> None:
    """PSE goes to a bank of the list and says who pays."""
    if not isinstance(wanted.payment_method, PsePayment):
        return
    code = wanted.payment_method.financial_institution_code
    if code == PLACEHOLDER or code not in BANKS:
        problems.add(["payment_method", "financial_institution_code"], "El banco no existe")
    for name in CUSTOMER_FIELDS_OF_PSE:
        if getattr(wanted.customer_data, name, None) is None:
            problems.add(["customer_data", name], MISSING)
