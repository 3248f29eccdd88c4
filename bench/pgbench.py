"""The order's statements through pgbench: what the database alone allows, beside the limit.

A pgbench script cannot choose ids by itself, so each script is the order of one buyer and two
products, with everything else written into it. Ids that a statement returns in one row are passed
on; where it returns several rows, pgbench keeps none of them, and numbers of its own stand in.
"""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.plan import SMALLEST_ID, Plan, Step, Verb
from bench.postgres import connect
from bench.repeat import Repeater

CLIENTS = 10
"""As many as the program has connections."""

_PARAMETER = re.compile(r"\$(\d+)")
_RATE = re.compile(r"tps = ([0-9.]+) \(without")


def measure(
    plan: Plan, address: str, buyers: Sequence[Mapping[str, UUID]], folder: Path, seconds: float
) -> float | None:
    """Return transactions a second; None where pgbench is not there or fails."""
    program = shutil.which("pgbench")
    if program is None:
        return None
    files = []
    for index, text in enumerate(asyncio.run(scripts(plan, address, buyers))):
        path = folder / f"order{index}.sql"
        path.write_text(text)
        files += ["-f", str(path)]
    options = f"-n -M prepared -c {CLIENTS} -j 2 -T {max(1, round(seconds))}".split()
    ran = subprocess.run(  # noqa: S603  PostgreSQL's own program
        [program, *options, *files, address], capture_output=True, text=True, check=False
    )
    found = _RATE.search(ran.stdout)
    return float(found.group(1)) if found else None


async def scripts(plan: Plan, address: str, buyers: Sequence[Mapping[str, UUID]]) -> list[str]:
    """Return one script a buyer, with the values of two rehearsals."""
    connection = await connect(address)
    try:
        repeater = Repeater(plan)
        written = []
        for given in buyers:
            first = await repeater.rehearse(connection, dict(given))
            second = await repeater.rehearse(connection, dict(given))
            moving = {index for index, value in enumerate(first) if value != second[index]}
            written.append(script(plan, first, moving))
    finally:
        await connection.close()
    return written


def script(plan: Plan, registers: Sequence[Any], moving: set[int]) -> str:
    """Return the script of one order; `moving` are the registers that differ every time."""
    words = {index: _literal(value) for index, value in enumerate(registers)}
    words |= {index: f"(now() + interval '{seconds} s')" for index, seconds in plan.times}
    words |= dict.fromkeys(plan.new_text, "('B-' || :fresh::bigint)")
    words |= dict.fromkeys(plan.new_ids, "gen_random_uuid()")
    lines = [f"\\set fresh random({SMALLEST_ID}, {2**62})"]
    for step in plan.steps:
        fills = [fill for fill in step.fills if fill[2] in moving]
        for row, _, register in fills:
            words[register] = f":v{register}::bigint"
            if row or len(fills) > 1:
                lines.append(f"\\set v{register} random({SMALLEST_ID}, {2**62})")
        lines += _lines(step, words)
        if len(fills) == 1 and not fills[0][0]:
            lines[-1] = f"{lines[-1].removesuffix(';')} AS v{fills[0][2]} \\gset"
    return "\n".join(lines) + "\n"


def _lines(step: Step, words: Mapping[int, str]) -> list[str]:
    if step.verb in {Verb.BEGIN, Verb.COMMIT}:
        return [f"{step.verb.value};"]
    sql = " ".join(step.sql.split())
    return [f"{_filled(sql, [words[register] for register in row])};" for row in step.takes]


def _filled(sql: str, words: Sequence[str]) -> str:
    return _PARAMETER.sub(lambda place: words[int(place.group(1)) - 1], sql)


def _literal(value: Any) -> str:  # noqa: ANN401  any parameter
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str | UUID | datetime):
        # pgbench reads a colon before a name as a variable, also inside quotes.
        text = str(value).replace("'", "''").replace(":", "' || chr(58) || '")
        return f"('{text}')" if "chr(58)" in text else f"'{text}'"
    raise TypeError(f"no literal for {type(value).__name__}")
