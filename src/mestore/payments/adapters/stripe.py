"""Stripe: cards, by the official SDK over our own HTTP client.

No payment is sent twice without its Idempotency-Key, which is our reference; an outcome that nobody
can say is `OutcomeUnknown`, and the reference in the metadata finds it again.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import httpx2
import msgspec
import stripe
import structlog

from mestore.kernel.adapters.calls import NOT_CONNECTED
from mestore.kernel.breaker import Breaker, CircuitOpen
from mestore.kernel.clock import now
from mestore.payments.adapters.adopting import adopt
from mestore.payments.adapters.stripe_mapping import (
    CODE,
    LIMITS,
    REASON_LENGTH,
    REFERENCE,
    dispute_of,
    outcome_of,
    payment_of,
    refund_of,
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
    Bank,
    Charge,
    DisputeOutcome,
    GatewayProfile,
    Notice,
    NoticeKind,
    Outcome,
    RefundOrder,
    RefundOutcome,
)

log = structlog.get_logger(__name__)

READ_RETRIES = 2
TOLERANCE_SECONDS = 300
# What was just made may be missing in the search for a minute; the list has it at once.
RECENT_SECONDS = 3600
LARGEST_PAGE = 100

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_REFERENCE = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_EXPAND = {"expand": ["latest_charge"]}
_KINDS = {
    "payment_intent": NoticeKind.TRANSACTION,
    "refund": NoticeKind.REFUND,
    "dispute": NoticeKind.DISPUTE,
}


@dataclass(frozen=True, slots=True)
class StripeKeys:
    """The keys of one account; only the publishable one may be seen."""

    publishable: str
    secret: str = field(repr=False)
    webhook: str = field(repr=False)

    @property
    def is_production(self) -> bool:
        """Say whether these keys move real money."""
        return self.secret.startswith(("sk_live_", "rk_live_"))


class _Event(msgspec.Struct):
    """The part of an event that is read."""

    id: str
    object: str
    type: str
    data: dict[str, Any]


class _Http(stripe.HTTPClient):
    """The SDK's way out: our client, with its time-outs and its guard of transactions."""

    name = "httpx2"

    def __init__(self, http: httpx2.AsyncClient) -> None:
        super().__init__()
        self.http = http

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: object = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Send one request; what fails before an answer is the SDK's connection error."""
        try:
            response = await self.http.request(
                method, url, headers=dict(headers), content=cast(str | None, post_data or None)
            )
        except httpx2.HTTPError as error:
            failure = stripe.APIConnectionError(  # type: ignore[no-untyped-call]  # the SDK's
                type(error).__name__, should_retry=True
            )
            raise failure from error
        return response.content, response.status_code, response.headers

    def sleep_async(self, secs: float) -> Awaitable[None]:
        """Wait between two tries."""
        return asyncio.sleep(secs)


class StripeGateway:
    """The port to Stripe. `http` must not follow redirects; `base_url` has no path."""

    code = CODE
    methods = frozenset(LIMITS)

    def __init__(
        self, keys: StripeKeys, http: httpx2.AsyncClient, base_url: str, breaker: Breaker
    ) -> None:
        self.keys = keys
        self.breaker = breaker
        environment = "production" if keys.is_production else "test"
        self.profile = GatewayProfile(
            environment,
            keys.publishable,
            base_url,
            LIMITS,
            refundable=self.methods,
            partly_refundable=self.methods,
            lists_transactions=True,
            tells_disputes=True,
        )
        self._api = stripe.StripeClient(
            keys.secret,
            base_addresses={"api": base_url.rstrip("/")},
            max_network_retries=0,
            http_client=_Http(http),
        ).v1

    async def start(self, charge: Charge) -> Outcome:
        """Make and confirm the PaymentIntent of a charge; a card that is refused is an outcome."""
        params, options = payment_of(charge), {"idempotency_key": f"charge:{charge.reference}"}
        try:
            async with self._sending(charge.method):
                made = await self._api.payment_intents.create_async(
                    cast(Any, params), cast(Any, options)
                )
                return outcome_of(_plain(made))
        except stripe.CardError as error:
            refused = error.error.payment_intent if error.error else None
            if refused is None:
                raise Declined(reason=_reason(error)) from error
            return outcome_of(_plain(refused))
        except stripe.IdempotencyError:
            return await adopt(charge, self.find, "the reference is taken")

    async def fetch(self, transaction_id: str) -> Outcome:
        """Ask for the present state of a PaymentIntent."""
        if not _ID.fullmatch(transaction_id):
            raise TransactionUnknown
        try:
            async with self._reading("transactions"):
                found = await self._api.payment_intents.retrieve_async(
                    transaction_id, cast(Any, _EXPAND), _READ
                )
                return outcome_of(_plain(found))
        except _Missing as error:
            raise TransactionUnknown from error

    async def find(self, reference: str) -> Outcome | None:
        """Look a PaymentIntent up by our reference: among the recent ones, then by the search."""
        if not _REFERENCE.fullmatch(reference):
            return None
        recent = {"created": {"gte": int(now().timestamp()) - RECENT_SECONDS}}
        for outcome in await self._listed(recent):
            if outcome.reference == reference:
                return outcome
        query = {"query": f"metadata['{REFERENCE}']:'{reference}'", **_EXPAND_LIST}
        async with self._reading("transactions"):
            found = await self._api.payment_intents.search_async(cast(Any, query), _READ)
            exact = (outcome_of(_plain(one)) for one in found.data)
            return next((one for one in exact if one.reference == reference), None)

    async def transactions(self, since: datetime, until: datetime) -> list[Outcome] | None:
        """List what was begun between two instants."""
        period = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
        return await self._listed({"created": period})

    async def refund(self, order: RefundOrder) -> RefundOutcome:
        """Give money back, whole or in part; the same reference never gives it twice."""
        params = {
            "payment_intent": order.transaction_id,
            "amount": order.amount_minor,
            "metadata": {REFERENCE: order.reference},
        }
        options = {"idempotency_key": f"refund:{order.reference}"}
        try:
            async with self._sending("refund"):
                made = await self._api.refunds.create_async(cast(Any, params), cast(Any, options))
                return refund_of(_plain(made))
        except (stripe.CardError, stripe.IdempotencyError) as error:
            raise Declined(reason=_reason(error)) from error

    async def find_refund(self, order: RefundOrder, refund_id: str | None) -> RefundOutcome | None:
        """Say how a refund stands, by its id or by our reference among those of its payment."""
        try:
            async with self._reading("refunds"):
                if refund_id is not None:
                    found = await self._api.refunds.retrieve_async(refund_id, None, _READ)
                    return refund_of(_plain(found))
                query = {"payment_intent": order.transaction_id, "limit": LARGEST_PAGE}
                listed = await self._api.refunds.list_async(cast(Any, query), _READ)
                rows = (_plain(one) for one in listed.data)
                ours = (row for row in rows if _reference(row) == order.reference)
                return next(map(refund_of, ours), None)
        except _Missing:
            return None

    async def find_dispute(self, dispute_id: str) -> DisputeOutcome | None:
        """Say how a dispute stands."""
        if not _ID.fullmatch(dispute_id):
            return None
        try:
            async with self._reading("disputes"):
                found = await self._api.disputes.retrieve_async(dispute_id, None, _READ)
                return dispute_of(_plain(found))
        except _Missing:
            return None

    async def banks(self) -> list[Bank]:
        """Return none: Stripe has no PSE."""
        return []

    async def acceptance(self) -> Acceptance:
        """Return the addresses of Stripe's documents for people who pay."""
        return Acceptance("https://stripe.com/legal/consumer", "https://stripe.com/privacy")

    def verify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Check the signature over the raw bytes, at most 300 s old, and name the object."""
        try:
            event = msgspec.json.decode(body, type=_Event)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise NotAnEvent from error
        found = event.data.get("object")
        if event.object != "event" or not isinstance(found, dict):
            raise NotAnEvent
        signed = [value for name, value in headers.items() if name.lower() == "stripe-signature"]
        try:
            stripe.WebhookSignature.verify_header(
                body, ", ".join(signed), self.keys.webhook, TOLERANCE_SECONDS
            )
        except (stripe.SignatureVerificationError, ValueError) as error:
            raise BadSignature from error
        return _notice(event, found)

    async def _listed(self, query: dict[str, Any]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        more: dict[str, Any] = {}
        while True:
            params = {**query, **more, "limit": LARGEST_PAGE, **_EXPAND_LIST}
            async with self._reading("transactions"):
                page = await self._api.payment_intents.list_async(cast(Any, params), _READ)
                found = [outcome_of(_plain(one)) for one in page.data]
            outcomes += found
            if not page.has_more or not found:
                return outcomes
            more = {"starting_after": found[-1].transaction_id}

    @asynccontextmanager
    async def _sending(self, operation: str) -> AsyncIterator[None]:
        """Name the failures of what moves money; CardError and IdempotencyError pass through."""
        try:
            with self.breaker.guard((self.code, operation), (NotSubmitted, OutcomeUnknown)):
                try:
                    yield
                except (stripe.CardError, stripe.IdempotencyError):
                    raise
                except stripe.StripeError as error:
                    raise _failure(error) from error
                except (KeyError, TypeError, AttributeError) as error:
                    raise OutcomeUnknown("the answer is broken") from error
        except CircuitOpen as error:
            raise NotSubmitted(**error.details) from error

    @asynccontextmanager
    async def _reading(self, operation: str) -> AsyncIterator[None]:
        """Name the failures of a question; `_Missing` where Stripe has no such object."""
        try:
            with self.breaker.guard((self.code, operation), (GatewayUnavailable,)):
                try:
                    yield
                except stripe.StripeError as error:
                    if error.http_status == 404:
                        raise _Missing from error
                    raise GatewayUnavailable from error
                except (KeyError, TypeError, AttributeError) as error:
                    raise GatewayUnavailable from error
        except CircuitOpen as error:
            raise GatewayUnavailable(**error.details) from error


class _Missing(Exception):
    """Stripe has no object of that id."""


_READ = cast(Any, {"max_network_retries": READ_RETRIES})
_EXPAND_LIST = {"expand": ["data.latest_charge"]}


def _failure(error: stripe.StripeError) -> Exception:
    """Return what a failed call means for the money: refused, surely not sent, or unknown."""
    if isinstance(error, stripe.APIConnectionError):
        if isinstance(error.__cause__, NOT_CONNECTED):
            return NotSubmitted()
        return OutcomeUnknown(type(error.__cause__).__name__)
    log.error("stripe_refused", status=error.http_status, code=error.code)
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return NotSubmitted()
    if error.http_status == 429:
        return NotSubmitted()
    if error.http_status in {400, 404}:
        return Declined(reason=_reason(error))
    return OutcomeUnknown(f"Stripe answered {error.http_status}")


def _reason(error: stripe.StripeError) -> str:
    return (error.user_message or error.code or "Stripe refused it")[:REASON_LENGTH]


def _plain(found: object) -> dict[str, Any]:
    plain = found.to_dict() if hasattr(found, "to_dict") else found
    return cast(dict[str, Any], plain)


def _reference(row: Mapping[str, Any]) -> str | None:
    value = (row.get("metadata") or {}).get(REFERENCE)
    return value if isinstance(value, str) else None


def _notice(event: _Event, found: dict[str, Any]) -> Notice:
    kind = _KINDS.get(str(found.get("object")), NoticeKind.NOTHING)
    own = str(found.get("id") or "")
    if kind is NoticeKind.TRANSACTION:
        return Notice(event.id, own, _reference(found), kind)
    payment = found.get("payment_intent")
    transaction_id = payment if isinstance(payment, str) else ""
    if not transaction_id:
        kind = NoticeKind.NOTHING
    return Notice(event.id, transaction_id, None, kind, own)
