"""Tables of search: an inverted index that means the same on every engine, and what is asked."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base, BigPk, Code, UtcDateTime
from mestore.search.signature import ANYTHING, COLUMNS


class SearchTerm(Base):
    """A term of a product; `rank` is what it says of it, then how popular the product is.

    `number`, `price_minor` and the signature of all its terms are the product's: with the price,
    the cheapest of a term are read without all the others; with the signature, what may have
    several terms without what has only one of them. Readers see the rows of one `generation` only,
    the one that `search_state` names, so that a new index is built beside the old one.
    """

    __tablename__ = "search_terms"

    generation: Mapped[int] = mapped_column(SmallInteger, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    term: Mapped[str] = mapped_column(Code(60, collation="C"))
    rank: Mapped[int] = mapped_column(Integer)
    price_minor: Mapped[int] = mapped_column(BigInteger)
    signature_1: Mapped[int] = mapped_column(BigInteger, server_default=str(ANYTHING))
    signature_2: Mapped[int] = mapped_column(BigInteger, server_default=str(ANYTHING))
    signature_3: Mapped[int] = mapped_column(BigInteger, server_default=str(ANYTHING))

    __table_args__ = (
        # All that a product says stands together and is read in the key itself, on every engine.
        PrimaryKeyConstraint("generation", "number", "term", postgresql_include=["rank"]),
        Index("ix_search_terms_rank", "generation", "term", "rank", "number", *COLUMNS),
        Index(
            "ix_search_terms_price",
            "generation",
            "term",
            "price_minor",
            "number",
            postgresql_include=["rank", *COLUMNS],
        ),
        {"sqlite_with_rowid": False},
    )


class SearchState(Base):
    """The one row that says which generation is read, and how far the next one has come."""

    __tablename__ = "search_state"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    generation: Mapped[int] = mapped_column(SmallInteger)
    building: Mapped[int | None] = mapped_column(SmallInteger)
    built_to: Mapped[int] = mapped_column(BigInteger)
    counted_to: Mapped[str] = mapped_column(Code(60))
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    switched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SearchFrequency(Base):
    """About how many products have a term: which one to begin with, and which say little."""

    __tablename__ = "search_frequencies"

    term: Mapped[str] = mapped_column(Code(60), primary_key=True)
    products: Mapped[int] = mapped_column(Integer)


class SearchWord(Base):
    """A word as products write it, without accents, its term, and about how often it is used."""

    __tablename__ = "search_words"

    word: Mapped[str] = mapped_column(Code(60), primary_key=True)
    term: Mapped[str] = mapped_column(Code(60), index=True)
    head: Mapped[str] = mapped_column(Code(2))
    uses: Mapped[int] = mapped_column(Integer)

    __table_args__ = (Index("ix_search_words_head", "head", "uses", "word"),)


class SearchGram(Base):
    """Three letters of a word of so many letters: how a misspelt word finds the ones like it."""

    __tablename__ = "search_grams"

    gram: Mapped[str] = mapped_column(Code(3), primary_key=True)
    size: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    word: Mapped[str] = mapped_column(Code(60), primary_key=True)


class SearchSynonym(Base):
    """Words that mean the same, divided by commas; `origin` names the shipped group it began as."""

    __tablename__ = "search_synonyms"

    id: Mapped[int] = mapped_column(BigPk, primary_key=True)
    words: Mapped[str] = mapped_column(String(500))
    origin: Mapped[str | None] = mapped_column(Code(60), unique=True)
    is_active: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SearchPopularity(Base):
    """How many units of a product were sold lately; told by the room that counts them."""

    __tablename__ = "search_popularity"

    product_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    units: Mapped[int] = mapped_column(Integer)


class SearchedText(Base):
    """A text that was looked for on a day, folded: how often, and what was found the last time.

    No user, no address, and nothing that looks like a person's number or mail.
    """

    __tablename__ = "search_queries"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    text: Mapped[str] = mapped_column(Code(60), primary_key=True)
    times: Mapped[int] = mapped_column(Integer)
    results: Mapped[int] = mapped_column(Integer)
    relaxed: Mapped[str | None] = mapped_column(Code(20))

    __table_args__ = (
        Index("ix_search_queries_text", "text", "day"),
        Index("ix_search_queries_results", "results", "day"),
    )


class SearchVectors(Base):
    """Which generation of a model's vectors is read, and how far the next one and mending are.

    The vectors themselves are in the vector store, in one collection a generation; 0 is none.
    """

    __tablename__ = "search_vectors"

    model: Mapped[str] = mapped_column(Code(80), primary_key=True)
    generation: Mapped[int] = mapped_column(SmallInteger)
    building: Mapped[int | None] = mapped_column(SmallInteger)
    built_to: Mapped[int] = mapped_column(BigInteger)
    mended_to: Mapped[int] = mapped_column(BigInteger)
    switched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
