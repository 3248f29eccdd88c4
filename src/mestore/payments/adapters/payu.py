"""PayU Latam in Colombia: cards by token, PSE, Nequi, and vouchers for cash and bank deposits.

Facts: developers.payulatam.com/latam/en/docs/. PayU has no idempotency key and takes the same
reference again, so that a charge is looked up by its reference before it is sent, and whatever
leaves its outcome open is `OutcomeUnknown`. HTTP is 200 also for what it refuses.
"""

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx2
import structlog

from mestore.kernel.breaker import Breaker, CircuitOpen
from mestore.kernel.clock import now
from mestore.kernel.remembered import Remembered
from mestore.payments.adapters import payu_wire as wire
from mestore.payments.adapters.adopting import adopt, adopted
from mestore.payments.adapters.payu_client import PayUAccount, PayUClient
from mestore.payments.adapters.payu_mapping import (
    CODE,
    LIMITS,
    REASON_LENGTH,
    REFUNDABLE,
    SMALLEST_REFUND_MINOR,
    capture_of,
    id_of,
    opened_outcome,
    outcome_of,
    parts_of,
    pesos,
    refund_of,
    refunded,
    transaction_of,
)
from mestore.payments.errors import (
    BadSignature,
    Declined,
    GatewayUnavailable,
    NotAnEvent,
    NotSubmitted,
    OutcomeUnknown,
    TransactionUnknown,
)
from mestore.payments.types import (
    Acceptance,
    AttemptStatus,
    Bank,
    Charge,
    DisputeOutcome,
    GatewayProfile,
    Notice,
    Outcome,
    PaymentMethod,
    RefundOrder,
    RefundOutcome,
    RefundStatus,
)

log = structlog.get_logger(__name__)

PRODUCTION_URL = "https://api.payulatam.com"
DEADLINE_SECONDS = 65.0
"""PayU answers in 3 s as a rule and within 60 s at worst."""
BANKS_SECONDS = 86_400.0
PAGE_PATIENCE_SECONDS = 3.0
PLACEHOLDER_BANK = "0"
REFUND_FROM = timedelta(minutes=10)
REFUND_UNTIL = timedelta(days=730)

_REFERENCE = re.compile(r"[\x21-\x7e]{1,100}")
# The texts of refusals are not documented: what may be about PayU itself is not believed.
_ABOUT_KEYS = re.compile(r"credential|credencial|authenticat|autentica|api ?key|login", re.I)
_ABOUT_PAYU = re.compile(r"internal|interno|unexpected|inesperado|time.?out|unavailable", re.I)
_REGISTERED = re.compile(r"already|registered|ya (existe|tiene|fue|est)|registrad", re.I)


class PayUGateway:
    """The port to PayU. `http` must not follow redirects; `base_url` has no path or slash.

    `notify_url` is where PayU posts its confirmations to.
    """

    code = CODE
    methods = frozenset(LIMITS)

    def __init__(
        self,
        account: PayUAccount,
        http: httpx2.AsyncClient,
        base_url: str,
        breaker: Breaker,
        *,
        notify_url: str,
        deadline_seconds: float = DEADLINE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.account = account
        self.client = PayUClient(account, http, base_url, breaker, deadline_seconds)
        self.breaker = breaker
        self.notify_url = notify_url
        self.is_production = self.client.base_url == PRODUCTION_URL
        self.profile = GatewayProfile(
            "production" if self.is_production else "test",
            account.merchant_id,
            self.client.base_url,
            LIMITS,
            refundable=REFUNDABLE,
            partly_refundable=REFUNDABLE,
            refunds_one_at_a_time=True,
            # A refund that is sent again is told to be registered already.
            knows_refunds_again=True,
        )
        self._banks = Remembered(self._fetch_banks, seconds=BANKS_SECONDS, monotonic=monotonic)

    async def start(self, charge: Charge) -> Outcome:
        """Submit a charge: a card ends at once, the other methods are PENDING.

        What PayU has under this reference already is adopted where its amount is the charge's.
        """
        try:
            pesos(charge.amount_minor)
        except ValueError as error:
            raise Declined(reason=str(error)) from error
        try:
            earlier = await self.find(charge.reference)
        except GatewayUnavailable as error:
            raise NotSubmitted(**error.details) from error
        if earlier is not None:
            return adopted(charge, earlier)
        try:
            with self.breaker.guard((self.code, charge.method), (NotSubmitted, OutcomeUnknown)):
                return await self._open(charge)
        except CircuitOpen as error:
            raise NotSubmitted(**error.details) from error

    async def fetch(self, transaction_id: str) -> Outcome:
        """Ask for the present state of a transaction, by the order that it is of."""
        parts = parts_of(transaction_id)
        order = await self._order(parts[0]) if parts else None
        if parts is None or order is None:
            raise TransactionUnknown
        found = _read_outcome([order], parts[1])
        if found is None:
            raise TransactionUnknown
        return found

    async def find(self, reference: str) -> Outcome | None:
        """Look the transactions of a reference up; PayU may have several orders of it."""
        details = {"referenceCode": reference}
        reply = await self.client.query("ORDER_DETAIL_BY_REFERENCE_CODE", details, wire.OrdersReply)
        listed = (reply.result.payload if reply.result else None) or []
        return _read_outcome(
            [each for each in listed if each.reference_code == reference and self._is_ours(each)]
        )

    async def refund(self, order: RefundOrder) -> RefundOutcome:
        """Ask PayU to give a card payment back, whole or in part; a person there may review it."""
        _check_refundable(order)
        try:
            found, capture_id = await self._captured(order)
        except GatewayUnavailable as error:
            raise NotSubmitted(**error.details) from error
        known = refunded(found, order, None)
        if known is not None:
            return known
        try:
            with self.breaker.guard((self.code, "refund"), (NotSubmitted, OutcomeUnknown)):
                return await self._give_back(refund_of(order, found.id, capture_id))
        except CircuitOpen as error:
            raise NotSubmitted(**error.details) from error

    async def find_refund(self, order: RefundOrder, refund_id: str | None) -> RefundOutcome | None:
        """Say how a refund stands, by its order.

        While a refund is reviewed the order shows the capture alone, so that its absence proves
        nothing: it is UNKNOWN, and never sent again.
        """
        parts = parts_of(order.transaction_id)
        found = await self._order(parts[0]) if parts else None
        if found is None:
            return RefundOutcome(RefundStatus.UNKNOWN, refund_id)
        known = refunded(found, order, refund_id)
        return known or RefundOutcome(RefundStatus.UNKNOWN, refund_id)

    async def find_dispute(self, dispute_id: str) -> DisputeOutcome | None:
        """Return None: PayU tells of disputes by mail and in its panel, not by its API."""
        return None

    async def transactions(self, since: datetime, until: datetime) -> list[Outcome] | None:
        """Return None: PayU has no list of what it took."""
        return None

    async def banks(self) -> list[Bank]:
        """List the banks of PSE, at most a day old while PayU answers."""
        return await self._banks.latest(within=PAGE_PATIENCE_SECONDS)

    async def acceptance(self) -> Acceptance:
        """Return the addresses of PayU's documents for people who pay."""
        return Acceptance(
            "https://legal.payulatam.com/EN/terms_conditions_payers.html",
            "https://legal.payulatam.com/EN/politica_de_privacidad.HTML",
        )

    def verify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Check the signature of a confirmation, a form that PayU posts for every final state.

        PayU signs our reference, the amount and the state, not its own ids; so what these name is
        asked for, and the reference is part of the key: nobody's form stands in another's way.
        """
        try:
            form = wire.read_confirmation(body)
            sign = form.expected_sign(self.account.api_key, self.account.algorithm)
        except wire.NotPayU as error:
            raise NotAnEvent from error
        except wire.Unsigned as error:
            raise BadSignature from error
        if not wire.agrees(sign, form.sign):
            raise BadSignature
        transaction_id = id_of(form.reference_pol, form.transaction_id)
        is_ours = form.merchant_id == self.account.merchant_id
        if not is_ours or (self.is_production and form.is_test) or not parts_of(transaction_id):
            raise NotAnEvent
        key = "~".join([transaction_id, form.state_pol, form.reference_sale])
        is_sound = _REFERENCE.fullmatch(form.reference_sale)
        return Notice(
            sha256(key.encode("utf-8", "replace")).hexdigest(),
            transaction_id,
            form.reference_sale if is_sound else None,
        )

    async def _open(self, charge: Charge) -> Outcome:
        sign = wire.signature(
            self.account.algorithm,
            self.account.api_key,
            self.account.merchant_id,
            charge.reference,
            str(pesos(charge.amount_minor)),
            charge.currency,
        )
        body = transaction_of(charge, self.account.account_id, self.notify_url, sign)
        reply = await self.client.submit(body, charge.reference)
        if reply.code != wire.SUCCESS or reply.transaction_response is None:
            raise _refusal(reply.error)
        try:
            opened = opened_outcome(charge, reply.transaction_response)
        except wire.NotPayU as error:
            raise OutcomeUnknown(str(error)) from error
        if opened.status is AttemptStatus.ERROR:
            # As an answer it may be about the network alone: ask once what it came to.
            return await adopt(charge, self.find, "PayU answered ERROR")
        return opened

    async def _captured(self, order: RefundOrder) -> tuple[wire.Order, str]:
        """Return the order of a payment and the charge in it that a refund is of."""
        parts = parts_of(order.transaction_id)
        found = await self._order(parts[0]) if parts else None
        capture = capture_of(found, parts[1]) if parts and found else None
        if found is None or capture is None:
            raise Declined(reason="PayU has no approved charge of that id")
        answer = capture.transaction_response
        done = answer.operation_date if answer else None
        approved_at = order.charged_at
        if done is not None:
            approved_at = max(approved_at, datetime.fromtimestamp(done // 1000, UTC))
        if now() < approved_at + REFUND_FROM:
            raise NotSubmitted
        return found, capture.id

    async def _give_back(self, body: dict[str, Any]) -> RefundOutcome:
        reply = await self.client.submit(body, body["reason"])
        if reply.code != wire.SUCCESS or reply.transaction_response is None:
            if _REGISTERED.search(reply.error or ""):
                return RefundOutcome(RefundStatus.PENDING)
            raise _refusal(reply.error)
        answer = reply.transaction_response
        match answer.state:
            case "APPROVED":
                return RefundOutcome(RefundStatus.APPROVED, answer.transaction_id)
            case "DECLINED":
                raise Declined(reason=answer.response_code or "PayU declined the refund")
            case "PENDING" | "SUBMITTED":
                # PENDING_REVIEW comes without an id.
                return RefundOutcome(RefundStatus.PENDING, answer.transaction_id)
        raise OutcomeUnknown(f"PayU answered {answer.state}")

    async def _order(self, order_id: int) -> wire.Order | None:
        reply = await self.client.query("ORDER_DETAIL", {"orderId": order_id}, wire.OrderReply)
        found = reply.result.payload if reply.result else None
        return found if found is not None and self._is_ours(found) else None

    def _is_ours(self, found: wire.Order) -> bool:
        """Say whether an order is of real money where ours are: test orders pay nothing."""
        return not (self.is_production and found.is_test)

    async def _fetch_banks(self) -> list[Bank]:
        banks = [Bank(row.pse_code, row.description) for row in await self.client.banks()]
        return [bank for bank in banks if bank.code != PLACEHOLDER_BANK]


def _check_refundable(order: RefundOrder) -> None:
    if order.method is not PaymentMethod.CARD:
        raise Declined(reason="PayU gives back card payments only")
    if order.amount_minor < SMALLEST_REFUND_MINOR or order.amount_minor % 100:
        raise Declined(reason="PayU gives back whole pesos, 100 at least")
    if now() > order.charged_at + REFUND_UNTIL:
        raise Declined(reason="PayU gives nothing back after two years")


def _read_outcome(orders: list[wire.Order], named: str | None = None) -> Outcome | None:
    try:
        return outcome_of(orders, named)
    except (wire.NotPayU, ValueError) as error:
        raise GatewayUnavailable from error


def _refusal(error: str | None) -> Exception:
    """Return what a refused call means for the money; without a reason nobody can say."""
    text = error or ""
    if not text or _ABOUT_PAYU.search(text):
        return OutcomeUnknown(text or "PayU refused it without a reason")
    if _ABOUT_KEYS.search(text):
        log.error("payu_refused_the_keys", error=text[:REASON_LENGTH])
        return NotSubmitted()
    return Declined(reason=text[:REASON_LENGTH])
