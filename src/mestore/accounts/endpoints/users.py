"""HTTP for users: lists and acts of operators, and what users may see and do of themselves."""

from datetime import UTC, datetime, time, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Depends, Query, Request, Response

from mestore.accounts.deps import (
    AnyCaller,
    CallingDevice,
    PasswordHasher,
    require,
)
from mestore.accounts.endpoints.versions import version_of
from mestore.accounts.errors import (
    AccountErased,
    ApiKeyNotAllowed,
    BulkUpdateRefused,
    EmailTaken,
    LastSuperuser,
    NotOnYourself,
    OpenVendorOrders,
    PeriodTooLong,
    RoleTooHigh,
    UsernameTaken,
    UserNotFound,
)
from mestore.accounts.schemas import Done, ProfileIn
from mestore.accounts.schemas.users import (
    LONGEST_PERIOD_DAYS,
    ActivitiesOut,
    BulkOut,
    BulkUpdateIn,
    NewUserIn,
    PeriodIn,
    SuspendIn,
    UserAnalyticsOut,
    UsersOut,
)
from mestore.accounts.service.erasure import erase_user
from mestore.accounts.service.profiles import ProfileService
from mestore.accounts.service.users import UserService, create_user
from mestore.accounts.types import (
    Caller,
    Period,
    Permission,
    UserDetails,
    UserFilter,
    UserType,
)
from mestore.accounts.views import count_users, find_details, page_activities, page_users
from mestore.kernel.clock import BOGOTA, today_in_bogota
from mestore.kernel.errors import Forbidden, PreconditionFailed, Unauthorized
from mestore.kernel.http import Db, InTx, Paging, check_if_match, refuses
from mestore.kernel.paging import InvalidPage, PageTooDeep, UnknownSort
from mestore.kernel.routing import Router

router = Router(prefix="/users", tags=["users"])

_ACTS = refuses(Unauthorized, Forbidden, RoleTooHigh, UserNotFound, AccountErased, NotOnYourself)

Search = Annotated[str | None, Query(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
Viewing = Annotated[Caller, Depends(require(Permission.USERS_VIEW))]
Creating = Annotated[Caller, Depends(require(Permission.USERS_CREATE))]
Changing = Annotated[Caller, Depends(require(Permission.USERS_UPDATE))]
Counting = Annotated[Caller, Depends(require(Permission.USERS_VIEW))]


@router.get(
    "",
    response_model=UsersOut,
    responses=refuses(Unauthorized, Forbidden, InvalidPage, PageTooDeep, UnknownSort),
)
async def list_users(
    _: Viewing,
    paging: Paging,
    db: Db,
    search: Search = None,
    role: UserType | None = None,
    is_active: bool | None = None,
    sort: Annotated[str | None, Query(max_length=50)] = None,
) -> Response:
    """List users, the newest first; sort by created_at, email or last_login.

    By last_login, who never signed in stands where they signed up.
    Every word of `search` has to be in the e-mail, user name, names, phone or company.
    """
    async with db.read() as connection:
        page = await page_users(connection, paging, UserFilter(search, role, is_active), sort)
    return _json({"users": page.rows, "pagination": page.pagination})


@router.post(
    "",
    status_code=201,
    responses=refuses(Unauthorized, Forbidden, RoleTooHigh, EmailTaken, UsernameTaken),
)
async def add_user(
    body: NewUserIn,
    caller: Creating,
    device: CallingDevice,
    db: Db,
    passwords: PasswordHasher,
    response: Response,
) -> UserDetails:
    """Add a user of a role below one's own; without a password they are mailed a link to set it."""
    new = body.to_new_user()
    user_id = await create_user(db, passwords, caller, new, body.password, device)
    response.headers["Location"] = f"/api/v1/users/{user_id}"
    return await _shown(db, user_id, response)


@router.get(
    "/analytics",
    response_model=UserAnalyticsOut,
    responses=refuses(Unauthorized, Forbidden, PeriodTooLong),
)
async def analytics(caller: Counting, db: Db, period: Annotated[PeriodIn, Query()]) -> Response:
    """Count users, sign-ups a day in Bogotá, and who came back; the last 30 days by default."""
    if not caller.oversees(Permission.ANALYTICS_VIEW):
        raise Forbidden()
    async with db.read() as connection:
        return _json(await count_users(connection, _period(period)))


@router.post("/bulk-update", responses=refuses(Unauthorized, Forbidden, BulkUpdateRefused))
async def bulk_update(
    body: BulkUpdateIn, caller: Changing, device: CallingDevice, tx: InTx
) -> BulkOut:
    """Make the same changes to up to 100 users; one result a user, in the order of `ids`."""
    results = await UserService(tx, caller, device).update_many(
        body.ids, body.changes.changes(), all_or_nothing=body.all_or_nothing
    )
    updated = sum(result.success for result in results)
    return BulkOut(success=updated == len(results), updated=updated, results=results)


@router.get("/{user_id}", responses=refuses(Unauthorized, UserNotFound))
async def get_user(user_id: UUID, caller: AnyCaller, db: Db, response: Response) -> UserDetails:
    """Return a user to themselves or to an operator; to anybody else there is none."""
    check_self_or(caller, user_id, Permission.USERS_VIEW)
    return await _shown(db, user_id, response)


@router.put(
    "/{user_id}",
    responses=_ACTS | refuses(EmailTaken, UsernameTaken, PreconditionFailed),
)
async def update_user(
    user_id: UUID,
    body: ProfileIn,
    caller: AnyCaller,
    device: CallingDevice,
    request: Request,
    response: Response,
    tx: InTx,
) -> UserDetails:
    """Change one's own profile, or as an operator that of a user with a role below one's own."""
    check_self_or(caller, user_id, Permission.USERS_UPDATE)
    await UserService(tx, caller, device).hold(user_id)
    profiles = ProfileService(tx)
    user, seen = await profiles.get(user_id)
    check_if_match(request, version_of(seen))
    await profiles.update(user, body.changes(), seen=seen, device=device, actor_id=caller.user_id)
    user, changed_at = await profiles.get(user_id)
    response.headers["ETag"] = version_of(changed_at)
    return user


@router.delete("/{user_id}", responses=_ACTS | refuses(LastSuperuser, OpenVendorOrders))
async def delete_user(user_id: UUID, caller: AnyCaller, device: CallingDevice, tx: InTx) -> Done:
    """Erase a user's personal data for good; orders and the ledger keep what the law asks for."""
    check_self_or(caller, user_id, Permission.USERS_DELETE)
    await erase_user(tx, caller, user_id, device)
    return Done()


@router.get(
    "/{user_id}/activity",
    response_model=ActivitiesOut,
    responses=refuses(Unauthorized, UserNotFound, InvalidPage, PageTooDeep),
)
async def activity(user_id: UUID, caller: AnyCaller, paging: Paging, db: Db) -> Response:
    """List what a user did and what was done to their account, the newest first."""
    check_self_or(caller, user_id, Permission.USERS_VIEW)
    async with db.read() as connection:
        page = await page_activities(connection, user_id, paging)
        if not page.rows and await find_details(connection, user_id) is None:
            raise UserNotFound()
    return _json({"user_id": user_id, "activities": page.rows, "pagination": page.pagination})


@router.post("/{user_id}/suspend", responses=_ACTS | refuses(LastSuperuser))
async def suspend(
    user_id: UUID, body: SuspendIn, caller: Changing, device: CallingDevice, tx: InTx
) -> UserDetails:
    """Keep a user from signing in, and end all their sessions at once."""
    await UserService(tx, caller, device).suspend(user_id, body.reason)
    user, _ = await ProfileService(tx).get(user_id)
    return user


@router.post("/{user_id}/activate", responses=_ACTS)
async def activate(user_id: UUID, caller: Changing, device: CallingDevice, tx: InTx) -> UserDetails:
    """Let a user sign in again who was suspended, or locked out by wrong passwords."""
    await UserService(tx, caller, device).activate(user_id)
    user, _ = await ProfileService(tx).get(user_id)
    return user


def check_self_or(caller: Caller, user_id: UUID, permission: Permission) -> None:
    """Refuse who is neither this user nor an operator with `permission`; keys are nobody's self."""
    if caller.oversees(permission) and not (caller.key_id and caller.user_id == user_id):
        return
    if caller.user_id != user_id:
        raise UserNotFound()
    if caller.key_id is not None:
        raise ApiKeyNotAllowed()


async def _shown(db: Db, user_id: UUID, response: Response) -> UserDetails:
    async with db.read() as connection:
        found = await find_details(connection, user_id)
    if found is None:
        raise UserNotFound()
    user, changed_at = found
    response.headers["ETag"] = version_of(changed_at)
    return user


def _period(asked: PeriodIn) -> Period:
    last = asked.end or today_in_bogota()
    first = asked.start or last - timedelta(days=29)
    if not 0 <= (last - first).days < LONGEST_PERIOD_DAYS:
        raise PeriodTooLong(days=LONGEST_PERIOD_DAYS)
    start = datetime.combine(first, time.min, BOGOTA).astimezone(UTC)
    return Period(start, start + timedelta(days=(last - first).days + 1))


def _json(answer: object) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")
