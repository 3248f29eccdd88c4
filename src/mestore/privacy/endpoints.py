"""HTTP for taking data along: an operator's list of users, and a person's own data."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import Query
from fastapi.responses import StreamingResponse

from mestore.accounts.deps import AnyCaller
from mestore.accounts.errors import ApiKeyNotAllowed, UserNotFound
from mestore.accounts.types import Permission, UserFilter, UserType
from mestore.kernel.errors import Unauthorized
from mestore.kernel.http import Db, refuses
from mestore.kernel.routing import Router
from mestore.privacy.errors import OwnDataAreJson
from mestore.privacy.service import person_as_json, users_as
from mestore.privacy.types import ExportFormat

router = Router(prefix="/users", tags=["users"])

_MEDIA = {ExportFormat.CSV: "text/csv; charset=utf-8", ExportFormat.JSON: "application/json"}
_REFUSED = refuses(Unauthorized, ApiKeyNotAllowed, OwnDataAreJson)

Search = Annotated[str | None, Query(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


@router.get("/export", response_class=StreamingResponse, responses=_REFUSED)
async def export(
    caller: AnyCaller,
    db: Db,
    form: Annotated[ExportFormat | None, Query(alias="format")] = None,
    mine: bool = False,
    search: Search = None,
    role: UserType | None = None,
    is_active: bool | None = None,
) -> StreamingResponse:
    """Write out the users that fit, as an operator; else, or with `mine`, one's own data.

    Users come as CSV unless `format` is json; one's own data always as JSON.
    """
    if mine or not caller.oversees(Permission.USERS_VIEW):
        if form is ExportFormat.CSV:
            raise OwnDataAreJson
        if caller.key_id is not None:
            raise ApiKeyNotAllowed
        return await _person(db, caller.user_id)
    form = form or ExportFormat.CSV
    which = UserFilter(search, role, is_active)
    return _download(users_as(form, db, which), f"users.{form.value}", _MEDIA[form])


@router.get(
    "/{user_id}/export",
    response_class=StreamingResponse,
    responses=refuses(Unauthorized, UserNotFound, ApiKeyNotAllowed),
)
async def export_person(user_id: UUID, caller: AnyCaller, db: Db) -> StreamingResponse:
    """Write out all that is kept of a user, for themselves or for an operator who answers them."""
    if caller.key_id is not None:
        raise ApiKeyNotAllowed
    if caller.user_id != user_id and not caller.oversees(Permission.USERS_VIEW):
        raise UserNotFound
    return await _person(db, user_id)


async def _person(db: Db, user_id: UUID) -> StreamingResponse:
    pieces = await person_as_json(db, user_id)
    return _download(pieces, "my-data.json", _MEDIA[ExportFormat.JSON])


def _download(pieces: AsyncIterator[bytes], name: str, media: str) -> StreamingResponse:
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return StreamingResponse(pieces, headers=headers, media_type=media)
