"""The purchase that `mestore demo` prints: lines to paste into a shell, one after the other."""

import shutil
from importlib import resources

ADDRESS = "http://127.0.0.1:8000"
BUYER = "comprador@example.com"
ADMIN = "admin@example.com"
PASSWORD = "Ejemplo2026"  # noqa: S105  a published sample password


def purchase(base_url: str, *, with_curl: bool | None = None) -> str:
    """Return the shell lines of one purchase, paid by PSE at the simulated bank.

    A machine without curl gets a shell function of that name first, over Python's own library.
    """
    lines = _text("purchase.sh").replace(ADDRESS, base_url)
    has_curl = shutil.which("curl") is not None if with_curl is None else with_curl
    return lines if has_curl else f"{_text('curl.sh')}\n{lines}"


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8").rstrip()
