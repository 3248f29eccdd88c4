"""Wompi Colombia: cards, PSE, Nequi, Daviplata, and Bancolombia by transfer or in cash.

Facts: docs.wompi.co/docs/colombia/. No payment is ever sent twice: whatever leaves its outcome open
is `OutcomeUnknown`, and Wompi's unique `reference` finds it again.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import httpx2
import structlog

from mestore.kernel.adapters import wompi_events
from mestore.kernel.adapters.calls import NOT_CONNECTED, Faltering, asked_again
from mestore.kernel.breaker import Breaker, CircuitOpen
from mestore.kernel.errors import Unavailable
from mestore.kernel.remembered import Remembered
from mestore.payments.adapters import wompi_wire as wire
from mestore.payments.adapters.adopting import adopt
from mestore.payments.adapters.wompi_mapping import (
    CODE,
    LIMITS,
    VOIDABLE,
    expiration_of,
    outcome_of,
    payment_of,
    reason_of,
)
from mestore.payments.adapters.wompi_refunds import (
    check_void,
    read_refund,
    read_void,
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

Reply = TypeVar("Reply")


# The acceptance tokens live an hour, so that a payment never travels with an old one.
ACCEPTANCE_SECONDS = 300.0
BANKS_SECONDS = 86_400.0
LARGEST_PAGE = 200
PAGE_PATIENCE_SECONDS = 3.0
PLACEHOLDER_BANK = "0"

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_REFERENCE = re.compile(r"[\x21-\x7e]{1,100}")
_TOKEN_FIELDS = frozenset({"acceptance_token", "accept_personal_auth"})


@dataclass(frozen=True, slots=True)
class WompiKeys:
    """The four keys of one environment; only the public one may be seen."""

    public: str
    private: str = field(repr=False)
    events: str = field(repr=False)
    integrity: str = field(repr=False)

    @property
    def is_production(self) -> bool:
        """Say whether these keys move real money."""
        return self.public.startswith("pub_prod_")


class WompiGateway:
    """The port to Wompi. `http` must not follow redirects; `base_url` ends in /v1.

    `refund_methods` are those whose payments Wompi gives back by its refunds API.
    """

    code = CODE
    methods = frozenset(LIMITS)

    def __init__(
        self,
        keys: WompiKeys,
        http: httpx2.AsyncClient,
        base_url: str,
        breaker: Breaker,
        *,
        refund_methods: frozenset[PaymentMethod] = frozenset(),
        deadline_seconds: float = 20.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.keys = keys
        self.refund_methods = refund_methods & self.methods
        self.http = http
        self.base_url = base_url.rstrip("/")
        self.breaker = breaker
        self.deadline_seconds = deadline_seconds
        environment = "production" if keys.is_production else "test"
        self.profile = GatewayProfile(
            environment,
            keys.public,
            self.base_url,
            LIMITS,
            refundable=VOIDABLE | self.refund_methods,
            partly_refundable=self.refund_methods,
            lists_transactions=True,
        )
        self._merchant = Remembered(
            self._fetch_merchant, seconds=ACCEPTANCE_SECONDS, monotonic=monotonic
        )
        self._banks = Remembered(self._fetch_banks, seconds=BANKS_SECONDS, monotonic=monotonic)

    async def start(self, charge: Charge) -> Outcome:
        """Open the transaction of a charge; PENDING, since no method of Wompi ends at once.

        A reference that Wompi already has is adopted where its amount is the charge's.
        """
        try:
            with self.breaker.guard((self.code, charge.method), (NotSubmitted, OutcomeUnknown)):
                return await self._submit(charge)
        except CircuitOpen as error:
            raise NotSubmitted(**error.details) from error

    async def fetch(self, transaction_id: str) -> Outcome:
        """Ask for the present state of a transaction."""
        if not _ID.fullmatch(transaction_id):
            raise TransactionUnknown
        path = f"/transactions/{transaction_id}"
        reply = await self._read("transactions", path, wire.TransactionReply)
        return outcome_of(reply.data)

    async def find(self, reference: str) -> Outcome | None:
        """Look a transaction up by our reference."""
        reply = wire.TransactionsReply
        found = await self._read("transactions", "/transactions", reply, reference=reference)
        exact = (one for one in found.data if one.reference == reference)
        return next(map(outcome_of, exact), None)

    async def refund(self, order: RefundOrder) -> RefundOutcome:
        """Give money back by the refunds API where the method has it, else by a void."""
        by_api = order.method in self.refund_methods
        if not by_api:
            check_void(order)
        if not _ID.fullmatch(order.transaction_id):
            raise Declined(reason="Wompi has no such transaction")
        operation = "refund" if by_api else "void"
        try:
            with self.breaker.guard((self.code, operation), (NotSubmitted, OutcomeUnknown)):
                if by_api:
                    return read_refund(await self._post(refund_of(order), "/refunds"), order)
                path = f"/transactions/{order.transaction_id}/void"
                return read_void(await self._post({}, path), order)
        except CircuitOpen as error:
            raise NotSubmitted(**error.details) from error

    async def find_refund(self, order: RefundOrder, refund_id: str | None) -> RefundOutcome | None:
        """Say whether a payment was voided; of the refunds API nothing can be asked."""
        found = await self.fetch(order.transaction_id)
        if found.status is AttemptStatus.VOIDED:
            return RefundOutcome(RefundStatus.APPROVED, refund_id or order.transaction_id)
        if order.method in self.refund_methods:
            return RefundOutcome(RefundStatus.UNKNOWN, refund_id)
        return None

    async def find_dispute(self, dispute_id: str) -> DisputeOutcome | None:
        """Return None: Wompi tells of disputes by mail, not by its API."""
        return None

    async def transactions(self, since: datetime, until: datetime) -> list[Outcome] | None:
        """List what was begun between two instants, page by page."""
        found: list[Outcome] = []
        period = {"from_date": since.isoformat(), "until_date": until.isoformat()}
        while True:
            page = str(len(found) // LARGEST_PAGE + 1)
            query = {**period, "page": page, "page_size": str(LARGEST_PAGE)}
            reply = await self._read(
                "transactions", "/transactions", wire.TransactionsReply, **query
            )
            found += map(outcome_of, reply.data)
            if len(reply.data) < LARGEST_PAGE:
                return found

    async def banks(self) -> list[Bank]:
        """List the banks of PSE, at most a day old while Wompi answers."""
        return await self._banks.latest(within=PAGE_PATIENCE_SECONDS)

    async def acceptance(self) -> Acceptance:
        """Return the addresses of the two documents that a shopper accepts."""
        merchant = await self._merchant.latest(within=PAGE_PATIENCE_SECONDS)
        return Acceptance(
            policy_url=merchant.presigned_acceptance.permalink,
            personal_data_url=merchant.presigned_personal_data_auth.permalink,
        )

    def verify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Check the checksum over what the event itself lists, and that it names its transaction.

        The environment is not signed, but its secret is; an event of the other one is refused.
        """
        try:
            event = wompi_events.read_event(body)
            checksum = event.expected_checksum(self.keys.events)
        except wompi_events.NotWompi as error:
            raise NotAnEvent from error
        except ValueError as error:
            raise BadSignature from error
        claimed = [event.checksum, *_values_of(headers, "x-event-checksum")]
        is_signed = all([wompi_events.agrees(checksum, one) for one in claimed])
        if not is_signed or wire.SIGNED_ID not in event.properties:
            raise BadSignature
        return self._notice(event, checksum)

    def _notice(self, event: wompi_events.Event, checksum: str) -> Notice:
        ours = "prod" if self.keys.is_production else "test"
        transaction_id = event.text_at(wire.SIGNED_ID)
        is_ours = event.environment in (None, ours) and event.name == wire.PAYMENT_EVENT
        if not is_ours or not _ID.fullmatch(transaction_id):
            raise NotAnEvent
        transaction = event.data["transaction"]
        reference = transaction.get("reference")
        # The reference is seldom signed: only one that could be ours is passed on.
        is_sound = isinstance(reference, str) and _REFERENCE.fullmatch(reference)
        return Notice(checksum, transaction_id, reference if is_sound else None)

    async def _submit(self, charge: Charge) -> Outcome:
        response = await self._post(await self._body(charge))
        if response.status_code == 422 and _TOKEN_FIELDS & set(wire.messages_of(response.content)):
            # Surely not processed; the tokens had been used or had run out.
            self._merchant.expire()
            response = await self._post(await self._body(charge))
        if response.is_success:
            return _opened(charge, response)
        if response.status_code == 422:
            return await self._refused(charge, response)
        log.error("wompi_refused_a_payment", status=response.status_code, at=charge.reference)
        if response.status_code in wire.NOT_PROCESSED:
            raise NotSubmitted
        raise OutcomeUnknown(f"Wompi answered {response.status_code}")

    async def _body(self, charge: Charge) -> dict[str, Any]:
        try:
            merchant = await self._merchant.fresh()
        except Unavailable as error:
            raise NotSubmitted(**error.details) from error
        signature = wire.integrity_signature(
            charge.reference,
            charge.amount_minor,
            charge.currency,
            self.keys.integrity,
            expiration_of(charge),
        )
        return {
            "acceptance_token": merchant.presigned_acceptance.acceptance_token,
            "accept_personal_auth": merchant.presigned_personal_data_auth.acceptance_token,
            "signature": signature,
            **payment_of(charge),
        }

    async def _post(self, body: dict[str, Any], path: str = "/transactions") -> httpx2.Response:
        headers = _bearer(self.keys.private)
        try:
            async with asyncio.timeout(self.deadline_seconds):
                url = f"{self.base_url}{path}"
                return await self.http.post(url, json=body, headers=headers)
        except NOT_CONNECTED as error:
            raise NotSubmitted from error
        except (httpx2.HTTPError, TimeoutError) as error:
            raise OutcomeUnknown(type(error).__name__) from error

    async def _refused(self, charge: Charge, response: httpx2.Response) -> Outcome:
        messages = wire.messages_of(response.content)
        if not messages:
            raise OutcomeUnknown("Wompi answered 422 without a reason")
        if "reference" in messages:
            return await adopt(charge, self.find, "the reference is taken")
        raise Declined(reason=reason_of(messages))

    async def _fetch_merchant(self) -> wire.Merchant:
        path = f"/merchants/{self.keys.public}"
        return (await self._read("merchant", path, wire.MerchantReply)).data

    async def _fetch_banks(self) -> list[Bank]:
        path = "/pse/financial_institutions"
        reply = await self._read("banks", path, wire.InstitutionsReply)
        banks = (
            Bank(row.financial_institution_code, row.financial_institution_name)
            for row in reply.data
        )
        return [bank for bank in banks if bank.code != PLACEHOLDER_BANK]

    async def _read(self, operation: str, path: str, reply: type[Reply], **query: str) -> Reply:
        """Ask up to three times within the deadline; raises `GatewayUnavailable`."""
        try:
            with self.breaker.guard((self.code, operation), (GatewayUnavailable,)):
                return await self._read_patiently(path, reply, query)
        except CircuitOpen as error:
            raise GatewayUnavailable(**error.details) from error

    async def _read_patiently(self, path: str, reply: type[Reply], query: dict[str, str]) -> Reply:
        try:
            async with asyncio.timeout(self.deadline_seconds):
                return await self._read_again(path, reply, query)
        except (Faltering, TimeoutError) as error:
            raise GatewayUnavailable from error

    @asked_again
    async def _read_again(self, path: str, reply: type[Reply], query: dict[str, str]) -> Reply:
        is_private = path.startswith("/transactions")
        headers = _bearer(self.keys.private if is_private else self.keys.public)
        try:
            url = f"{self.base_url}{path}"
            response = await self.http.get(url, params=query, headers=headers)
        except httpx2.HTTPError as error:
            raise Faltering(type(error).__name__) from error
        if response.status_code >= 500:
            raise Faltering(str(response.status_code))
        if response.status_code == 404 and path.startswith("/transactions/"):
            raise TransactionUnknown
        if response.status_code != 200:
            log.error("wompi_refused_a_read", status=response.status_code, path=path)
            raise GatewayUnavailable
        try:
            return wompi_events.decode(response.content, reply)
        except wompi_events.NotWompi as error:
            raise Faltering("the answer is broken") from error


def _opened(charge: Charge, response: httpx2.Response) -> Outcome:
    try:
        opened = wompi_events.decode(response.content, wire.TransactionReply).data
    except wompi_events.NotWompi as error:
        raise OutcomeUnknown("the answer is broken") from error
    if opened.reference != charge.reference:
        raise OutcomeUnknown("the answer is about another payment")
    return outcome_of(opened)


def _values_of(headers: Mapping[str, str], name: str) -> list[str]:
    return [value for key, value in headers.items() if key.lower() == name]


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
