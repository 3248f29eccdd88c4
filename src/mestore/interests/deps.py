"""How looks at products are noticed: after the answer is made, so that no read waits for it."""

import re

from starlette.types import Scope

from mestore.accounts.service.acts import acting
from mestore.accounts.service.api_keys import KEY_START
from mestore.interests.service import ViewLog
from mestore.interests.types import Owner
from mestore.kernel.http import Observe

PRODUCTS = "/api/v1/products/"
_SHOWN = (200, 304)
_KEY = f"Bearer {KEY_START}".encode()
_SESSION = re.compile(r"[\x21-\x7e]{8,100}")


def noticing(log: ViewLog) -> Observe:
    """Return what notes every product that a user or a guest session was shown."""

    def observe(scope: Scope, status: int, _: float) -> None:
        if status not in _SHOWN or scope["method"] != "GET":
            return
        start, _, product = scope["path"].partition(PRODUCTS)
        # Other addresses of products have no such parameter, or go on behind it.
        if start or not product or scope.get("path_params", {}).get("product_id") != product:
            return
        if owner := _owner_of(dict(scope["headers"])):
            log.note(owner, product)

    return observe


def _owner_of(headers: dict[bytes, bytes]) -> Owner | None:
    """Return who is calling; None for API keys, and for who says nothing."""
    token = headers.get(b"authorization")
    if b"x-api-key" in headers or (token and token.startswith(_KEY)):
        return None
    if token:
        actor = acting()
        return Owner(actor.id) if actor else None
    session = headers.get(b"session-id", b"").decode("latin-1")
    return Owner(session_id=session) if _SESSION.fullmatch(session) else None
