"""What of insights the edge and the endpoints need: who looked at what, and who writes."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Depends, Request

from mestore.accounts.deps import require
from mestore.accounts.types import Caller, Permission
from mestore.insights.ports import Writer
from mestore.insights.service.counting import VisitLog
from mestore.kernel.http import Db
from mestore.vendors.errors import VendorNotFound
from mestore.vendors.service import vendor_of, vendor_with

_PRODUCTS = "/api/v1/products/"
_SHOWN = frozenset({200, 304})
_ROBOTS = (b"bot", b"crawl", b"spider", b"slurp", b"preview")


def note_visit(log: VisitLog, scope: Mapping[str, Any], status: int) -> None:
    """Count an answered request that showed a product to somebody other than its vendor or staff.

    What the answer is tagged with says which product: also one from the cache, which no endpoint
    saw. Robots that say what they are do not count.
    """
    path: str = scope["path"]
    if not path.startswith(_PRODUCTS) or path.find("/", len(_PRODUCTS)) > 0:
        return
    if status not in _SHOWN or scope["method"] != "GET":
        return
    shown = _shown(scope.get("state", {}).get("tags", frozenset()))
    if shown is not None and (visitor := _visitor(scope)):
        log.note(*shown, visitor)


@lru_cache(10_000)
def _shown(tags: frozenset[str]) -> tuple[str, str] | None:
    """Return the ids of the product and the vendor that tags name."""
    named = dict(tag.split(":") for tag in tags if ":" in tag)
    return (named["product"], named["vendor"]) if "product" in named else None


def _visitor(scope: Mapping[str, Any]) -> bytes | None:
    """Return what best tells this visitor from others; None for a robot."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    agent = headers.get(b"user-agent", b"")
    if _is_robot(agent):
        return None
    said = headers.get(b"authorization") or headers.get(b"x-api-key") or headers.get(b"session-id")
    if said:
        return said
    host, _ = scope.get("client") or ("", 0)
    return str(host).encode() + b" " + agent


@lru_cache(1_000)
def _is_robot(agent: bytes) -> bool:
    lower = agent.lower()
    return any(word in lower for word in _ROBOTS)


Viewing = Annotated[Caller, Depends(require(Permission.ANALYTICS_VIEW))]


async def asked_vendor(caller: Viewing, db: Db, vendor_id: UUID | None = None) -> UUID | None:
    """Return the id of the caller's own shop; staff names any, or none for all of them.

    Raises `VendorNotFound` for a shop of somebody else.
    """
    async with db.read() as connection:
        if caller.oversees(Permission.ANALYTICS_VIEW):
            if vendor_id is None:
                return None
            return (await vendor_with(connection, vendor_id)).id
        own = await vendor_of(connection, caller.user_id)
    if vendor_id not in {None, own.id}:
        raise VendorNotFound
    return own.id


AskedVendor = Annotated[UUID | None, Depends(asked_vendor)]


async def writer_of(request: Request) -> Writer | None:
    """Return who words proposals, if anybody does."""
    return cast(Writer | None, request.app.state.writer)


CurrentWriter = Annotated[Writer | None, Depends(writer_of)]
