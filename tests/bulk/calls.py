"""How tests of bulk work send files and wait for what becomes of them."""

import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
from openpyxl import Workbook

from tests.build import BuiltVendor

Headers = dict[str, str]
RunJobs = Callable[[], Awaitable[int]]
Table = Sequence[Any]

HEADER = ["sku", "name", "price", "stock"]


def csv_of(rows: Table, *, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """Return rows as a CSV file."""
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter).writerows(rows)
    return written.getvalue().encode(encoding)


def xlsx_of(rows: Table) -> bytes:
    """Return rows as a workbook."""
    book, written = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(list(row))
    book.save(written)
    return written.getvalue()


def mugs(count: int, *, first: int = 0, price: int = 12000) -> list[list[Any]]:
    """Return a table of mugs, header first."""
    numbers = range(first, first + count)
    return [HEADER, *([f"T-{each}", f"Taza {each}", price, 5] for each in numbers)]


@dataclass(frozen=True, slots=True)
class Importer:
    """A vendor who sends files."""

    client: httpx2.AsyncClient
    headers: Headers
    vendor: BuiltVendor
    run_jobs: RunJobs

    async def send(
        self,
        content: bytes,
        *,
        to: str = "/products/bulk-import",
        **more: Any,  # noqa: ANN401  any parameter
    ) -> httpx2.Response:
        """Send a form: `images` is a ZIP, `key` an Idempotency-Key, the rest the query."""
        files = {"file": ("anything.bin", content)}
        if images := more.pop("images", None):
            files["images"] = ("pictures.zip", images)
        headers = dict(self.headers)
        if key := more.pop("key", None):
            headers["Idempotency-Key"] = key
        return await self.client.post(to, files=files, params=more, headers=headers)

    async def job(self, content: bytes, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        """Send a file, run all jobs, and return what the import came to."""
        answer = await self.send(content, **more)
        assert answer.status_code == 202, answer.text
        await self.run_jobs()
        return await self.state(answer.json()["id"])

    async def state(self, job_id: str) -> dict[str, Any]:
        """Return a job as it is now."""
        answer = await self.client.get(f"/jobs/{job_id}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def report(self, job: dict[str, Any]) -> list[dict[str, str]]:
        """Return the lines of a job's report."""
        answer = await self.client.get(f"/jobs/{job['id']}/report", headers=self.headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/csv")
        return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))

    async def export(self, form: str, **query: Any) -> bytes:  # noqa: ANN401
        """Return the products as a file."""
        params = {"format": form, **query}
        answer = await self.client.get("/products/export", params=params, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.content


def counts(job: dict[str, Any]) -> tuple[int, int, int, int]:
    """Return how many products were created, updated, unchanged and bad."""
    created, updated, unchanged, failed = (
        job[f"rows_{name}"] for name in ("created", "updated", "unchanged", "failed")
    )
    return created, updated, unchanged, failed
