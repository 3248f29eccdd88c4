"""`python -m simulators.wompi`: the simulator as a program of its own."""

import argparse
import os
from collections.abc import Sequence

from simulators import server
from simulators.wompi.app import create_app
from simulators.wompi.config import Config

EVENTS_URL = "http://127.0.0.1:8000/api/v1/payments/webhook"
SECRETS = ("public_key", "private_key", "events_secret", "integrity_secret")
START = Config()


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the options; each key may also come from its WOMPI_ environment variable."""
    parser = argparse.ArgumentParser(prog="python -m simulators.wompi", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8010)
    add("--public-url", default=None, help="address shoppers see, when it is not the one called")
    add("--events-url", default=EVENTS_URL, help="where events go; an empty text sends none")
    for name in SECRETS:
        default = os.environ.get(f"WOMPI_{name.upper()}", getattr(START, name))
        add(f"--{name.replace('_', '-')}", default=default)
    add("--resolve-after", type=float, default=START.resolve_after, metavar="SECONDS")
    add("--polls-before-url", type=int, default=START.polls_before_url, metavar="GETS")
    add("--retry-delays", type=_numbers, default=START.retry_delays, metavar="2,5,15")
    add("--repeats", type=int, default=START.repeats, help="copies sent of every event")
    add("--properties", type=_names, default=START.properties, metavar="PATH,PATH")
    add("--vary-properties", action="store_true", help="rotate through lists of signed properties")
    add("--uppercase", choices=("never", "always", "alternate"), default=START.uppercase)
    add("--acceptance-ttl", type=float, default=START.acceptance_ttl, metavar="SECONDS")
    add("--single-use-acceptance", action="store_true", help="refuse an acceptance token twice")
    return parser.parse_args(given)


def main() -> None:
    """Serve until interrupted."""
    options = vars(arguments())
    host, port = options.pop("host"), options.pop("port")
    config = Config.model_validate(options | {"events_url": options["events_url"] or None})
    server.build(create_app(config), host, port).run()


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(",") if part)


def _names(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


if __name__ == "__main__":
    main()
