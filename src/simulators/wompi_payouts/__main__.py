"""`python -m simulators.wompi_payouts`: the simulator as a program of its own."""

import argparse
import os

from simulators import server
from simulators.wompi_payouts.app import Config, create_app

EVENTS_URL = "http://127.0.0.1:8000/api/v1/payouts/webhook/wompi"
KEYS = ("api_key", "user_principal_id", "account_id", "events_secret")


def main() -> None:
    """Serve until interrupted; each key may come from its WOMPI_PAYOUTS_ environment variable."""
    start = Config()
    parser = argparse.ArgumentParser(prog="python -m simulators.wompi_payouts", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8015)
    parser.add_argument("--events-url", default=EVENTS_URL, help="an empty text sends none")
    parser.add_argument("--resolve-after", type=float, default=start.resolve_after)
    for name in KEYS:
        default = os.environ.get(f"WOMPI_PAYOUTS_{name.upper()}", getattr(start, name))
        parser.add_argument(f"--{name.replace('_', '-')}", default=default)
    options = vars(parser.parse_args())
    host, port = options.pop("host"), options.pop("port")
    config = Config.model_validate(options | {"events_url": options["events_url"] or None})
    server.build(create_app(config), host, port).run()


if __name__ == "__main__":
    main()
