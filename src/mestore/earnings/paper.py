"""Statements on paper. Imported only where one is made: see `service/statements.py`."""

from collections.abc import Sequence

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from mestore.earnings.types import StatementHead, StatementLine
from mestore.kernel.clock import BOGOTA
from mestore.kernel.money import format_cop

_WIDTHS = (26, 30, 42, 28, 26, 22, 28, 30)
_TITLES = ("Fecha", "Concepto", "Pedido", "Bruto", "Comisión", "IVA", "Valor", "Saldo")
_KINDS = {
    "CAPTURE": "Venta",
    "COMMISSION": "Comisión",
    "REFUND": "Reembolso",
    "FEE": "Tarifa",
    "RELEASE": "Liberación",
    "DISPUTE": "Disputa",
    "PAYOUT": "Pago",
    "ADJUSTMENT": "Ajuste",
}
_ROW = 6


class _Page(FPDF):
    """A landscape page that repeats the titles of the columns and numbers itself."""

    def header(self) -> None:
        """Set the titles of the columns on every page but the first, where the head comes first."""
        if self.page_no() > 1:
            _titles(self)

    def footer(self) -> None:
        """Number the page."""
        self.set_y(-12)
        self.set_font("helvetica", size=8)
        self.cell(0, 8, f"Página {self.page_no()} de {{nb}}", align="C")


def statement_pdf(head: StatementHead, lines: Sequence[StatementLine]) -> bytes:
    """Return a statement as a PDF in Spanish."""
    page = _Page(orientation="landscape", format="letter")
    page.set_margin(14)
    page.set_auto_page_break(True, margin=16)
    page.set_title(f"Extracto {head.month}")
    page.add_page()
    page.set_font("helvetica", "B", 14)
    _say(page, f"Extracto {head.month}")
    page.set_font("helvetica", size=10)
    _say(page, _latin(head.business_name))
    _say(page, f"Del {head.month.begins.date()} al {head.month.last_day}, en {head.currency}")
    _say(page, f"Saldo inicial: {format_cop(head.opening_minor)}")
    _say(page, f"Saldo final: {format_cop(head.closing_minor)}")
    page.ln(2)
    _titles(page)
    balance = head.opening_minor
    for line in lines:
        balance += line.amount_minor
        _row(page, _cells(line, balance))
    return bytes(page.output())


def _say(page: FPDF, text: str) -> None:
    page.cell(0, _ROW, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _titles(page: FPDF) -> None:
    page.set_font("helvetica", "B", 9)
    _row(page, _TITLES)
    page.set_font("helvetica", size=8)


def _row(page: FPDF, cells: Sequence[str]) -> None:
    for place, (text, width) in enumerate(zip(cells, _WIDTHS, strict=True)):
        page.cell(width, _ROW, text, border="B", align="L" if place < 3 else "R")
    page.ln(_ROW)


def _cells(line: StatementLine, balance_minor: int) -> list[str]:
    amounts = (
        line.gross_minor,
        line.commission_minor,
        line.tax_minor,
        line.amount_minor,
        balance_minor,
    )
    return [
        line.at.astimezone(BOGOTA).date().isoformat(),
        _KINDS.get(line.kind, line.kind),
        _latin(line.order_number or ""),
        *(format_cop(amount) for amount in amounts),
    ]


def _latin(text: str) -> str:
    """Return a text in the letters that the standard fonts of PDF have."""
    return text.encode("latin-1", "replace").decode("latin-1")
