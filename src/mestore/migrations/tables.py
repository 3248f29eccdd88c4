"""Loads the tables of every room, so that the metadata is whole."""

import importlib
import pkgutil

import mestore
from mestore.kernel import idempotency, outbox

KERNEL_TABLES = (outbox.Job, idempotency.IdempotencyKey)


def load_all() -> None:
    """Import the `models` of each room that has some."""
    for room in pkgutil.iter_modules(mestore.__path__):
        if room.ispkg and importlib.util.find_spec(f"mestore.{room.name}.models"):
            importlib.import_module(f"mestore.{room.name}.models")
