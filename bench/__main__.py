"""Runs the benchmark: `python -m bench`, or `--quick` for a minute's smoke."""

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench import postgres, report, stages
from bench.run import Run, say

RESULTS = Path(__file__).parent / "results.json"


def main() -> None:
    """Measure, print the table and write the results."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke of about a minute")
    quick = parser.parse_args().quick
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mestore-bench-")))
        postgresql = stack.enter_context(postgres.server())
        rows = Run(stages.QUICK if quick else stages.FULL, postgresql, folder).measure()
    say(f"\n{report.table(rows)}\n")
    report.write(RESULTS, [row for row, _ in rows])
    say(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
