"""Acts: what staff and security events write into the audit log, in the transaction they are in.

Who calls, and from where, is remembered here once a request, so that no service has to pass it on.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import structlog

from mestore.accounts.events import Acted
from mestore.accounts.types import PAGE_FIELDS, STAFF, Caller
from mestore.accounts.types.acts import Act, Actor, Subject
from mestore.kernel.clock import now
from mestore.kernel.db import Tx
from mestore.kernel.problems import request_id

log = structlog.get_logger(__name__)

SECRETS = (
    "password",
    "secret",
    "token",
    "hash",
    "digest",
    "otp",
    "credential",
    "authorization",
    "cookie",
    "private",
    "api_key",
    "backup_code",
    "cvc",
)
"""A field whose name has one of these in it never enters the log."""

PERSONAL = frozenset(
    {"email", "username", "first_name", "last_name", "phone", "company", "nit", *PAGE_FIELDS}
)
"""Fields of persons: the log tells that they changed, never their values, which can be erased."""

PERSONAL_FIELDS = "personal_fields"

State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where the acts of one request come from."""

    request_id: str | None = None
    actor: Actor | None = None
    ip_address: str | None = None


_NOWHERE = _Origin()
_origin: ContextVar[_Origin] = ContextVar("origin", default=_NOWHERE)


def remember_origin(ip_address: str, caller: Caller | None = None) -> None:
    """Remember from which network address this request comes, and who makes it where known."""
    actor = Actor(caller.user_id, caller.user_type) if caller else _present().actor
    _origin.set(_Origin(request_id.get(), actor, ip_address))


def acting() -> Actor | None:
    """Return the caller of this request; None in jobs, on the command line, and for guests."""
    return _present().actor


def is_by_operator(owner_id: UUID | None = None) -> bool:
    """Say whether the caller of this request is staff, or somebody else than the owner if given."""
    actor = acting()
    if actor is None:
        return False
    return actor.user_type in STAFF or owner_id not in {None, actor.id}


def record(
    tx: Tx,
    act: Act,
    subject: Subject,
    subject_id: object,
    *,
    actor: Actor | None = None,
    before: State | None = None,
    after: State | None = None,
) -> None:
    """Write an act into the audit log, if the transaction commits.

    Of `before` and `after` only what differs is kept; where nothing does, nothing was done. The
    actor is the caller of the request unless one is given; outside of a request there is none.
    """
    if before is not None and after is not None and dict(before) == dict(after):
        return
    origin = _present()
    who = actor or origin.actor
    kept_before, kept_after = changed(before, after)
    tx.publish(
        Acted(
            actor_id=who.id if who else None,
            actor_type=who.user_type.value if who else None,
            action=act.value,
            subject_type=subject.value,
            subject_id=str(subject_id),
            before=kept_before,
            after=kept_after,
            ip_address=origin.ip_address,
            request_id=origin.request_id,
            at=now().isoformat(),
        )
    )
    if act.is_security_event:
        log.info(
            "security_event",
            action=act.value,
            outcome=act.outcome,
            subject_type=subject.value,
            subject_id=str(subject_id),
            actor_id=str(who.id) if who else None,
            ip_address=origin.ip_address,
        )


def changed(
    before: State | None, after: State | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return what differs between two states as plain JSON: no secrets, no values of persons."""
    old, new = _plain(before), _plain(after)
    names = [name for name in {**old, **new} if _differs(name, old, new)]
    personal = sorted(PERSONAL.intersection(names))
    kept_old = {name: old[name] for name in names if name in old and name not in personal}
    kept_new = {name: new[name] for name in names if name in new and name not in personal}
    if personal:
        kept_new[PERSONAL_FIELDS] = personal
    return kept_old or None, kept_new or None


def _differs(name: str, old: State, new: State) -> bool:
    return (name in old) != (name in new) or old[name] != new[name]


def _plain(state: State | None) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(dict(state or {}), str_keys=True)
    return {name: _without_secrets(plain[name]) for name in plain if not _is_secret(name)}


def _without_secrets(value: Any) -> Any:  # noqa: ANN401  any JSON value
    if isinstance(value, dict):
        return {
            name: _without_secrets(item) for name, item in value.items() if not _is_secret(name)
        }
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    return value


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in SECRETS)


def _present() -> _Origin:
    """Return the origin that was remembered in this very request."""
    origin = _origin.get()
    return origin if origin.request_id == request_id.get() else _NOWHERE
