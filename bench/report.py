"""What a run found: rows with their ratios, as a table and as JSON."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

import msgspec


class Row(msgspec.Struct, frozen=True):
    """One measured thing: ours, the limit it is held against, and ours / limit."""

    name: str
    ours: float
    limit: float
    ratio: float
    unit: str


class Bar(msgspec.Struct, frozen=True):
    """What a ratio must reach: at least `bar`, or at most, where less is better."""

    bar: float
    at_least: bool = True

    def is_met(self, ratio: float) -> bool:
        """Say whether a ratio is good enough."""
        return ratio >= self.bar if self.at_least else ratio <= self.bar

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bar:g}"


def row_of_rounds(name: str, rounds: Sequence[tuple[float, float]], unit: str) -> Row:
    """Return the row of several rounds of (ours, limit), measured one after the other.

    The ratio is the median of the rounds' own ratios: what else the machine did in one round then
    falls on both sides of that round.
    """
    ours, limit = (median(side) for side in zip(*rounds, strict=True))
    ratio = median(own / other for own, other in rounds)
    return Row(name, round(ours, 2), round(limit, 2), round(ratio, 3), unit)


def row_of_budget(name: str, ours: float, budget: float, unit: str) -> Row:
    """Return the row of something that has a fixed budget."""
    return Row(name, round(ours, 2), budget, round(ours / budget, 3), unit)


def table(rows: Sequence[tuple[Row, Bar]]) -> str:
    """Return the rows as a table for people."""
    lines = [("", "ours", "limit", "ratio", "bar", "", "unit")]
    lines += [
        (
            row.name,
            _number(row.ours),
            _number(row.limit),
            f"{row.ratio:.2f}",
            str(bar),
            "ok" if bar.is_met(row.ratio) else "MISSED",
            row.unit,
        )
        for row, bar in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(_aligned(line, widths) for line in lines)


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write the rows as a JSON list."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    name, *cells = line
    aligned = [cell.rjust(width) for cell, width in zip(cells[:-1], widths[1:-1], strict=True)]
    return "  ".join([name.ljust(widths[0]), *aligned, cells[-1]]).rstrip()
