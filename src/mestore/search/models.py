"""Tables of search: an inverted index that means the same on every engine."""

from sqlalchemy import BigInteger, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from mestore.kernel.columns import Base, Code


class SearchTerm(Base):
    """A term of a product and how much it says; `number` is the product's."""

    __tablename__ = "search_terms"

    term: Mapped[str] = mapped_column(Code(60), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    weight: Mapped[int] = mapped_column(SmallInteger)

    __table_args__ = (Index("ix_search_terms_number", "number"),)


class SearchWord(Base):
    """A word as products write it, without accents, and the term that it stands for."""

    __tablename__ = "search_words"

    word: Mapped[str] = mapped_column(Code(60), primary_key=True)
    term: Mapped[str] = mapped_column(Code(60))


class SearchGram(Base):
    """Three letters of a word: how a misspelt word finds the ones like it."""

    __tablename__ = "search_grams"

    gram: Mapped[str] = mapped_column(Code(3), primary_key=True)
    word: Mapped[str] = mapped_column(Code(60), primary_key=True)
