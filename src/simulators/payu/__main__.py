"""`python -m simulators.payu`: the simulator as a program of its own."""

import argparse
import os

from simulators import server
from simulators.payu.app import create_app
from simulators.payu.config import Config

KEYS = ("merchant_id", "account_id", "api_login", "api_key")
START = Config()


def main() -> None:
    """Serve until interrupted; each key may also come from its PAYU_ environment variable."""
    parser = argparse.ArgumentParser(prog="python -m simulators.payu", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8013)
    parser.add_argument("--public-url", help="address shoppers see, when it is not the one called")
    parser.add_argument("--notify-url", help="where confirmations go, whatever an order names")
    parser.add_argument("--nequi-seconds", type=float, default=START.nequi_seconds)
    parser.add_argument("--algorithm", default=os.environ.get("PAYU_SIGNATURE_ALGORITHM", "MD5"))
    for name in KEYS:
        default = os.environ.get(f"PAYU_{name.upper()}", getattr(START, name))
        parser.add_argument(f"--{name.replace('_', '-')}", default=default)
    options = vars(parser.parse_args())
    host, port = options.pop("host"), options.pop("port")
    server.build(create_app(Config.model_validate(options)), host, port).run()


if __name__ == "__main__":
    main()
