"""Each house rule with a sample that breaks it, one that keeps it, and the named skip."""

from pathlib import Path, PurePosixPath

import pytest

from tools.house_rules import Finding, Source, check_source, check_tree, main

SERVICE = "orders/service.py"


def check(text: str, path: str = SERVICE) -> list[Finding]:
    return check_source(Source("mestore", PurePosixPath(path), text))


def codes(text: str, path: str = SERVICE) -> list[str]:
    return [finding.code for finding in check(text, path)]


def function_of(lines: int, docstring: str = "") -> str:
    return "def place():\n" + docstring + "    x = 1\n" * (lines - 1)


def class_of(public_methods: int, name: str = "OrderService") -> str:
    methods = "".join(
        f"    async def verb{number}(self): ...\n" for number in range(public_methods)
    )
    return f"class {name}:\n    def __init__(self): ...\n    def _own(self): ...\n{methods}"


def imports_of(rooms: int) -> str:
    names = ["carts", "catalog", "inventory", "ledger", "media", "payments", "vendors"]
    own = "from mestore.kernel.db import Tx\nfrom mestore.orders import types\n"
    return own + "".join(f"from mestore.{name}.service import x\n" for name in names[:rooms])


CATCH_ALL = "try:\n    run()\nexcept Exception{name}:\n    {body}\n"

BREAKING = [
    ("H1", SERVICE, "await connection.commit()"),
    ("H1", "kernel/outbox.py", "connection.commit()"),
    ("H2", SERVICE, "from sqlalchemy import select\nselect(orders)"),
    ("H2", SERVICE, "from sqlalchemy import insert as add\nadd(orders)"),
    ("H2", SERVICE, "import sqlalchemy as sa\nsa.update(orders)"),
    ("H2", SERVICE, "from sqlalchemy.dialects.postgresql import insert\ninsert(orders)"),
    ("H2", SERVICE, "from sqlalchemy.sql.expression import delete\ndelete(orders)"),
    ("H2", SERVICE, "from sqlalchemy import text\ntext('SELECT 1')"),
    ("H2", "orders/endpoints.py", "await tx.connection.execute(query)"),
    ("H2", "orders/service/place.py", "await tx.connection.exec_driver_sql('SELECT 1')"),
    ("H3", SERVICE, "import httpx2"),
    ("H3", SERVICE, "from httpx2 import AsyncClient"),
    ("H3", "payments/jobs.py", "def ask():\n    import stripe.error"),
    ("H3", "kernel/jobs.py", "import requests"),
    ("H3", "bootstrap.py", "import stripe"),
    ("H4", SERVICE, "from datetime import UTC, datetime\ndatetime.now(UTC)"),
    ("H4", SERVICE, "import datetime as dt\ndt.datetime.utcnow()"),
    ("H4", SERVICE, "from datetime import date\ndate.today()"),
    ("H4", SERVICE, "import time\ntime.time()"),
    ("H4", SERVICE, "from time import time\nfield(default_factory=time)"),
    ("H5", SERVICE, "float(order.total_minor)"),
    ("H5", SERVICE, "tax = total_minor * 0.19"),
    ("H5", SERVICE, "tax = (net_minor + order.shipping_minor) * 1.5"),
    ("H5", SERVICE, "total_minor *= 1.19"),
    ("H5", SERVICE, "pesos = order.total_minor / 100"),
    ("H5", SERVICE, "total_minor: float = total"),
    ("H5", SERVICE, "class Line:\n    total_minor: float | None = None"),
    ("H5", SERVICE, "def pay(total_minor: float) -> None: ..."),
    ("H5", SERVICE, "async def total_minor() -> float: ..."),
    ("H6", SERVICE, "x = 1\n" * 401),
    ("H7", SERVICE, function_of(51)),
    ("H7", SERVICE, "class Orders:\n    async def place(self):\n" + "        x = 1\n" * 50),
    ("H8", SERVICE, class_of(16)),
    ("H8", "orders/service/place.py", class_of(16, name="Placing")),
    ("H9", SERVICE, imports_of(7)),
    ("H10", "orders/utils.py", ""),
    ("H10", "orders/helpers/text.py", ""),
    ("H10", "kernel/base.py", ""),
    ("H11", "orders/__init__.py", ""),
    ("H11", "orders/__init__.py", "x = 1"),
    ("H12", SERVICE, CATCH_ALL.format(name="", body="pass")),
    ("H12", SERVICE, CATCH_ALL.format(name=" as error", body="return None")),
    ("H12", SERVICE, "for x in y:\n    try:\n        run()\n    except:\n        continue"),
    ("H12", SERVICE, "try:\n    run()\nexcept (ValueError, Exception):\n    ..."),
    ("H12", SERVICE, "from contextlib import suppress\nwith suppress(Exception):\n    run()"),
]

KEEPING = [
    ("H1", "kernel/db.py", "await connection.commit()"),
    ("H1", SERVICE, "commit = 1"),
    ("H2", "orders/repository.py", "from sqlalchemy import select\nexecute(select(x))"),
    ("H2", "orders/repository/reads.py", "await self.connection.execute(query)"),
    ("H2", "orders/views.py", "from sqlalchemy import text\nawait c.execute(text('SELECT 1'))"),
    ("H2", "orders/views/lists.py", "await c.execute(query)"),
    ("H2", "kernel/outbox.py", "from sqlalchemy import update\nupdate(x)"),
    ("H2", "migrations/env.py", "connection.execute(query)"),
    ("H2", "cli/doctor.py", "connection.execute(query)"),
    ("H2", "operations/status.py", "connection.execute(query)"),
    ("H2", SERVICE, "counts.update(more)\nself.delete(line)\nselect(1)\ntext('hello')"),
    ("H2", SERVICE, "from mestore.carts.service import update\nupdate(x)"),
    ("H2", "orders/models.py", "from sqlalchemy import String\nString(32)"),
    ("H3", "payments/adapters/wompi.py", "import httpx2"),
    ("H3", "kernel/network.py", "import httpx2"),
    ("H3", "bootstrap.py", "from httpx2 import AsyncClient"),
    ("H3", "cli/doctor.py", "import httpx2"),
    ("H3", SERVICE, "from mestore.payments.adapters import stripe"),
    ("H4", "kernel/clock.py", "from datetime import UTC, datetime\ndatetime.now(UTC)"),
    ("H4", SERVICE, "from mestore.kernel.clock import now\nnow()"),
    ("H4", SERVICE, "import time\ntime.monotonic()\nclock.now()\nself.time.time()"),
    ("H5", SERVICE, "seconds = float(text) * 0.5"),
    ("H5", SERVICE, "half = total_minor // 2\nrate = Decimal('0.19') * total_minor"),
    ("H5", SERVICE, "pesos = Decimal(total_minor) / 100"),
    ("H5", SERVICE, "total_minor: int = 0\nratio: float = 0.5"),
    ("H6", SERVICE, "x = 1\n" * 400),
    ("H6", "migrations/versions/0001_start.py", "x = 1\n" * 900),
    ("H7", SERVICE, function_of(50)),
    ("H7", SERVICE, function_of(50, docstring='    """One.\n\n    Two.\n    """\n')),
    ("H7", "migrations/versions/0001_start.py", function_of(90)),
    ("H8", SERVICE, class_of(15)),
    ("H8", "orders/models.py", class_of(16, name="Order")),
    ("H9", SERVICE, imports_of(6)),
    ("H9", "bootstrap.py", imports_of(7)),
    ("H9", "cli/seed.py", imports_of(7)),
    ("H10", "orders/common_carriers.py", ""),
    ("H11", "orders/__init__.py", '"""Owns orders."""'),
    ("H11", "orders/service/__init__.py", ""),
    ("H12", SERVICE, CATCH_ALL.format(name="", body="raise")),
    ("H12", SERVICE, CATCH_ALL.format(name="", body="log.exception('failed')")),
    ("H12", SERVICE, CATCH_ALL.format(name=" as error", body="return Failed(error)")),
    ("H12", SERVICE, "try:\n    run()\nexcept ValueError:\n    pass"),
    ("H12", SERVICE, "from contextlib import suppress\nwith suppress(OSError):\n    run()"),
]


@pytest.mark.parametrize(("code", "path", "text"), BREAKING)
def test_a_broken_rule_is_reported_once(code: str, path: str, text: str) -> None:
    assert codes(text, path) == [code]


@pytest.mark.parametrize(("code", "path", "text"), KEEPING)
def test_a_kept_rule_is_not_reported(code: str, path: str, text: str) -> None:
    assert code not in codes(text, path)


def test_a_finding_says_where_it_is_and_what_to_do() -> None:
    (finding,) = check("x = 1\nawait connection.commit()")
    assert str(finding).startswith("orders/service.py:2 H1 do not commit here: open `database.")


def test_a_skip_with_a_reason_silences_its_own_line_and_rule_only() -> None:
    skip = "# house: allow H3 because the library has no port"
    assert codes(f"import httpx2  {skip}") == []
    assert codes(f"import httpx2  {skip}\nimport httpx2") == ["H3"]
    assert codes(f"connection.commit()  {skip}") == ["H0", "H1"]


def test_a_skip_without_a_reason_is_refused() -> None:
    assert codes("import httpx2  # house: allow H3") == ["H0", "H3"]
    assert codes("import httpx2  # house: allow H3 because") == ["H0", "H3"]


def test_a_skip_that_is_no_longer_needed_is_reported() -> None:
    assert codes("x = 1  # house: allow H3 because it once was needed") == ["H0"]


def test_a_file_wide_finding_is_skipped_on_the_first_line() -> None:
    first = '"""Orders."""  # house: allow H6 because one state machine reads best whole\n'
    assert codes(first + "x = 1\n" * 400) == []


def test_a_tree_is_checked_with_its_missing_docstrings_but_not_its_data(tmp_path: Path) -> None:
    root = tmp_path / "mestore"
    (root / "orders").mkdir(parents=True)
    (root / "orders" / "service.py").write_text("connection.commit()\n")
    (root / "catalog").mkdir()
    (root / "catalog" / "cities.json").write_text("[]\n" * 900)

    found = [(Path(finding.path).name, finding.code) for finding in check_tree(root)]

    assert found == [("service.py", "H1"), ("__init__.py", "H11")]


def test_the_command_prints_findings_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "mestore"
    root.mkdir()
    (root / "main.py").write_text("x = 1\n")
    assert main([str(root)]) == 0

    (root / "main.py").write_text("import httpx2\n")
    assert main([str(root)]) == 1
    assert capsys.readouterr().out.startswith(f"{root}/main.py:1 H3 use a port here")


def test_the_command_refuses_a_directory_that_is_not_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 2
    assert main(["nowhere"]) == 2
    assert capsys.readouterr().err.startswith("usage: ")
