"""Servers look for garbage seldom, and not among what they loaded."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import gc, os, sys
os.environ.update(DATA_DIR=sys.argv[1], ENVIRONMENT="testing")
from mestore.cli import app
from mestore.kernel import memory
assert gc.get_threshold()[0] == memory.WHILE_LOADING
from mestore.main import from_environment
from_environment()
assert gc.isenabled() and gc.get_threshold()[0] == memory.SELDOM
assert gc.get_freeze_count() > 100_000
"""


@pytest.mark.slow
def test_a_server_keeps_what_it_loaded_out_of_the_collector(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)  # noqa: S603  our own program
    assert done.returncode == 0, done.stderr
