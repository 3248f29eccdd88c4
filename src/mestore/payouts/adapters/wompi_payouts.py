"""Wompi's "Pagos a Terceros": batches of transfers to banks and wallets.

No batch is ever paid twice: its reference is its `idempotency-key`, a key that was used is answered
409 EXC_022 and read back, and whatever leaves its outcome open is `OutcomeUnknown`.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

import httpx2
import structlog

from mestore.kernel.adapters import wompi_events
from mestore.kernel.adapters.calls import NOT_CONNECTED, Faltering, asked_again
from mestore.kernel.breaker import Breaker, CircuitOpen
from mestore.kernel.errors import Unavailable
from mestore.kernel.remembered import Remembered
from mestore.payments.errors import BadSignature, NotAnEvent
from mestore.payouts.adapters import wompi_payouts_wire as wire
from mestore.payouts.errors import (
    BatchRefused,
    ChannelUnavailable,
    NotSubmitted,
    OutcomeUnknown,
)
from mestore.payouts.types import (
    AccountType,
    BatchOrder,
    BatchStanding,
    DocumentType,
    LineEnd,
    LineResult,
    Payout,
    Signal,
)

log = structlog.get_logger(__name__)

Reply = TypeVar("Reply")

CODE = "wompi_payouts"
USED_KEY = "EXC_022"
# Answers that Wompi gives before it looks at a batch.
NOT_PROCESSED = frozenset({401, 403, 404, 429})
REJECTED = "REJECTED"
FINAL = frozenset({"TOTAL_PAYMENT", REJECTED})
"""TOTAL_PAYMENT says that every line has ended, not that every line was paid."""
ENDS = {
    "APPROVED": LineEnd.PAID,
    "FAILED": LineEnd.FAILED,
    "CANCELLED": LineEnd.FAILED,
    "REJECTED": LineEnd.FAILED,
}
EVENTS = {"payout.updated": "payout", "transaction.updated": "transaction"}
BANKS_SECONDS = 86_400.0
LARGEST_PAGE = 100
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_ACCOUNT_TYPES = {AccountType.DEPOSITO: "DEPOSITO_ELECTRONICO"}


@dataclass(frozen=True, slots=True)
class WompiPayoutsKeys:
    """What opens one account of Wompi payouts."""

    api_key: str = field(repr=False)
    user_principal_id: str
    events_secret: str = field(repr=False)
    account_id: str


class WompiPayouts:
    """The port to Wompi payouts. `http` must not follow redirects; `base_url` ends in /v1."""

    documents = frozenset(
        {DocumentType.CC, DocumentType.CE, DocumentType.NIT, DocumentType.PP, DocumentType.TI}
    )

    def __init__(
        self,
        keys: WompiPayoutsKeys,
        http: httpx2.AsyncClient,
        base_url: str,
        breaker: Breaker,
        *,
        deadline_seconds: float = 20.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.keys = keys
        self.http = http
        self.base_url = base_url.rstrip("/")
        self.breaker = breaker
        self.deadline_seconds = deadline_seconds
        self._banks = Remembered(self._fetch_banks, seconds=BANKS_SECONDS, monotonic=monotonic)

    async def send(self, order: BatchOrder) -> BatchStanding:
        """Submit a batch under its reference; one that Wompi has already is taken over."""
        try:
            with self.breaker.guard((CODE, "send"), (NotSubmitted, OutcomeUnknown)):
                return await self._submit(order)
        except CircuitOpen as error:
            raise NotSubmitted(**error.details) from error

    async def find(self, reference: str, provider_id: str | None) -> BatchStanding | None:
        """Look a batch up, by our reference where its id is not known yet, and all its lines."""
        found = await self._batch(reference, provider_id)
        if found is None or not _ID.fullmatch(found.id):
            return None
        # The lines are read after the state: where that is final, they are.
        lines = await self._lines(found.id)
        results = tuple(_result(line, found.status) for line in lines)
        return BatchStanding(found.id, found.status in FINAL, results)

    def verify(self, headers: Mapping[str, str], body: bytes) -> Signal:
        """Check the checksum over what the event itself lists; it is said whom to ask about."""
        try:
            event = wompi_events.read_event(body)
            checksum = event.expected_checksum(self.keys.events_secret)
        except wompi_events.NotWompi as error:
            raise NotAnEvent from error
        except ValueError as error:
            raise BadSignature from error
        header = [value for key, value in headers.items() if key.lower() == "x-event-checksum"]
        part = EVENTS.get(event.name)
        is_signed = all([wompi_events.agrees(checksum, one) for one in [event.checksum, *header]])
        if not is_signed or (part and f"{part}.id" not in event.properties):
            raise BadSignature
        if part is None:
            raise NotAnEvent
        return _signal(event, part, checksum)

    async def _submit(self, order: BatchOrder) -> BatchStanding:
        try:
            banks = await self._banks.fresh()
        except Unavailable as error:
            raise NotSubmitted(**error.details) from error
        response = await self._post(order, self._body(order, banks))
        if response.is_success:
            return _made(response)
        refusal = _refusal(response)
        if response.status_code == 409 and refusal is not None and refusal.code == USED_KEY:
            return await self._adopt(order)
        log.error("wompi_refused_payouts", status=response.status_code, at=order.reference)
        if response.status_code in NOT_PROCESSED:
            raise NotSubmitted
        if response.status_code in {400, 422} and refusal is not None:
            raise BatchRefused(reason=f"{refusal.code}: {refusal.message}"[:300])
        raise OutcomeUnknown(f"Wompi answered {response.status_code}")

    async def _adopt(self, order: BatchOrder) -> BatchStanding:
        """Take over the batch that an earlier call with this key made."""
        try:
            found = await self.find(order.reference, None)
        except ChannelUnavailable as error:
            raise OutcomeUnknown("the key was used") from error
        if found is None:
            raise OutcomeUnknown("the key was used and no batch is listed yet")
        return found

    def _body(self, order: BatchOrder, banks: Mapping[str, str]) -> dict[str, Any]:
        unknown = {each.bank_account.bank_code for each in order.payouts} - banks.keys()
        if unknown:
            raise BatchRefused(reason=f"Wompi does not reach the banks {sorted(unknown)}")
        return {
            "reference": order.reference,
            "accountId": self.keys.account_id,
            "paymentType": "PROVIDERS",
            "transactions": [_line(payout, banks) for payout in order.payouts],
        }

    async def _post(self, order: BatchOrder, body: dict[str, Any]) -> httpx2.Response:
        headers = {**self._headers(), "idempotency-key": order.reference}
        try:
            async with asyncio.timeout(self.deadline_seconds):
                return await self.http.post(f"{self.base_url}/payouts", json=body, headers=headers)
        except NOT_CONNECTED as error:
            raise NotSubmitted from error
        except (httpx2.HTTPError, TimeoutError) as error:
            raise OutcomeUnknown(type(error).__name__) from error

    async def _batch(self, reference: str, provider_id: str | None) -> wire.PayoutPart | None:
        if provider_id is not None and _ID.fullmatch(provider_id):
            return (await self._read(f"/payouts/{provider_id}", wire.PayoutReply)).data
        found = await self._read("/payouts", wire.PayoutsReply, reference=reference)
        return next((one for one in found.data if one.reference == reference), None)

    async def _lines(self, payout_id: str) -> list[wire.LinePart]:
        """Read pages until one has nothing new: a line that is missed would pass for not taken.

        Wompi does not say how many lines it gives at most, whatever it is asked for.
        """
        found: dict[str, wire.LinePart] = {}
        for page in count(1):
            query = {"page": str(page), "limit": str(LARGEST_PAGE)}
            path = f"/payouts/{payout_id}/transactions"
            reply = await self._read(path, wire.LinesReply, **query)
            lines = {line.id: line for line in reply.data}
            if lines.keys() <= found.keys():
                break
            found |= lines
        return list(found.values())

    async def _fetch_banks(self) -> dict[str, str]:
        reply = await self._read("/banks", wire.BanksReply)
        return {bank.code: bank.id for bank in reply.data}

    async def _read(self, path: str, reply: type[Reply], **query: str) -> Reply:
        """Ask up to three times within the deadline; raises `ChannelUnavailable`."""
        try:
            with self.breaker.guard((CODE, "read"), (ChannelUnavailable,)):
                async with asyncio.timeout(self.deadline_seconds):
                    return await self._read_again(path, reply, query)
        except CircuitOpen as error:
            raise ChannelUnavailable(**error.details) from error
        except (Faltering, TimeoutError) as error:
            raise ChannelUnavailable from error

    @asked_again
    async def _read_again(self, path: str, reply: type[Reply], query: dict[str, str]) -> Reply:
        try:
            url = f"{self.base_url}{path}"
            response = await self.http.get(url, params=query, headers=self._headers())
        except httpx2.HTTPError as error:
            raise Faltering(type(error).__name__) from error
        if response.status_code >= 500:
            raise Faltering(str(response.status_code))
        if response.status_code != 200:
            log.error("wompi_payouts_refused_a_read", status=response.status_code, path=path)
            raise ChannelUnavailable
        try:
            return wompi_events.decode(response.content, reply)
        except wompi_events.NotWompi as error:
            raise Faltering("the answer is broken") from error

    def _headers(self) -> dict[str, str]:
        return {
            "x-api-key": self.keys.api_key,
            "user-principal-id": self.keys.user_principal_id,
        }


def _line(payout: Payout, banks: Mapping[str, str]) -> dict[str, Any]:
    account = payout.bank_account
    is_company = account.document_type is DocumentType.NIT
    return {
        "legalIdType": account.document_type.value,
        # Wompi takes a NIT without its check digit.
        "legalId": account.document_number.partition("-")[0],
        "bankId": banks[account.bank_code],
        "accountType": _ACCOUNT_TYPES.get(account.account_type, account.account_type.value),
        "accountNumber": account.account_number,
        "name": account.holder_name,
        "email": payout.contact_email or "",
        "amount": payout.amount_minor,
        "reference": payout.reference,
        "personType": "JURIDICA" if is_company else "NATURAL",
    }


def _made(response: httpx2.Response) -> BatchStanding:
    try:
        made = wompi_events.decode(response.content, wire.MadeReply).data
    except wompi_events.NotWompi as error:
        raise OutcomeUnknown("the answer is broken") from error
    if made.failed:
        log.warning("wompi_did_not_take_all_payouts", batch=made.payout_id, failed=made.failed)
    return BatchStanding(made.payout_id, is_final=False)


def _refusal(response: httpx2.Response) -> wire.Refusal | None:
    try:
        return wompi_events.decode(response.content, wire.Refusal)
    except wompi_events.NotWompi:
        return None


def _result(line: wire.LinePart, of_batch: str) -> LineResult:
    end = ENDS.get(line.status, LineEnd.PENDING)
    if end is LineEnd.PENDING and of_batch == REJECTED:
        # No line of it is paid any more, whatever it says.
        failed, why = LineEnd.FAILED, "BATCH_REJECTED"
        amount = line.amount_in_cents
        return LineResult(line.reference, failed, amount, why, line.id, is_of_account=False)
    code = (line.failure_reason or line.status) if end is LineEnd.FAILED else None
    return LineResult(line.reference, end, line.amount_in_cents, code, line.id)


def _signal(event: wompi_events.Event, part: str, checksum: str) -> Signal:
    found = event.data.get(part, {})
    payout_id = found.get("id") if part == "payout" else found.get("payoutId")
    return Signal(checksum, _sound(payout_id), _sound(found.get("reference")))


def _sound(value: object) -> str | None:
    """Return an id or a reference that could be one; they are seldom signed."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None
