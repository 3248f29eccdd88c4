"""What the program said to the database for one request, as a plan that a bare program repeats.

A trace holds statements with the values of one request. In a plan every value is a register: a
constant, something of the request, the time, something new, or what an earlier statement returned.
So the plan follows the program by itself, statement by statement, however its SQL changes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

SMALLEST_ID = 10**12
"""Integers from here on are ids: the benchmark's own shop has no other number so large."""


class Verb(StrEnum):
    """How a statement is run."""

    FETCH = "FETCH"
    MANY = "MANY"
    BEGIN = "BEGIN"
    COMMIT = "COMMIT"


@dataclass(frozen=True, slots=True)
class Said:
    """One statement of a trace, with its parameter rows and what it returned."""

    verb: Verb
    sql: str = ""
    parameters: Sequence[Sequence[Any]] = ((),)
    returned: Sequence[Sequence[Any]] = ()


class Step(msgspec.Struct, frozen=True):
    """One statement of a plan: the registers it takes, row by row, and those it fills."""

    verb: Verb
    sql: str
    takes: list[list[int]]
    fills: list[tuple[int, int, int]]
    """Row and column of the answer, and the register that they go to."""


class Plan(msgspec.Struct, frozen=True):
    """Statements over registers."""

    steps: list[Step]
    constants: list[str | int | float | bool | None]
    """What every register holds at first."""
    given: dict[str, int]
    """Registers of the request's own values, by name."""
    times: list[tuple[int, float]]
    """Registers of times, and how many seconds from now they are."""
    new_ids: list[int]
    new_text: list[int]
    results: dict[str, int]
    """Registers of what the answer repeats, by name."""


class Plans(msgspec.Struct, frozen=True):
    """What the program said for each kind of request, and what else the bare one needs to know."""

    products: Plan
    product: Plan
    order: Plan
    total: int
    placed: dict[str, Any]
    """The answer to the traced order."""


class Untraceable(Exception):
    """An id in a statement that nothing before it tells."""


@dataclass(slots=True)
class _Tracer:
    moment: datetime
    fresh_text: str
    constants: list[str | int | float | bool | None] = field(default_factory=list)
    known: dict[Any, int] = field(default_factory=dict)
    returned: dict[Any, tuple[int, int, int]] = field(default_factory=dict)
    fills: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)
    times: list[tuple[int, float]] = field(default_factory=list)
    new_ids: list[int] = field(default_factory=list)
    new_text: list[int] = field(default_factory=list)

    def register_of(self, value: Any) -> int:  # noqa: ANN401  any parameter
        """Return the register from which `value` comes."""
        if isinstance(value, datetime):
            return self._time(value)
        if value == self.fresh_text:
            return self._once(value, self.new_text)
        if not _is_id(value):
            return self._new(value)
        if value not in self.known and value in self.returned:
            step, row, column = self.returned[value]
            self.known[value] = self._new(None)
            self.fills.setdefault(step, []).append((row, column, self.known[value]))
        if value in self.known:
            return self.known[value]
        if isinstance(value, UUID):
            return self._once(value, self.new_ids)
        raise Untraceable(f"{value} is no id that the request or a statement before told")

    def learn(self, step: int, rows: Iterable[Sequence[Any]]) -> None:
        """Remember where ids came from."""
        for index, row in enumerate(rows):
            for column, value in enumerate(row):
                if _is_id(value):
                    self.returned.setdefault(value, (step, index, column))

    def _time(self, value: datetime) -> int:
        # Whole minutes: what lies between is only how long the traced request took.
        seconds = round((value - self.moment).total_seconds() / 60) * 60.0
        if seconds not in self.known:
            self.known[seconds] = self._new(None)
            self.times.append((self.known[seconds], seconds))
        return self.known[seconds]

    def _once(self, value: str | UUID, registers: list[int]) -> int:
        if value not in self.known:
            self.known[value] = self._new(None)
            registers.append(self.known[value])
        return self.known[value]

    def _new(self, constant: str | int | float | bool | None) -> int:
        self.constants.append(constant)
        return len(self.constants) - 1


def plan_of(
    said: Sequence[Said],
    *,
    given: Mapping[str, UUID | str],
    moment: datetime,
    fresh_text: str = "",
    results: Mapping[str, int | str] | None = None,
) -> Plan:
    """Return the plan of a trace.

    `given` are the request's own ids, `fresh_text` a text that is another one each time, `results`
    the values that the answer repeats. Raises `Untraceable`.
    """
    tracer = _Tracer(moment, fresh_text or "\0")
    registers = {name: tracer._new(None) for name in given}
    tracer.known.update((value, registers[name]) for name, value in given.items())
    steps: list[Step] = []
    for index, one in enumerate(said):
        takes = [[tracer.register_of(value) for value in row] for row in one.parameters]
        steps.append(Step(one.verb, one.sql, takes, tracer.fills.setdefault(index, [])))
        tracer.learn(index, one.returned)
    return Plan(
        steps=steps,
        given=registers,
        times=tracer.times,
        new_ids=tracer.new_ids,
        new_text=tracer.new_text,
        results={name: tracer.register_of(value) for name, value in (results or {}).items()},
        constants=tracer.constants,
    )


def _is_id(value: object) -> bool:
    return isinstance(value, UUID) or (type(value) is int and value >= SMALLEST_ID)
