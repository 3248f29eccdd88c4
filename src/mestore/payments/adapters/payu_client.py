"""Calls to PayU: what moves money is sent once, questions are asked up to three times."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx2
import structlog

from mestore.kernel.adapters.calls import NOT_CONNECTED, Faltering, asked_again
from mestore.kernel.breaker import Breaker, CircuitOpen
from mestore.payments.adapters import payu_wire as wire
from mestore.payments.adapters.payu_mapping import CODE
from mestore.payments.errors import GatewayUnavailable, NotSubmitted, OutcomeUnknown

log = structlog.get_logger(__name__)

Reply = TypeVar("Reply", wire.OrderReply, wire.OrdersReply, wire.BanksReply)

QUERY_SECONDS = 20.0
NOT_PROCESSED = frozenset({400, 401, 403, 404, 429})


@dataclass(frozen=True, slots=True)
class PayUAccount:
    """One account of a merchant; the API key signs, the login opens."""

    merchant_id: str
    account_id: str
    api_login: str = field(repr=False)
    api_key: str = field(repr=False)
    algorithm: wire.Algorithm = wire.Algorithm.MD5


@dataclass(frozen=True, slots=True)
class PayUClient:
    """Speaks to both addresses of PayU; `base_url` has no path."""

    account: PayUAccount
    http: httpx2.AsyncClient
    base_url: str
    breaker: Breaker
    deadline_seconds: float

    async def submit(self, transaction: dict[str, Any], about: str) -> wire.SubmitReply:
        """Send what moves money, once; raises `NotSubmitted` or `OutcomeUnknown`."""
        body = {**self._envelope("SUBMIT_TRANSACTION"), "transaction": transaction}
        try:
            async with asyncio.timeout(self.deadline_seconds):
                response = await self._post(wire.PAYMENTS_PATH, body)
        except NOT_CONNECTED as error:
            raise NotSubmitted from error
        except (httpx2.HTTPError, TimeoutError) as error:
            raise OutcomeUnknown(type(error).__name__) from error
        if response.status_code in NOT_PROCESSED:
            log.error("payu_refused_a_call", status=response.status_code, at=about)
            raise NotSubmitted
        if not response.is_success:
            raise OutcomeUnknown(f"PayU answered {response.status_code}")
        try:
            return wire.decode(response.content, wire.SubmitReply)
        except wire.NotPayU as error:
            raise OutcomeUnknown("the answer is broken") from error

    async def query(self, command: str, details: dict[str, Any], reply: type[Reply]) -> Reply:
        """Ask about orders; raises `GatewayUnavailable`."""
        return await self._read("orders", command, {"details": details}, reply)

    async def banks(self) -> list[wire.BankRow]:
        """Ask for the banks of PSE, the placeholder among them."""
        more = {"bankListInformation": {"paymentMethod": "PSE", "paymentCountry": "CO"}}
        reply = await self._read("banks", "GET_BANKS_LIST", more, wire.BanksReply)
        return reply.banks or []

    async def _read(
        self, operation: str, command: str, more: dict[str, Any], reply: type[Reply]
    ) -> Reply:
        """Ask up to three times within the deadline; raises `GatewayUnavailable`."""
        try:
            with self.breaker.guard((CODE, operation), (GatewayUnavailable,)):
                return await self._read_patiently(command, more, reply)
        except CircuitOpen as error:
            raise GatewayUnavailable(**error.details) from error

    async def _read_patiently(
        self, command: str, more: dict[str, Any], reply: type[Reply]
    ) -> Reply:
        try:
            async with asyncio.timeout(min(self.deadline_seconds, QUERY_SECONDS)):
                return await self._read_again(command, more, reply)
        except (Faltering, TimeoutError) as error:
            raise GatewayUnavailable from error

    @asked_again
    async def _read_again(self, command: str, more: dict[str, Any], reply: type[Reply]) -> Reply:
        path = wire.PAYMENTS_PATH if command == "GET_BANKS_LIST" else wire.QUERIES_PATH
        try:
            response = await self._post(path, {**self._envelope(command), **more})
        except httpx2.HTTPError as error:
            raise Faltering(type(error).__name__) from error
        if response.status_code >= 500:
            raise Faltering(str(response.status_code))
        try:
            answer = wire.decode(response.content, reply)
        except wire.NotPayU as error:
            raise Faltering("the answer is broken") from error
        if response.status_code != 200 or answer.code != wire.SUCCESS:
            log.error("payu_refused_a_read", status=response.status_code, error=answer.error)
            raise GatewayUnavailable
        return answer

    async def _post(self, path: str, body: dict[str, Any]) -> httpx2.Response:
        # Without this header PayU answers in XML.
        headers = {"Accept": "application/json"}
        return await self.http.post(f"{self.base_url}{path}", json=body, headers=headers)

    def _envelope(self, command: str) -> dict[str, Any]:
        keys = {"apiLogin": self.account.api_login, "apiKey": self.account.api_key}
        return {"test": False, "language": "es", "command": command, "merchant": keys}
