"""What the program loads when it starts: large packages wait until somebody needs them."""

import subprocess
import sys
from pathlib import Path

import pytest

START = """
import asyncio, sys
from pathlib import Path
from mestore import bootstrap
from mestore.cli import app
from mestore.main import create_app
from mestore.migrations.run import upgrade
from mestore.settings import Settings


async def main(folder):
    settings = Settings(_env_file=None, environment="testing", data_dir=folder)
    wired = bootstrap.build(settings)
    await upgrade(wired.database.writes)
    create_app(wired)
    await wired.close()


asyncio.run(main(Path(sys.argv[1])))
print(*sorted(set(sys.argv[2:]) & sys.modules.keys()))
"""


@pytest.mark.slow
def test_a_start_loads_no_package_that_is_seldom_needed(tmp_path: Path) -> None:
    seldom = ["alembic", "chromadb", "fpdf", "numpy", "onnxruntime", "openpyxl", "stripe"]
    command = [sys.executable, "-c", START, str(tmp_path), *seldom, "tokenizers", "webauthn"]
    first, second = (
        subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  our own program
        for _ in range(2)
    )
    # An empty database is migrated; one that is up to date is only looked at.
    assert (first.stdout.split(), second.stdout.split()) == (["alembic"], [])
