"""`python -m simulators.efecty`: the simulator as a program of its own."""

import argparse
import os

from simulators import server
from simulators.efecty.app import create_app
from simulators.efecty.messages import Agreement

SHOP_URL = "http://127.0.0.1:8000/api/v1/payments/efecty"


def main() -> None:
    """Serve until interrupted; agreement and secret may come from EFECTY_ variables."""
    start = Agreement()
    parser = argparse.ArgumentParser(prog="python -m simulators.efecty", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8014)
    add("--shop-url", default=SHOP_URL, help="Where the shop takes consulta and confirm.")
    add("--convenio", default=os.environ.get("EFECTY_CONVENIO") or start.convenio)
    add("--secret", default=os.environ.get("EFECTY_SECRET") or start.secret)
    given = parser.parse_args()
    app = create_app(given.shop_url, Agreement(given.convenio, given.secret))
    server.build(app, given.host, given.port).run()


if __name__ == "__main__":
    main()
