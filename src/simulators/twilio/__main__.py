"""`python -m simulators.twilio`: the simulator as a program of its own."""

import argparse
import os

from simulators import server
from simulators.twilio.app import Account, create_app


def main() -> None:
    """Serve until interrupted; the credentials may come from TWILIO_ environment variables."""
    start = Account()
    parser = argparse.ArgumentParser(prog="python -m simulators.twilio", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8011)
    add("--account-sid", default=os.environ.get("TWILIO_ACCOUNT_SID") or start.sid)
    add("--auth-token", default=os.environ.get("TWILIO_AUTH_TOKEN") or start.token)
    options = parser.parse_args()
    account = Account(options.account_sid, options.auth_token)
    server.build(create_app(account), options.host, options.port).run()


if __name__ == "__main__":
    main()
