"""What the benchmark makes of its rounds."""

from pathlib import Path

import msgspec
import pytest

from bench.report import Bar, Row, row_of_budget, row_of_rounds, table, write


def test_the_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    # The second round was disturbed on both sides, and its ratio is as good as the others.
    row = row_of_rounds("list", [(500, 1000), (60, 100), (550, 1000)], "req/s")
    assert row == Row("list", 500, 1000, 0.55, "req/s")


def test_a_budget_is_a_limit_that_is_known_before() -> None:
    assert row_of_budget("memory", 150, 200, "MB") == Row("memory", 150, 200, 0.75, "MB")


@pytest.mark.parametrize(
    ("bar", "ratio", "is_met"),
    [
        (Bar(0.5), 0.5, True),
        (Bar(0.5), 0.49, False),
        (Bar(1.5, at_least=False), 1.5, True),
        (Bar(1.5, at_least=False), 1.51, False),
    ],
)
def test_a_bar_is_at_least_or_at_most(bar: Bar, ratio: float, is_met: bool) -> None:
    assert bar.is_met(ratio) is is_met


def test_the_table_shows_each_row_beside_its_bar() -> None:
    rows = [
        (Row("list", 2500, 4000, 0.625, "req/s"), Bar(0.5)),
        (Row("a longer name", 3.2, 1.6, 2.0, "p95 ratio"), Bar(1.5, at_least=False)),
    ]
    assert table(rows).splitlines() == [
        "                ours  limit  ratio    bar          unit",
        "list           2,500  4,000   0.62  ≥ 0.5      ok  req/s",
        "a longer name   3.20   1.60   2.00  ≤ 1.5  MISSED  p95 ratio",
    ]


def test_the_results_are_a_json_list_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write(path, [Row("list", 2500, 4000, 0.625, "req/s")])
    assert msgspec.json.decode(path.read_bytes()) == [
        {"name": "list", "ours": 2500.0, "limit": 4000.0, "ratio": 0.625, "unit": "req/s"}
    ]
