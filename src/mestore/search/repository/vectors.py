"""Which generation of vectors is read and written, and how far the next one is."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.kernel.db import add_rows, affected, rows_of
from mestore.search.models import SearchVectors

_OF_MODEL = SearchVectors.model == bindparam("of_model")
_IS_BUILDING = SearchVectors.building == bindparam("made")
_STATE = select(
    SearchVectors.generation,
    SearchVectors.building,
    SearchVectors.built_to,
    SearchVectors.mended_to,
).where(_OF_MODEL)
_ADD = insert(SearchVectors).inline()
_BEGIN = (
    update(SearchVectors)
    .where(_OF_MODEL, SearchVectors.building.is_(None))
    .values(building=SearchVectors.generation + 1, built_to=0)
)
_ADVANCE = (
    update(SearchVectors)
    .where(_OF_MODEL, _IS_BUILDING, SearchVectors.built_to == bindparam("seen"))
    .values(built_to=bindparam("reached"))
)
_SWITCH = (
    update(SearchVectors)
    .where(_OF_MODEL, _IS_BUILDING)
    .values(
        generation=SearchVectors.building,
        building=None,
        mended_to=0,
        switched_at=bindparam("at", type_=SearchVectors.switched_at.type),
    )
)
_MENDED_TO = update(SearchVectors).where(_OF_MODEL).values(mended_to=bindparam("reached"))
_FORGET_OTHERS = delete(SearchVectors).where(SearchVectors.model != bindparam("of_model"))


@dataclass(frozen=True, slots=True)
class VectorState:
    """Which generation is read, which one is being built, how far that and mending are."""

    generation: int = 0
    building: int | None = None
    built_to: int = 0
    mended_to: int = 0

    @property
    def written(self) -> tuple[int, ...]:
        """Return the generations that every change goes into."""
        return tuple(each for each in (self.generation, self.building) if each)


class VectorRepository:
    """The row of one model; no rows of vectors, which are not in the database."""

    def __init__(self, connection: AsyncConnection, model: str) -> None:
        self.connection = connection
        self.model = model

    async def state(self) -> VectorState:
        """Return the state; that of a model without vectors where none was written."""
        rows = await rows_of(self.connection, _STATE, of_model=self.model)
        return VectorState(*rows[0]) if rows else VectorState()

    async def begin(self) -> None:
        """Begin the next generation, unless one is being built: then that one goes on."""
        if not await rows_of(self.connection, _STATE, of_model=self.model):
            first = {"model": self.model, "generation": 0, "built_to": 0, "mended_to": 0}
            await add_rows(self.connection, _ADD, [first])
        await affected(self.connection, _BEGIN, of_model=self.model)

    async def advance(self, made: int, seen: int, reached: int) -> None:
        """Say that a generation has come to a product, unless another process was first."""
        values = {"made": made, "seen": seen, "reached": reached}
        await affected(self.connection, _ADVANCE, of_model=self.model, **values)

    async def switch(self, made: int, at: datetime) -> None:
        """Let searches see the new generation, all of it at once, and forget other models."""
        await affected(self.connection, _SWITCH, of_model=self.model, made=made, at=at)
        await affected(self.connection, _FORGET_OTHERS, of_model=self.model)

    async def mended_to(self, number: int) -> None:
        """Remember where mending goes on."""
        await affected(self.connection, _MENDED_TO, of_model=self.model, reached=number)
