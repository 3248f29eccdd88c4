"""The map of the house, as a test: which rooms there are, and by which doors they are entered."""

import tomllib
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
DOORS = {"service", "events", "types", "errors", "deps", "ports", "schemas"}
NOT_ROOMS = {
    "kernel",
    "settings",
    "bootstrap",
    "subscriptions",
    "worker",
    "main",
    "migrations",
    "cli",
}


def floors() -> list[set[str]]:
    """The floors as pyproject.toml lists them for import-linter, from the top down."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    layers: list[str] = next(item["layers"] for item in contracts if item["id"] == "floors")
    return [{name.strip(" ()") for name in layer.split("|")} for layer in layers]


ROOMS = set().union(*floors()) - NOT_ROOMS


def trespasses(graph: grimp.ImportGraph) -> list[str]:
    """Imports that enter another room through anything but its doors."""
    found = []
    for importer in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(importer)):
            _, from_room, *_ = [*importer.split("."), ""]
            _, room, door, *_ = [*imported.split("."), "", ""]
            if {from_room, room} <= ROOMS and from_room != room and door not in DOORS:
                found.append(f"{importer} -> {imported}")
    return found


def test_rooms_are_entered_by_their_doors() -> None:
    assert trespasses(grimp.build_graph("mestore", cache_dir=None)) == []


@pytest.mark.parametrize(
    ("imported", "allowed"),
    [
        ("mestore.orders.service", True),
        ("mestore.orders.service.place", True),
        ("mestore.orders.events", True),
        ("mestore.orders.types", True),
        ("mestore.orders.errors", True),
        ("mestore.orders.deps", True),
        ("mestore.kernel.db", True),
        ("mestore.checkout.models", True),
        ("mestore.orders.models", False),
        ("mestore.orders.repository", False),
        ("mestore.orders.views", False),
        ("mestore.orders.schemas", True),
        ("mestore.orders.adapters.bank", False),
        ("mestore.orders", False),
    ],
)
def test_a_back_door_is_noticed(imported: str, allowed: bool) -> None:
    graph = grimp.ImportGraph()
    for module in ("mestore.checkout.service", imported):
        graph.add_module(module)
    graph.add_import(importer="mestore.checkout.service", imported=imported)
    assert (trespasses(graph) == []) is allowed


@pytest.mark.parametrize("entry", ["bootstrap", "subscriptions", "main", "cli.admin", "migrations"])
def test_entry_points_know_what_they_wire(entry: str) -> None:
    graph = grimp.ImportGraph()
    graph.add_import(importer=f"mestore.{entry}", imported="mestore.orders.endpoints")
    assert trespasses(graph) == []


def test_every_package_stands_on_exactly_one_floor() -> None:
    listed = [name for floor in floors() for name in floor]
    package = ROOT / "src" / "mestore"
    present = {path.parent.name for path in package.glob("*/*.py")}
    present |= {path.stem for path in package.glob("*.py")} - {"__init__"}
    assert sorted(listed) == sorted(set(listed))
    assert present - set(listed) == set()
