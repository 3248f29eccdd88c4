"""`python -m simulators.chat`: the simulator as a program of its own."""

import argparse
import os

from simulators import server
from simulators.chat.app import KEY, create_app


def main() -> None:
    """Serve until interrupted; the key may come from LLM_API_KEY."""
    parser = argparse.ArgumentParser(prog="python -m simulators.chat", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8018)
    add("--api-key", default=os.environ.get("LLM_API_KEY") or KEY)
    options = parser.parse_args()
    server.build(create_app(options.api_key), options.host, options.port).run()


if __name__ == "__main__":
    main()
