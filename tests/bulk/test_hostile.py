"""Hostile files: bombs, wrong kinds, formulas, names that would like to be paths."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from mestore.bootstrap import App
from mestore.bulk.models import BulkJob
from mestore.bulk.service import staging
from mestore.bulk.service.packed import Overfull, parts_of
from mestore.bulk.service.reading import rows_of
from mestore.bulk.service.steps import stage_file
from mestore.bulk.types import FileForm, JobKind, UnreadableFile
from mestore.catalog.models import Product
from mestore.kernel.db import Database
from mestore.settings import Environment, Settings
from tests.bulk.calls import Importer, csv_of, mugs, xlsx_of

LIMIT = 300_000


@pytest.fixture
def settings(engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A program that takes small files only."""
    return Settings(
        _env_file=None,
        environment=Environment.TESTING,
        database_url=engine_url,
        data_dir=tmp_path_factory.mktemp("data"),
        secret_key=SecretStr("a secret of the tests, 32 characters or more"),
        wompi_base_url="http://127.0.0.1:9/v1",
        import_max_bytes=LIMIT,
        import_max_unpacked_bytes=2_000_000,
        import_max_pictures_bytes=LIMIT,
    )


@pytest.fixture(autouse=True)
async def nothing_is_written(importer: Importer, database: Database) -> Iterator[None]:  # type: ignore[misc]
    """See that no product came of it."""
    yield
    async with database.read() as connection:
        assert (await connection.execute(select(func.count(Product.id)))).scalar_one() == 0


async def refused(importer: Importer, database: Database, content: bytes) -> tuple[int, str]:
    """Send a file that is refused at once, and return how."""
    answer = await importer.send(content)
    async with database.read() as connection:
        assert (await connection.execute(select(func.count(BulkJob.id)))).scalar_one() == 0
    found = list(importer_files(importer))
    assert found == []
    return answer.status_code, answer.json()["code"]


def importer_files(importer: Importer) -> list[str]:
    """Return the private files that are left."""
    app = importer.client._transport.app  # type: ignore[attr-defined]  # noqa: SLF001
    folder = app.state.workshop.files._store.prefix  # noqa: SLF001
    return [str(path) for path in folder.rglob("*") if path.is_file()]


def packed(**parts: bytes) -> bytes:
    """Return a ZIP of these parts; `__` in a name stands for a slash, `_dot_` for a dot."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return written.getvalue()


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook_with(part: str, content: bytes, **types: str) -> bytes:
    """Return a workbook whose part is another one; `types` replace texts in its list of types."""
    written = io.BytesIO()
    plain = io.BytesIO(xlsx_of(mugs(1)))
    with (
        zipfile.ZipFile(plain) as old,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in {*old.namelist(), part}:
            body = content if name == part else old.read(name)
            if name == "[Content_Types].xml":
                for before, after in types.items():
                    body = body.replace(before.encode(), after.encode())
            new.writestr(name, body)
    return written.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
ROW = b'<worksheet xmlns="%s"><sheetData><row>%%s</row></sheetData></worksheet>' % MAIN.encode()


@pytest.mark.parametrize(
    "content",
    [
        workbook_with(SHEET, ROW % (b"<c/>" * 300_000)),
        workbook_with(SHEET, ROW.replace(b"row>", b"line>") % (b"<c/>" * 300_000)),
        workbook_with(SHEET, ROW % (b"<row/>" * 300_000)),
        workbook_with("xl/styles.xml", ROW % (b"</row><row>" * 150_000)),
        workbook_with(
            "xl/other.bin", ROW % (b"<c/>" * 300_000), **{"xl/workbook.xml": "xl/other.bin"}
        ),
        workbook_with(SHEET, ROW % (b"</row><row>" * 150_000), **{"/xl/workbook.xml": f"/{SHEET}"}),
        workbook_with(
            SHEET, ROW % (b"</row><row>" * 150_000), **{"worksheet+xml": "sharedStrings+xml"}
        ),
    ],
    ids=["row", "no row", "rows in a row", "styles", "elsewhere", "book", "texts"],
)
async def test_a_workbook_that_would_fill_memory_is_not_read(
    importer: Importer, content: bytes
) -> None:
    assert len(content) < 20_000
    job = await importer.job(content)
    (line,) = await importer.report(job)
    assert (job["state"], line["issue"]) == ("FAILED", "A part of it is far too large.")


async def test_a_row_of_a_table_that_would_fill_memory_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for endless in (b"," * 2_000_000, b',"\n",' * 400_000):
        path.write_bytes(b"sku,name\n" + endless)
        with pytest.raises(UnreadableFile, match="far too large"):
            list(rows_of(path, FileForm.CSV, JobKind.PRODUCTS))


def repeating(letters: int, rows: int) -> bytes:
    """Return a workbook whose rows all hold the same long text, which it says once."""
    head = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in ("sku", "name"))
    row = '<row><c t="inlineStr"><is><t>S-%s</t></is></c><c t="s"><v>0</v></c></row>'
    body = "".join(row % number for number in range(rows))
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData><row>{head}</row>{body}</sheetData></worksheet>'
    part = "xl/sharedStrings.xml"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    named = f'<Override PartName="/{part}" ContentType="{kind}"/></Types>'
    written = io.BytesIO(workbook_with(SHEET, sheet.encode(), **{"</Types>": named}))
    with zipfile.ZipFile(written, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr(part, f'<sst xmlns="{MAIN}"><si><t>{"a" * letters}</t></si></sst>')
    return written.getvalue()


async def test_a_text_that_a_workbook_repeats_fills_no_memory(
    importer: Importer, program: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = await importer.job(repeating(1_100_000, 1))
    (line,) = await importer.report(long)
    assert (long["state"], line["issue"]) == ("FAILED", "A part of it is far too large.")

    content = repeating(1_000_000, 20)
    assert len(content) < 10_000
    job_id = UUID((await importer.send(content)).json()["id"])
    await stage_file(program.workshop, job_id)
    chunks = list((program.settings.data_dir / "bulk").rglob("raw-*"))
    assert len(chunks) == 4
    assert max(path.stat().st_size for path in chunks) < 6_000_000

    monkeypatch.setattr(staging, "MOST_LETTERS", 10_000_000)
    job = await importer.job(content)
    (line,) = await importer.report(job)
    assert (job["state"], line["row"], line["code"]) == ("FAILED", "11", "TOO_MUCH_TEXT")


async def test_a_zip_that_lists_too_much_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a" * 60_000, b"")
        archive.filelist *= 80
    with pytest.raises(Overfull):
        parts_of(path)


async def test_a_workbook_that_unpacks_to_too_much_is_refused(
    importer: Importer, database: Database
) -> None:
    bomb = packed(
        xl__workbook_dot_xml=b"<workbook/>", xl__worksheets__sheet1_dot_xml=b"0" * 3_000_000
    )
    assert len(bomb) < 10_000
    assert await refused(importer, database, bomb) == (413, "FILE_TOO_LARGE")


@pytest.mark.parametrize(
    "content",
    [b"", b"   ", b"%PDF-1.7 x", b"\x89PNG\r\n\x1a\n", b"a\0b,c", b"PK\x03\x04broken"],
    ids=["empty", "blank", "pdf", "png", "binary", "broken"],
)
async def test_what_is_no_table_is_refused_by_its_content(
    importer: Importer, database: Database, content: bytes
) -> None:
    assert await refused(importer, database, content) == (415, "UNSUPPORTED_FILE")


async def test_an_ordinary_zip_is_no_workbook(importer: Importer, database: Database) -> None:
    assert (await refused(importer, database, packed(a_dot_txt=b"x")))[0] == 415


async def test_a_file_above_the_limit_is_refused(importer: Importer, database: Database) -> None:
    too_large = csv_of(mugs(1)) + b"x" * LIMIT
    assert await refused(importer, database, too_large) == (413, "FILE_TOO_LARGE")
    huge = b"x" * (2 * LIMIT + 100_000)
    assert (await refused(importer, database, huge))[0] == 413


async def test_a_body_that_is_no_form_is_refused(importer: Importer) -> None:
    headers = {**importer.headers, "Content-Type": "text/csv"}
    answer = await importer.client.post("/products/bulk-import", content=b"sku\n1", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "FILE_EXPECTED")


async def test_a_formula_is_not_read_as_a_value(importer: Importer) -> None:
    rows = [["sku", "name", "price"], ["F-1", "=HYPERLINK(A1)", 5]]
    job = await importer.job(xlsx_of(rows))
    (line,) = await importer.report(job)
    assert (job["state"], line["row"], line["field"], line["code"]) == (
        "FAILED",
        "2",
        "B2",
        "FORMULA",
    )


@pytest.mark.parametrize(
    "content",
    [
        b'{"products": [{"sku": "A"',
        b'{"products": [1]}',
        b'{"other": []}',
        b'{"products": []}',
        b"[" * 5000,
        b'{"products": [' + b'{"a":' * 20_000,
        b'sku,name\n"open',
        b"sku\n",
        b"\x81\x8d\x8f,\x90",
        b"sku,sku\n1,2\n",
        b"name\nTaza\n",
    ],
    ids=range(11),
)
async def test_a_damaged_file_ends_as_a_failed_job_with_a_report(
    importer: Importer, content: bytes
) -> None:
    job = await importer.job(content)
    assert (job["state"], job["issues_total"]) == ("FAILED", 1)
    assert (await importer.report(job))[0]["issue"]


async def test_a_report_is_safe_in_a_spreadsheet(importer: Importer) -> None:
    job = await importer.job(b"sku,name,=cmd\nA,B,C\n")
    (line,) = await importer.report(job)
    assert line["field"] == "'=cmd"
    assert importer_files(importer) == []


@pytest.mark.parametrize(
    "value",
    [
        {"sku": "A", "variants": 5},
        {"sku": "A", "variants": [5]},
        {"sku": "A", "images": [1]},
        {"sku": "A", "category": {"a": 1}},
        {"sku": ["A"]},
        {"sku": "A\0"},
        {"sku": "A\ud800"},
        {"sku": "A", "name": "\ud800"},
        {"sku": "A", "a\0": 1},
        {"sku": "A", "\ud800": 1},
        {"sku": "A", "name": "B", "price": 10**400},
        {"sku": "A", "name": "B", "price": 1, "images": ["../../etc/passwd"]},
        {"sku": "A", "name": "B", "price": 1, "images": ["file:///etc/passwd"]},
        {"sku": "A", "name": "B", "price": 1, "variants": [{"sku": "A"}]},
        {"sku": "A", "name": "B", "price": 1, "status": "APPROVED"},
        {"sku": "A", "name": "B", "price": 1, "slug": "x"},
    ],
)
async def test_odd_values_are_issues_of_their_row(
    importer: Importer, value: dict[str, object]
) -> None:
    answer = await importer.client.post(
        "/products/bulk-import",
        content=json.dumps({"products": [value]}),
        headers={**importer.headers, "Content-Type": "application/json"},
    )
    await importer.run_jobs()
    job = await importer.state(answer.json()["id"])
    assert job["state"] == "FAILED"
    assert {line["row"] for line in await importer.report(job)} == {"1"}
