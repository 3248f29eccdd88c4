"""Acceptance tokens the shopper ticks, and card tokens that stand for a card number."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

from simulators.wompi.wire import CardIn, Status

END_USER_POLICY = "END_USER_POLICY"
PERSONAL_DATA_AUTH = "PERSONAL_DATA_AUTH"

MAGIC_CARDS = {
    "4242424242424242": Status.APPROVED,
    "4111111111111111": Status.DECLINED,
}
BRANDS = {"3": "AMEX", "4": "VISA", "5": "MASTERCARD"}
CARD_TOKEN_LIFE = timedelta(days=180)


class Acceptances:
    """Issues acceptance tokens and recognises its own, while they last."""

    def __init__(self, ttl: float) -> None:
        self._ttl = timedelta(seconds=ttl)
        self._secret = secrets.token_hex(32)
        self._used: set[str] = set()

    def fresh(self, kind: str, permalink: str) -> str:
        """Sign a token nobody has seen before."""
        now = datetime.now(UTC)
        claims = {
            "type": kind,
            "permalink": permalink,
            "jti": secrets.token_hex(8),
            "iat": now,
            "exp": now + self._ttl,
        }
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def problem(self, token: str, kind: str) -> str | None:
        """Say why this token is not good for that kind, or None when it is."""
        try:
            claims = jwt.decode(token, self._secret, algorithms=["HS256"])
        except jwt.ExpiredSignatureError:
            return "El token de aceptación ha expirado"
        except jwt.InvalidTokenError:
            return "El token de aceptación es inválido"
        return None if claims["type"] == kind else "El token de aceptación es inválido"

    def use(self, *tokens: str) -> None:
        """Remember that a payment was made with these tokens."""
        self._used.update(tokens)

    def is_used(self, token: str) -> bool:
        """Tell whether a payment was already made with this token."""
        return token in self._used


@dataclass(frozen=True, slots=True)
class Card:
    """What is kept of a card: never its number or its code."""

    id: str
    created_at: datetime
    brand: str
    bin: str
    last_four: str
    exp_year: str
    exp_month: str
    card_holder: str
    outcome: Status

    @property
    def name(self) -> str:
        """Give the card the name shoppers see."""
        return f"{self.brand}-{self.last_four}"

    def shown(self) -> dict[str, str]:
        """Give the answer of POST /tokens/cards."""
        return {
            "id": self.id,
            "created_at": instant(self.created_at),
            "brand": self.brand,
            "name": self.name,
            "last_four": self.last_four,
            "bin": self.bin,
            "exp_year": self.exp_year,
            "exp_month": self.exp_month,
            "card_holder": self.card_holder,
            "expires_at": instant(self.created_at + CARD_TOKEN_LIFE),
        }


class CardVault:
    """Turns cards into tokens, each good for one payment."""

    def __init__(self) -> None:
        self._cards: dict[str, Card] = {}
        self._used: set[str] = set()

    def add(self, card: CardIn) -> Card:
        """Keep a card under a new token."""
        kept = Card(
            id=f"tok_test_1_{secrets.token_hex(16)}",
            created_at=datetime.now(UTC),
            brand=BRANDS.get(card.number[0], "UNKNOWN"),
            bin=card.number[:6],
            last_four=card.number[-4:],
            exp_year=card.exp_year,
            exp_month=card.exp_month,
            card_holder=card.card_holder,
            outcome=MAGIC_CARDS.get(card.number, Status.ERROR),
        )
        self._cards[kept.id] = kept
        return kept

    def find(self, token: str) -> Card | None:
        """Give the card of a token that was never used."""
        return None if token in self._used else self._cards.get(token)

    def use(self, card: Card) -> None:
        """Spend the token of this card."""
        self._used.add(card.id)

    def clear(self) -> None:
        """Forget every card."""
        self._cards.clear()
        self._used.clear()


def instant(moment: datetime) -> str:
    """Write a moment the way Wompi does: UTC with milliseconds and a Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
