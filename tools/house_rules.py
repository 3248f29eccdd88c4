"""The house rules that no general linter knows, one AST walk per file.

`python tools/house_rules.py src/mestore` prints `path:line CODE message` and exits 1 when a rule
is broken. A named skip on the reported line silences one rule and has to say why:
`# house: allow H3 because the provider has no other door`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

FILE_LINES = 400
FUNCTION_LINES = 50
PUBLIC_METHODS = 15
ROOMS_IMPORTED = 6

ENTRY_POINTS = {"main", "worker", "cli", "migrations", "bootstrap", "subscriptions"}
NOT_ROOMS = ENTRY_POINTS | {"settings", "kernel"}
SQL_PACKAGES = {"kernel", "migrations", "cli", "operations"}
SQL_FILES = {"repository", "views"}
SQL_WORDS = {"select", "insert", "update", "delete", "text"}
SQL_METHODS = {"execute", "exec_driver_sql"}
HTTP_CLIENTS = {"httpx", "httpx2"}
NETWORK = HTTP_CLIENTS | {"requests", "aiohttp", "urllib3", "stripe", "twilio", "aiosmtplib"}
CLOCKS = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
}
VAGUE_NAMES = {"utils", "helpers", "manager", "base", "common"}
SKIP = re.compile(r"#\s*house:\s*allow\s+(\w+)(?:\s+because\s+(\S.*))?")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Hits = Iterator[tuple[int, str]]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One broken rule: where it is, its code, and what to do about it."""

    path: str
    line: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.code} {self.message}"


@dataclass(frozen=True)
class Source:
    """One parsed file and its place in the house."""

    package: str
    path: PurePosixPath
    text: str

    @cached_property
    def parts(self) -> tuple[str, ...]:
        return self.path.with_suffix("").parts

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(ast.parse(self.text)))

    @cached_property
    def imports(self) -> list[tuple[int, str, str]]:
        """Every absolute import as (line, local name, full name)."""
        found: list[tuple[int, str, str]] = []
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for name in node.names:
                    local = name.asname or name.name.split(".")[0]
                    found.append((node.lineno, local, name.name if name.asname else local))
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for name in node.names:
                    local = name.asname or name.name
                    found.append((node.lineno, local, f"{node.module}.{name.name}"))
        return found

    @cached_property
    def names(self) -> dict[str, str]:
        return {local: full for _, local, full in self.imports}

    def full_name(self, node: ast.AST) -> str:
        """The dotted name behind an expression, or "" when it does not start at an import."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, "")
        if isinstance(node, ast.Attribute) and (owner := self.full_name(node.value)):
            return f"{owner}.{node.attr}"
        return ""

    @property
    def calls(self) -> Iterator[ast.Call]:
        return (node for node in self.nodes if isinstance(node, ast.Call))

    @property
    def functions(self) -> Iterator[Function]:
        return (node for node in self.nodes if isinstance(node, Function))


def commits_in_one_place(source: Source) -> Hits:
    if source.parts[:2] == ("kernel", "db"):
        return
    for call in source.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "commit":
            yield call.lineno, "do not commit here: open `database.transaction()` from kernel/db.py"


def sql_in_repositories(source: Source) -> Hits:
    if source.parts[0] in SQL_PACKAGES or SQL_FILES & set(source.parts[1:]):
        return
    for call in source.calls:
        origin, _, word = source.full_name(call.func).rpartition(".")
        statement = origin.split(".")[0] == "sqlalchemy" and word in SQL_WORDS
        runs = isinstance(call.func, ast.Attribute) and call.func.attr in SQL_METHODS
        if statement or runs:
            yield call.lineno, "move this SQL into the room's repository.py (or views.py to read)"


def network_in_adapters(source: Source) -> Hits:
    if source.parts[0] == "cli" or "adapters" in source.parts:
        return
    if source.parts[:2] == ("kernel", "network"):
        return
    allowed = HTTP_CLIENTS if source.parts[0] == "bootstrap" else set()
    for line, _, full in source.imports:
        if (library := full.split(".")[0]) in NETWORK - allowed:
            yield line, f"use a port here and import {library} in an adapter behind it"


def one_clock(source: Source) -> Hits:
    # Time-ordered ids stay unique while a test moves the clock, so ids.py reads the real one.
    if source.parts[:2] in {("kernel", "clock"), ("kernel", "ids")}:
        return
    for node in source.nodes:
        if isinstance(node, ast.Attribute | ast.Name) and source.full_name(node) in CLOCKS:
            yield node.lineno, "ask kernel/clock.py for the time, so that a test can set it"


def exact_amounts(source: Source) -> Hits:
    for node in source.nodes:
        match node:
            case ast.Call(func=ast.Name("float"), args=args) if any(map(_holds_minor, args)):
                yield node.lineno, "keep `_minor` amounts whole: no float() around them"
            case ast.BinOp() | ast.AugAssign() if _holds_minor(node) and _turns_float(node):
                yield node.lineno, "keep `_minor` amounts whole: use int or Decimal arithmetic"
            case ast.AnnAssign(target=target, annotation=annotation) if _is_minor(target):
                yield from _float_annotation(annotation)
            case ast.arg(arg=name, annotation=ast.AST() as annotation) if name.endswith("_minor"):
                yield from _float_annotation(annotation)
            case (
                ast.FunctionDef(name=name, returns=ast.AST() as annotation)
                | ast.AsyncFunctionDef(name=name, returns=ast.AST() as annotation)
            ) if name.endswith("_minor"):
                yield from _float_annotation(annotation)


def _is_minor(node: ast.AST) -> bool:
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    return isinstance(name, str) and name.endswith("_minor")


def _holds_minor(node: ast.AST) -> bool:
    return any(map(_is_minor, ast.walk(node)))


def _turns_float(node: ast.BinOp | ast.AugAssign) -> bool:
    literal = any(
        isinstance(part, ast.Constant) and isinstance(part.value, float) for part in ast.walk(node)
    )
    # `/` makes a float only out of bare numbers: `Decimal(total_minor) / 100` stays exact.
    numbers = (
        (node.target, node.value) if isinstance(node, ast.AugAssign) else (node.left, node.right)
    )
    return literal or (isinstance(node.op, ast.Div) and any(map(_is_minor, numbers)))


def _float_annotation(annotation: ast.AST) -> Hits:
    if any(isinstance(part, ast.Name) and part.id == "float" for part in ast.walk(annotation)):
        yield getattr(annotation, "lineno", 1), "annotate `_minor` amounts as int, never float"


def short_files(source: Source) -> Hits:
    lines = len(source.text.splitlines())
    if lines > FILE_LINES and source.parts[0] != "migrations":
        yield 1, f"split this file by verb: {lines} lines, at most {FILE_LINES}"


def short_functions(source: Source) -> Hits:
    if source.parts[0] == "migrations":
        return
    for function in source.functions:
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if ast.get_docstring(function) is not None:
            docstring = function.body[0]
            lines -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
        if lines > FUNCTION_LINES:
            name = function.name
            yield function.lineno, f"split {name}(): {lines} lines, at most {FUNCTION_LINES}"


def small_services(source: Source) -> Hits:
    in_service = "service" in source.parts[1:]
    for node in source.nodes:
        if not isinstance(node, ast.ClassDef) or not (in_service or node.name.endswith("Service")):
            continue
        verbs = [
            item.name
            for item in node.body
            if isinstance(item, Function) and not item.name.startswith("_")
        ]
        if len(verbs) > PUBLIC_METHODS:
            yield (
                node.lineno,
                f"split {node.name}: {len(verbs)} public methods, at most {PUBLIC_METHODS}",
            )


def few_neighbours(source: Source) -> Hits:
    own = source.parts[0]
    if own in NOT_ROOMS or len(source.parts) == 1:
        return
    modules = (full.split(".") for _, _, full in source.imports)
    rooms = {parts[1] for parts in modules if parts[0] == source.package and len(parts) > 1}
    if len(neighbours := sorted(rooms - NOT_ROOMS - {own})) > ROOMS_IMPORTED:
        listed = ", ".join(neighbours)
        yield 1, f"at most {ROOMS_IMPORTED} other rooms per file, this one knows {listed}"


def telling_names(source: Source) -> Hits:
    for name in sorted(VAGUE_NAMES & set(source.parts)):
        yield 1, f"name this file after what it holds, not {name}.py"


def rooms_introduce_themselves(source: Source) -> Hits:
    if len(source.parts) != 2 or source.parts[1] != "__init__" or source.parts[0] in NOT_ROOMS:
        return
    if not ast.get_docstring(ast.parse(source.text)):
        yield 1, "open the room with a docstring: tables owned, events published and listened to"


def no_swallowed_errors(source: Source) -> Hits:
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler) and _catches_all(node.type) and _only_leaves(node):
            yield node.lineno, "log the exception, raise it again, or name the one you expect"
    for call in source.calls:
        suppresses = source.full_name(call.func) == "contextlib.suppress"
        if suppresses and any(map(_catches_all, call.args)):
            yield call.lineno, "name the exception you expect instead of suppressing them all"


def _catches_all(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(map(_catches_all, kind.elts))
    return kind is None or (
        isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}
    )


def _only_leaves(handler: ast.ExceptHandler) -> bool:
    """True when the body ends the story without a word about the exception."""
    uses_it = any(
        isinstance(part, ast.Name) and part.id == handler.name
        for statement in handler.body
        for part in ast.walk(statement)
    )
    leaves = (ast.Pass, ast.Continue, ast.Break, ast.Return)
    return not uses_it and all(
        isinstance(statement, leaves)
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for statement in handler.body
    )


RULES: dict[str, Callable[[Source], Hits]] = {
    "H1": commits_in_one_place,
    "H2": sql_in_repositories,
    "H3": network_in_adapters,
    "H4": one_clock,
    "H5": exact_amounts,
    "H6": short_files,
    "H7": short_functions,
    "H8": small_services,
    "H9": few_neighbours,
    "H10": telling_names,
    "H11": rooms_introduce_themselves,
    "H12": no_swallowed_errors,
}


def check_source(source: Source, shown_as: str | None = None) -> list[Finding]:
    """Every finding in one file, after its named skips. A skip that skips nothing is one too."""
    shown = shown_as or str(source.path)
    broken = {(line, code): text for code, rule in RULES.items() for line, text in rule(source)}
    findings = []
    for number, line in enumerate(source.text.splitlines(), start=1):
        for code, reason in SKIP.findall(line):
            if not reason:
                findings.append(
                    Finding(shown, number, "H0", f"give the reason: allow {code} because …")
                )
            elif broken.pop((number, code), None) is None:
                findings.append(
                    Finding(shown, number, "H0", f"remove this skip: {code} is kept here")
                )
    findings += [Finding(shown, line, code, text) for (line, code), text in broken.items()]
    return sorted(findings)


def check_tree(root: Path) -> list[Finding]:
    """Every finding below a package; a room without `__init__.py` is one as well."""
    findings = []
    for path in sorted(root.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        source = Source(root.name, PurePosixPath(path.relative_to(root).as_posix()), text)
        findings += check_source(source, str(path))
    for room in sorted(root.iterdir()):
        door = room / "__init__.py"
        if room.is_dir() and any(room.glob("*.py")) and not door.exists():
            findings.append(Finding(str(door), 1, "H11", "add this file with the room's docstring"))
    return findings


def main(arguments: list[str]) -> int:
    """Check each package named on the command line."""
    roots = [Path(argument) for argument in arguments]
    if not roots or not all(root.is_dir() for root in roots):
        sys.stderr.write("usage: python tools/house_rules.py PACKAGE_DIRECTORY...\n")
        return 2
    findings = [finding for root in roots for finding in check_tree(root)]
    sys.stdout.writelines(f"{finding}\n" for finding in findings)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
