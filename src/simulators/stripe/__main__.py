"""`python -m simulators.stripe`: the simulator as a program of its own."""

import argparse
import os

from simulators import server
from simulators.stripe.app import SECRET_KEY, WEBHOOK_SECRET, create_app


def main() -> None:
    """Serve until interrupted; the keys may also come from their STRIPE_ environment variables."""
    parser = argparse.ArgumentParser(prog="python -m simulators.stripe", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8012)
    parser.add_argument("--secret-key", default=os.environ.get("STRIPE_SECRET_KEY", SECRET_KEY))
    parser.add_argument(
        "--webhook-secret", default=os.environ.get("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET)
    )
    parser.add_argument("--events-url", help="where events go; without it none are sent")
    given = parser.parse_args()
    app = create_app(given.secret_key, given.webhook_secret, given.events_url)
    server.build(app, given.host, given.port).run()


if __name__ == "__main__":
    main()
