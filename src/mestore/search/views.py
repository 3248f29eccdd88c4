"""Reading the index: a bounded number of rows in each statement."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Integer,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    case,
    column,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    table,
    true,
)

from mestore.kernel.columns import Code, UtcDateTime
from mestore.kernel.db import Database
from mestore.search.models import SearchGram, SearchTerm, SearchWord
from mestore.search.types import CategoryLabel, Hit

MOST_HITS = 2000
"""How many products facets count."""
_P = table(
    "products",
    column("id", Uuid),
    column("number", BigInteger),
    column("name", String),
    column("slug", String),
    column("brand", String),
    column("brand_key", Code(100)),
    column("category_id", Uuid),
    column("vendor_id", Uuid),
    column("price_minor", BigInteger),
    column("rating_score", Integer),
    column("rating_count", Integer),
    column("is_public", Boolean),
    column("track_inventory", Boolean),
    column("created_at", UtcDateTime),
)
_LEVELS = table(
    "stock_levels",
    column("product_id", Uuid),
    column("on_hand", Integer),
    column("reserved", Integer),
)
_VENDORS = table("vendors", column("id", Uuid), column("business_name", String))
_CATEGORIES = table(
    "categories",
    column("id", Uuid),
    column("number", BigInteger),
    column("slug", String),
    column("name", String),
    column("path", Code(500)),
)
_IN_STOCK = or_(
    _P.c.track_inventory == false(),
    exists().where(_LEVELS.c.product_id == _P.c.id, _LEVELS.c.on_hand > _LEVELS.c.reserved),
)
_FILTERS: dict[str, Any] = {
    "category": _P.c.category_id.in_(bindparam("category", expanding=True)),
    "brand": _P.c.brand_key.in_(bindparam("brand", expanding=True)),
    "vendor": _P.c.vendor_id.in_(bindparam("vendor", expanding=True)),
    "min_price": _P.c.price_minor >= bindparam("min_price", type_=BigInteger),
    "max_price": _P.c.price_minor <= bindparam("max_price", type_=BigInteger),
    "min_rating": _P.c.rating_score >= bindparam("min_rating", type_=Integer),
    "in_stock": _IN_STOCK,
    "out_of_stock": ~_IN_STOCK,
    "after": _P.c.number > bindparam("after", type_=BigInteger),
}
_PAIR: tuple[Any, ...] = (SearchWord.word, SearchWord.term)
_WORDS_LIKE = (
    select(*_PAIR)
    .where(or_(SearchWord.word == bindparam("word"), SearchWord.word.like(bindparam("begin"))))
    .order_by(func.length(SearchWord.word), SearchWord.word)
    .limit(20)
)
_KNOWN = (
    select(SearchTerm.term)
    .where(SearchTerm.term.in_(bindparam("terms", expanding=True)))
    .distinct()
)
_NEAR = (
    select(*_PAIR)
    .join(SearchGram, SearchGram.word == SearchWord.word)
    .where(SearchGram.gram.in_(bindparam("grams", expanding=True)))
    .group_by(SearchWord.word, SearchWord.term)
    .order_by(func.count().desc(), SearchWord.word)
    .limit(40)
)
_CATEGORY_LABELS = select(
    _CATEGORIES.c.id,
    _CATEGORIES.c.number,
    _CATEGORIES.c.slug,
    _CATEGORIES.c.name,
    _CATEGORIES.c.path,
).order_by(_CATEGORIES.c.number)
_ROOT = _CATEGORIES.alias("root")
_BRANCH = select(_CATEGORIES.c.id).join(_ROOT, _CATEGORIES.c.path.like(_ROOT.c.path.concat("%")))
_BRANCH_BY_SLUG = _BRANCH.where(_ROOT.c.slug == bindparam("key"))
_BRANCH_BY_ID = _BRANCH.where(_ROOT.c.id == bindparam("key"))
_VENDOR_LABELS = select(_VENDORS.c.id, _VENDORS.c.business_name).where(
    _VENDORS.c.id.in_(bindparam("ids", expanding=True))
)


@cache
def _hits(count: int, filters: tuple[str, ...], sort: str) -> Select[Any]:
    """Return the statement for `count` words under these filters; all words must be there."""
    score: Any = literal(0)
    source: Any = _P
    for index in range(count):
        word = (
            select(SearchTerm.number, func.max(SearchTerm.weight).label("weight"))
            .where(SearchTerm.term.in_(bindparam(f"terms_{index}", expanding=True)))
            .group_by(SearchTerm.number)
            .subquery(f"word_{index}")
        )
        source = source.join(word, word.c.number == _P.c.number)
        score = score + word.c.weight
    has_stock = case((_IN_STOCK, 1), else_=0)
    orders: dict[str, tuple[Any, ...]] = {
        "relevance": (
            has_stock.desc(),
            score.desc() if count else _P.c.rating_count.desc(),
            _P.c.rating_count.desc(),
            _P.c.rating_score.desc(),
        ),
        "price": (_P.c.price_minor,),
        "-price": (_P.c.price_minor.desc(),),
        "rating": (_P.c.rating_score.desc(),),
        "newest": (_P.c.created_at.desc(),),
        "number": (),
    }
    last = _P.c.number if sort == "number" else _P.c.number.desc()
    return (
        select(
            _P.c.number,
            _P.c.id,
            _P.c.price_minor,
            _P.c.rating_score,
            _P.c.brand,
            _P.c.vendor_id,
            _P.c.category_id,
            has_stock,
            score,
            func.count().over(),
        )
        .select_from(source)
        .where(and_(_P.c.is_public == true(), *(_FILTERS[name] for name in filters)))
        .order_by(*orders[sort], last)
        .limit(bindparam("most"))
        .offset(bindparam("skipped"))
    )


async def hits(
    database: Database,
    words: Sequence[set[str]],
    values: dict[str, Any],
    sort: str,
    window: tuple[int, int],
) -> tuple[list[Hit], int]:
    """Return the products of a (skip, most) window with every word, and how many there are."""
    terms = {f"terms_{index}": sorted(each) for index, each in enumerate(words)}
    statement = _hits(len(words), tuple(sorted(values)), sort)
    bound = {name: value for name, value in values.items() if value is not True}
    rows = await database.rows(
        statement, {**terms, **bound, "skipped": window[0], "most": window[1]}
    )
    found = [Hit(*(*row[:7], bool(row[7]), int(row[8]))) for row in rows]
    return found, int(rows[0][9]) if rows else 0


async def known_terms(database: Database, terms: set[str]) -> set[str]:
    """Return those of the terms that some product has."""
    return {row[0] for row in await database.rows(_KNOWN, {"terms": sorted(terms)})}


async def words_beginning(database: Database, word: str) -> list[tuple[str, str]]:
    """Return the shortest (word, term) of the vocabulary that begin with a folded word."""
    rows = await database.rows(_WORDS_LIKE, {"word": word, "begin": f"{word}%"})
    return [(row[0], row[1]) for row in rows]


async def words_near(database: Database, pieces: set[str]) -> list[tuple[str, str]]:
    """Return the (word, term) that share most three-letter pieces."""
    return [(row[0], row[1]) for row in await database.rows(_NEAR, {"grams": sorted(pieces)})]


async def category_labels(database: Database) -> list[CategoryLabel]:
    """Return what facets show of every category."""
    return [CategoryLabel(*row) for row in await database.rows(_CATEGORY_LABELS, {})]


async def branch(database: Database, key: UUID | str) -> tuple[UUID, ...]:
    """Return the ids of a category, by id or slug, and of all under it."""
    statement = _BRANCH_BY_ID if isinstance(key, UUID) else _BRANCH_BY_SLUG
    return tuple(row[0] for row in await database.rows(statement, {"key": key}))


async def vendor_labels(database: Database, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the names of vendors."""
    rows = await database.rows(_VENDOR_LABELS, {"ids": list(ids)})
    return {row[0]: row[1] for row in rows}
