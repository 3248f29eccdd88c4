"""Statements of vendors as JSON, CSV and PDF."""

import asyncio
import csv
import importlib
from collections.abc import AsyncIterator
from decimal import Decimal
from io import StringIO
from typing import cast
from uuid import UUID

from mestore.earnings.errors import StatementTooLong
from mestore.earnings.types import Month, StatementHead, StatementLine
from mestore.earnings.views.statements import opening_of, page_of_lines
from mestore.kernel.clock import BOGOTA
from mestore.kernel.db import Database
from mestore.kernel.money import CURRENCY
from mestore.vendors.types import SellingVendor

MOST_LINES = 2_000
"""How many lines a PDF or one JSON answer has at most."""
_BATCH = 500
_COLUMNS = ("date", "kind", "order_number", "gross", "commission", "iva", "amount", "balance")
# A spreadsheet runs what begins so as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


async def short_statement(
    database: Database, vendor: SellingVendor, month: Month
) -> tuple[StatementHead, list[StatementLine]]:
    """Return a statement with all its lines; raises `StatementTooLong`.

    The closing balance is that of these lines, also where others are being written.
    """
    opening = await _opening(database, vendor.id, month)
    lines: list[StatementLine] = []
    async for page in _pages(database, vendor.id, month):
        lines += page
        if len(lines) > MOST_LINES:
            raise StatementTooLong(most=MOST_LINES)
    closing = opening + sum(line.amount_minor for line in lines)
    return StatementHead(month, vendor.business_name, CURRENCY, opening, closing), lines


async def statement_as_csv(
    database: Database, vendor: SellingVendor, month: Month
) -> AsyncIterator[bytes]:
    """Yield a statement as CSV, batch by batch, with the balance after each line."""
    balance = await _opening(database, vendor.id, month)
    first_day = month.begins.date().isoformat()
    yield _rows([list(_COLUMNS), [first_day, "OPENING", "", "", "", "", "", _pesos(balance)]])
    async for page in _pages(database, vendor.id, month):
        rows = []
        for line in page:
            balance += line.amount_minor
            rows.append(_cells(line, balance))
        yield _rows(rows)
    last_day = month.last_day.isoformat()
    yield _rows([[last_day, "CLOSING", "", "", "", "", "", _pesos(balance)]])


async def statement_as_pdf(database: Database, vendor: SellingVendor, month: Month) -> bytes:
    """Return a statement as a PDF, set in a thread; raises `StatementTooLong`."""
    head, lines = await short_statement(database, vendor, month)
    return await asyncio.to_thread(_set, head, lines)


def _set(head: StatementHead, lines: list[StatementLine]) -> bytes:
    # The package takes a second and 50 MB to import: only processes that set pages pay for it.
    paper = importlib.import_module("mestore.earnings.paper")
    return cast(bytes, paper.statement_pdf(head, lines))


async def _opening(database: Database, vendor_id: UUID, month: Month) -> int:
    async with database.read() as connection:
        return await opening_of(connection, vendor_id, month)


async def _pages(
    database: Database, vendor_id: UUID, month: Month
) -> AsyncIterator[list[StatementLine]]:
    after = 0
    while True:
        async with database.read() as connection:
            lines = await page_of_lines(connection, vendor_id, month, after, _BATCH)
        if lines:
            yield lines
        if len(lines) < _BATCH:
            return
        after = lines[-1].entry_id


def _rows(rows: list[list[str]]) -> bytes:
    written = StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()


def _cells(line: StatementLine, balance_minor: int) -> list[str]:
    amounts = (line.gross_minor, line.commission_minor, line.tax_minor, line.amount_minor)
    return [
        line.at.astimezone(BOGOTA).isoformat(timespec="seconds"),
        _text(line.kind),
        _text(line.order_number or ""),
        *(_pesos(amount) for amount in amounts),
        _pesos(balance_minor),
    ]


def _text(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _pesos(minor: int) -> str:
    """Return an amount as a number with two decimals, which no spreadsheet takes for a formula."""
    return f"{Decimal(minor).scaleb(-2):.2f}"
