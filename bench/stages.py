"""The measurements: what is sent to whom, in which order, and what becomes a row of the report."""

import json
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import httpx2
import msgspec

from bench.load import Found, Load, get, post, send
from bench.report import Bar, Row, row_of_budget, row_of_rounds
from bench.servers import Server
from bench.shop import SIGNED_IN, Shop
from mestore.accounts.service.tokens import AccessTokens
from mestore.accounts.types import SignInPolicy, UserProfile, UserType

CALLERS = (16, 64)
LIST = "/api/v1/products?per_page=20"
PRICE_SORTED = "/api/v1/products?per_page=20&sort=price"
ORDERS = "/api/v1/orders"
VARIETY = 2_000
"""How many different requests a load goes round."""

Measured = tuple[Row, Bar]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long everything takes, and how large the large shop is."""

    rounds: int
    seconds: float
    large: int


FULL = Pace(rounds=6, seconds=2.0, large=100_000)
QUICK = Pace(rounds=2, seconds=1.0, large=10_000)


@dataclass(frozen=True, slots=True)
class Requests:
    """Prepared requests for one shop, the same ones in every run."""

    shop: Shop
    secret: str

    def details(self) -> list[str]:
        """Return requests for products all over the shop."""
        chosen = self._dice().choices(self.shop.offers, k=VARIETY)
        return [get(f"/api/v1/products/{offer.product_id}") for offer in chosen]

    def shelves(self) -> list[str]:
        """Return the first page of each category."""
        return [get(f"{LIST}&category={slug}") for slug in self.shop.categories]

    def orders(self) -> list[str]:
        """Return orders of two products of different vendors, by buyers of their own."""
        dice, found = self._dice(), []
        for index in range(VARIETY):
            buyer = index % SIGNED_IN
            first = dice.randrange(len(self.shop.offers) - 1)
            found.append(post(ORDERS, self.basket(first), self.token(buyer)))
        return found

    def basket(self, first: int) -> bytes:
        """Return the body of an order of two neighbouring products."""
        offers = self.shop.offers[first : first + 2]
        items = [{"product_id": offer.product_id, "quantity": 1} for offer in offers]
        address = {
            "shipping_name": "Persona Ejemplo",
            "shipping_phone": "+573001234567",
            "shipping_address": "Calle 100 # 8A - 55, Apto 501",
            "shipping_city": "Bogotá, D.C.",
            "shipping_state": "Bogotá, D.C.",
        }
        return msgspec.json.encode({"items": items, **address})

    def given(self, buyer: int, first: int) -> dict[str, UUID]:
        """Return the ids that an order brings with it, as plans name them."""
        first_offer, second_offer = self.shop.offers[first : first + 2]
        return {
            "session": self.shop.buyers[buyer].session_id,
            "product_0": first_offer.product_id,
            "product_1": second_offer.product_id,
        }

    def token(self, index: int) -> str:
        """Return the access token of a buyer who has a session."""
        buyer, moment = self.shop.buyers[index], self.shop.moment
        profile = UserProfile(
            id=buyer.id,
            number=index,
            email=buyer.email,
            username=None,
            first_name="Persona",
            last_name="Ejemplo",
            phone=None,
            company=None,
            user_type=UserType.BUYER,
            is_active=True,
            email_verified=True,
            phone_verified=False,
            mfa_enabled=False,
            marketing_consent=False,
            created_at=moment,
            last_login=None,
        )
        return AccessTokens(SignInPolicy(secret=self.secret)).issue(
            profile, buyer.session_id, moment
        )

    def _dice(self) -> random.Random:
        return random.Random(1)  # noqa: S311  the same choice in every run


@dataclass(frozen=True, slots=True)
class Bench:
    """Runs measurements at one pace and says what it does."""

    pace: Pace
    tell: Callable[[str], None]

    def duel(
        self,
        name: str,
        ours: Server,
        limit: Server,
        sent: Sequence[str],
        bar: Bar,
        *,
        status: int = 200,
        sent_to_limit: Sequence[str] | None = None,
    ) -> Measured:
        """Measure answers a second of ours and of the limit, in turn."""
        self.tell(name)
        loads = (
            self._load(ours, sent, status),
            self._load(limit, sent_to_limit or sent, status),
        )
        rounds = []
        for number in range(self.pace.rounds):
            found = self._both(loads, CALLERS[number % 2], limit_first=number % 4 > 1)
            rounds.append((found[0].per_second, found[1].per_second))
        return row_of_rounds(name, rounds, "req/s"), bar

    def growth(
        self,
        name: str,
        large: Server,
        small: Server,
        sent: tuple[Sequence[str], Sequence[str]],
        *,
        status: int,
    ) -> Measured:
        """Measure the p95 of a large shop against that of a small one, in turn."""
        self.tell(name)
        loads = self._load(large, sent[0], status), self._load(small, sent[1], status)
        rounds = []
        for number in range(max(2, self.pace.rounds // 2)):
            found = self._both(loads, CALLERS[0], limit_first=number % 2 == 1)
            rounds.append((found[0].p95, found[1].p95))
        return row_of_rounds(name, rounds, "p95 ratio"), Bar(1.5, at_least=False)

    def _load(self, server: Server, requests: Sequence[str], status: int) -> Load:
        return Load(server.port, CALLERS[0], self.pace.seconds, status, requests)

    def _both(
        self, loads: tuple[Load, Load], callers: int, *, limit_first: bool
    ) -> tuple[Found, Found]:
        # Who goes first changes, so that what grows during a run falls on both.
        ours, limit = (msgspec.structs.replace(load, callers=callers) for load in loads)
        if limit_first:
            second, first = send(limit), send(ours)
        else:
            first, second = send(ours), send(limit)
        sides = " | ".join(
            f"{one.per_second:8,.0f}/s  p50 {one.p50:6.2f} ms  p95 {one.p95:6.2f} ms"
            for one in (first, second)
        )
        self.tell(f"  {callers:3} callers: {sides}")
        return first, second


class AnswersDiffer(Exception):
    """The bare program does not do the same work."""


def compare(ours: Server, limit: Server, paths: Sequence[str], basket: bytes, token: str) -> None:
    """Raise `AnswersDiffer` unless both programs answer the same."""
    for path in paths:
        one, other = (httpx2.get(_address(side, path)) for side in (ours, limit))
        if json.loads(one.content) != json.loads(other.content):
            raise AnswersDiffer(f"{path}\n{one.text[:1500]}\n{other.text[:1500]}")
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    placed = [
        httpx2.post(_address(side, ORDERS), content=basket, headers=headers)
        for side in (ours, limit)
    ]
    keys = [(answer.status_code, answer.json().keys()) for answer in placed]
    if keys[0] != keys[1]:
        raise AnswersDiffer(f"{placed[0].text[:1500]}\n{placed[1].text[:1500]}")


def budgets(servers: Sequence[Server]) -> list[Measured]:
    """Return the rows of memory and cold start of the program's own processes."""
    memory = max(server.resident_megabytes() for server in servers)
    start = statistics.median(server.start_seconds for server in servers)
    at_most = Bar(1, at_least=False)
    return [
        (row_of_budget("memory after the run", memory, 200, "MB"), at_most),
        (row_of_budget("cold start to the first 200", start, 3, "s"), at_most),
    ]


def _address(server: Server, path: str) -> str:
    return f"http://127.0.0.1:{server.port}{path}"
