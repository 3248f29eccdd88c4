"""`python -m simulators.cloudinary`: the simulator as a program of its own."""

import argparse
import os

from simulators import server
from simulators.cloudinary.app import Account, create_app


def main() -> None:
    """Serve until interrupted; the account may come from CLOUDINARY_ environment variables."""
    start = Account()
    parser = argparse.ArgumentParser(prog="python -m simulators.cloudinary", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8016)
    add("--cloud-name", default=os.environ.get("CLOUDINARY_CLOUD_NAME") or start.cloud_name)
    add("--api-key", default=os.environ.get("CLOUDINARY_API_KEY") or start.api_key)
    add("--api-secret", default=os.environ.get("CLOUDINARY_API_SECRET") or start.api_secret)
    options = parser.parse_args()
    account = Account(options.cloud_name, options.api_key, options.api_secret)
    server.build(create_app(account), options.host, options.port).run()


if __name__ == "__main__":
    main()
