"""HTTP for what a vendor has, and for its statements."""

from typing import Annotated

import msgspec
from fastapi import Query, Response
from fastapi.responses import StreamingResponse

from mestore.earnings.deps import AskedVendor
from mestore.earnings.errors import InvalidPeriod, StatementTooLong, VendorNeeded
from mestore.earnings.schemas import (
    BalanceOut,
    StatementListOut,
    StatementOut,
    balance_body,
    statement_body,
    summary_body,
)
from mestore.earnings.service.statements import (
    short_statement,
    statement_as_csv,
    statement_as_pdf,
)
from mestore.earnings.types import Month, StatementFormat
from mestore.earnings.views.balance import balance_of, next_release_of
from mestore.earnings.views.statements import MOST_MONTHS, months_of
from mestore.kernel.clock import now
from mestore.kernel.errors import Forbidden, Unauthorized
from mestore.kernel.http import Db, refuses
from mestore.kernel.moments import Moment, end
from mestore.kernel.paging import Pagination
from mestore.kernel.routing import Router
from mestore.vendors.errors import NotAVendor, VendorNotFound

router = Router(prefix="/vendors", tags=["vendors"])

USUAL_MONTHS = 12
_REFUSALS = (Unauthorized, Forbidden, NotAVendor, VendorNotFound, VendorNeeded)


@router.get("/balance", response_model=BalanceOut, responses=refuses(*_REFUSALS))
async def get_balance(vendor: AskedVendor, db: Db, as_of: Moment | None = None) -> Response:
    """Say what a vendor has, now or as of an instant or the end of a day in Bogotá.

    A vendor reads its own; staff names one by `vendor_id`. Past instants tell no next release.
    """
    moment = now()
    async with db.read() as connection:
        if as_of is None:
            balance = await balance_of(connection, vendor.id)
            coming = await next_release_of(connection, vendor.id, moment)
        else:
            moment, coming = min(moment, end(as_of)), None
            balance = await balance_of(connection, vendor.id, moment)
    body = balance_body(vendor.id, balance, coming, moment)
    return Response(msgspec.json.encode(body), media_type="application/json")


@router.get(
    "/statements", response_model=StatementListOut, responses=refuses(*_REFUSALS, InvalidPeriod)
)
async def list_statements(
    vendor: AskedVendor,
    db: Db,
    first: Annotated[str | None, Query(alias="from", max_length=7)] = None,
    last: Annotated[str | None, Query(alias="to", max_length=7)] = None,
) -> Response:
    """List the months of a vendor, the newest first: the last twelve, or `from` to `to`."""
    moment = now()
    final = Month.of(moment) if last is None else _month(last)
    begin = final.plus(1 - USUAL_MONTHS) if first is None else _month(first)
    months = 12 * (final.year - begin.year) + final.month - begin.month + 1
    if not 1 <= months <= MOST_MONTHS:
        raise InvalidPeriod(most=MOST_MONTHS)
    async with db.read() as connection:
        found = await months_of(connection, vendor.id, begin, months)
    shown = [summary_body(each, moment) for each in reversed(found) if each.month.begins <= moment]
    pagination = Pagination(1, MOST_MONTHS, len(shown), 1 if shown else 0, None, None)
    body = {"statements": shown, "pagination": pagination}
    return Response(msgspec.json.encode(body), media_type="application/json")


@router.get(
    "/statements/{period}",
    response_model=StatementOut,
    responses=refuses(*_REFUSALS, InvalidPeriod, StatementTooLong),
)
async def get_statement(
    period: str,
    vendor: AskedVendor,
    db: Db,
    form: Annotated[StatementFormat | None, Query(alias="format")] = None,
) -> Response:
    """Read the statement of a month such as `2026-01`, as JSON, CSV or PDF.

    The form is `format`, or the end of the address: `2026-01.csv`.
    """
    name, _, ending = period.partition(".")
    month = _month(name)
    if month.begins > now():
        raise InvalidPeriod(most=MOST_MONTHS)
    form = form or _form(ending)
    file = f"extracto-{month}.{form.value}"
    attached = {"content-disposition": f'attachment; filename="{file}"'}
    if form is StatementFormat.CSV:
        rows = statement_as_csv(db, vendor, month)
        return StreamingResponse(rows, headers=attached, media_type="text/csv; charset=utf-8")
    if form is StatementFormat.PDF:
        pdf = await statement_as_pdf(db, vendor, month)
        return Response(pdf, headers=attached, media_type="application/pdf")
    head, lines = await short_statement(db, vendor, month)
    body = statement_body(vendor.id, head, lines)
    return Response(msgspec.json.encode(body), media_type="application/json")


def _month(text: str) -> Month:
    try:
        return Month.read(text)
    except ValueError as error:
        raise InvalidPeriod(most=MOST_MONTHS) from error


def _form(ending: str) -> StatementFormat:
    if ending not in {"", *StatementFormat}:
        raise InvalidPeriod(most=MOST_MONTHS)
    return StatementFormat(ending) if ending else StatementFormat.JSON
