"""Runs a plan again and again on asyncpg, each time with what one request gives."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from operator import itemgetter
from typing import Any
from uuid import UUID

from bench.plan import Plan, Step, Verb
from bench.postgres import Connection
from mestore.kernel.clock import now
from mestore.kernel.ids import uuid7


@dataclass(frozen=True, slots=True)
class ReadyStep:
    """A step whose registers are picked in one call."""

    verb: Verb
    sql: str
    rows: list[Callable[[list[Any]], Sequence[Any]]]
    fills: list[tuple[int, int, int]]


class Repeater:
    """Runs a plan again and again, each time with what one request gives."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.steps = [_ready(step) for step in plan.steps]
        self.numbers = count()
        self.prefix = f"{os.getpid():x}-{os.urandom(3).hex()}"

    async def read(self, connection: Connection, given: dict[str, UUID]) -> Sequence[Any]:
        """Run a plan of one statement and return its rows."""
        (step,) = self.steps
        rows: Sequence[Any] = await connection.fetch(
            step.sql, *step.rows[0](self._registers(given))
        )
        return rows

    async def write(self, connection: Connection, given: dict[str, UUID]) -> dict[str, Any]:
        """Run a whole transaction and return what its answer repeats."""
        registers = await self._run(connection, given, end=Verb.COMMIT.value)
        return {name: registers[index] for name, index in self.plan.results.items()}

    async def rehearse(self, connection: Connection, given: dict[str, UUID]) -> list[Any]:
        """Run a whole transaction, roll it back and return what stood in the registers."""
        return await self._run(connection, given, end="ROLLBACK")

    async def _run(self, connection: Connection, given: dict[str, UUID], end: str) -> list[Any]:
        registers = self._registers(given)
        for step in self.steps:
            if step.verb is Verb.FETCH:
                rows = await connection.fetch(step.sql, *step.rows[0](registers))
                for row, column, register in step.fills:
                    registers[register] = rows[row][column]
            elif step.verb is Verb.MANY:
                await connection.executemany(step.sql, [pick(registers) for pick in step.rows])
            else:
                await connection.execute(end if step.verb is Verb.COMMIT else step.verb.value)
        return registers

    def _registers(self, given: dict[str, UUID]) -> list[Any]:
        plan = self.plan
        registers: list[Any] = plan.constants.copy()
        for name, value in given.items():
            registers[plan.given[name]] = value
        if plan.times:
            moment = now()
            for register, seconds in plan.times:
                registers[register] = moment + timedelta(seconds=seconds)
        for register in plan.new_ids:
            registers[register] = uuid7()
        for register in plan.new_text:
            registers[register] = f"{self.prefix}-{next(self.numbers):x}"
        return registers


def _ready(step: Step) -> ReadyStep:
    return ReadyStep(step.verb, step.sql, [_picker(row) for row in step.takes], step.fills)


def _picker(registers: list[int]) -> Callable[[list[Any]], Sequence[Any]]:
    if len(registers) > 1:
        return itemgetter(*registers)
    return lambda values: [values[register] for register in registers]
