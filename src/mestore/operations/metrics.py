"""Metrics: what Prometheus scrapes, counted in memory by this process.

Each process counts for itself and begins at zero. With several workers behind one port a scrape
meets any of them: run one process a container, or give each its own port, and let Prometheus add
them up. Labels have few values each: routes are templates, unknown ones are one word.
"""

from collections.abc import Callable
from functools import cache

from prometheus_client import Counter, Histogram, generate_latest
from starlette.types import Scope

AUTH = "/api/v1/auth/"
UNKNOWN = "unmatched"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS = Counter("http_requests_total", "Answered requests.", ["method", "route", "status"])
SECONDS = Histogram(
    "http_request_duration_seconds",
    "Time to answer, by method and route.",
    ["method", "route"],
    buckets=BUCKETS,
)
AUTH_REQUESTS = Counter(
    "auth_requests_total", "Attempts to sign in or to stay signed in.", ["method", "status"]
)
FAILED_LOGINS = Counter(
    "failed_login_attempts_total", "Sign-ins refused, by the code of the refusal.", ["reason"]
)
MFA_USAGE = Counter("mfa_usage_total", "Uses of the second factor that succeeded.", ["action"])

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_SIGN_INS = {
    "login": "password",
    "admin-login": "admin_password",
    "passkeys/login/verify": "passkey",
    "oidc/{provider}/callback": "oidc",
    "mfa/verify": "mfa",
}
_STAYING = {"register": "register", "refresh": "refresh", "refresh-token": "refresh"}
_WAYS = {f"{AUTH}{path}": way for path, way in (_SIGN_INS | _STAYING).items()}
_LOGINS = frozenset(f"{AUTH}{path}" for path in _SIGN_INS)
_MFA_ACTIONS = {
    ("POST", f"{AUTH}mfa/enable"): "enable",
    ("POST", f"{AUTH}mfa/verify"): "verify",
    ("POST", f"{AUTH}mfa/disable"): "disable",
    ("GET", f"{AUTH}mfa/backup-codes"): "backup_codes",
}


def observe(scope: Scope, status: int, seconds: float) -> None:
    """Count one answered request; the edge calls this."""
    route, method = route_of(scope), scope["method"]
    count, measure = _of(method if method in _METHODS else "OTHER", route, status)
    count()
    measure(seconds)
    if route.startswith(AUTH):
        _observe_auth(method, route, status, scope.get("refusal", "INVALID_REQUEST"))


def route_of(scope: Scope) -> str:
    """Return the template of the address, such as /api/v1/orders/{order_id}."""
    template: str | None = getattr(scope.get("route"), "path_format", None)
    if template is None and scope.get("app_root_path") is not None:
        # A mounted app: its files are no routes.
        template = scope.get("root_path")
    return template or UNKNOWN


def text() -> bytes:
    """Return all that was counted, in Prometheus' text format."""
    return generate_latest()


@cache
def _of(method: str, route: str, status: int) -> tuple[Callable[[], None], Callable[..., None]]:
    """Return what counts this kind of request: looking labels up costs more than counting."""
    count = REQUESTS.labels(method, route, str(status))
    return count.inc, SECONDS.labels(method, route).observe


def _observe_auth(method: str, route: str, status: int, refusal: str) -> None:
    way = _WAYS.get(route)
    if way is not None:
        AUTH_REQUESTS.labels(way, str(status)).inc()
    if route in _LOGINS and 400 <= status < 500:
        FAILED_LOGINS.labels(refusal.lower()).inc()
    action = _MFA_ACTIONS.get((method, route))
    if action is not None and status < 400:
        MFA_USAGE.labels(action).inc()
