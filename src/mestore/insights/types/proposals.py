"""What would do a product good: the product as it is, those like it, and what is proposed."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as with_default
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class Priority(StrEnum):
    """How much a proposal matters, the most first."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class Source(StrEnum):
    """Who worked the proposed value out."""

    RULES = "RULES"
    MODEL = "MODEL"


class Enrichment(StrEnum):
    """What became of asking a language model."""

    NOT_CONFIGURED = "NOT_CONFIGURED"
    NOT_NEEDED = "NOT_NEEDED"
    UNAVAILABLE = "UNAVAILABLE"
    REJECTED = "REJECTED"
    DONE = "DONE"


@dataclass(frozen=True, slots=True)
class CategoryName:
    """A category as proposals show it."""

    id: UUID
    name: str
    slug: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a product, in pixels."""

    id: str
    width: int
    height: int
    alt: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The product that is looked at."""

    id: UUID
    vendor_id: UUID
    owner_id: UUID
    name: str
    slug: str
    description: str | None
    short_description: str | None
    brand: str | None
    tags: tuple[str, ...]
    category: CategoryName | None
    price_minor: int
    cost_price_minor: int | None
    currency: str
    seo_title: str | None
    seo_description: str | None
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A public product of another shop; `description_length` is counted up to a limit."""

    id: UUID
    vendor_id: UUID
    name: str
    brand_key: str | None
    category: CategoryName | None
    price_minor: int
    currency: str
    tags: tuple[str, ...]
    description_length: int
    pictures: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A product beside those that are like it, the most alike first.

    `rivals` are those of them that a price can be compared with; `selling` those that sold lately.
    `words` are what names of most of them say and its own does not.
    """

    subject: Subject
    similar: tuple[Peer, ...] = ()
    rivals: tuple[Peer, ...] = ()
    selling: tuple[Peer, ...] = ()
    words: tuple[str, ...] = ()
    is_slug_free: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Idea:
    """A proposal before it is put into words; `code` names the rule that made it."""

    field: str
    code: str
    priority: Priority
    current: Any = None
    proposed: Any = None
    evidence: Mapping[str, Any] = with_default(default_factory=dict)
    source: Source = Source.RULES


class Proposal(msgspec.Struct, frozen=True):
    """What could be changed of a product, and why. Nothing is changed by itself.

    `proposed` is null where only a person can know the better value.
    """

    field: str
    code: str
    priority: Priority
    current: Any
    proposed: Any
    reason: str
    evidence: Mapping[str, Any]
    source: Source


class Advice(msgspec.Struct, frozen=True):
    """All proposals for a product, what matters most first; `compared` is how many are like it."""

    product_id: UUID
    proposals: list[Proposal]
    compared: int
    enriched: bool
    enrichment: Enrichment


@dataclass(frozen=True, slots=True)
class Brief:
    """What a writer is told: the product's own words, as data, and which fields are wanted."""

    fields: tuple[str, ...]
    name: str
    description: str | None
    short_description: str | None
    brand: str | None
    category: str | None
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """What a writer made of it, not checked yet; None for what it did not write."""

    name: str | None = None
    description: str | None = None
