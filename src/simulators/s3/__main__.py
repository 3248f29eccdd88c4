"""`python -m simulators.s3`: the simulator as a program of its own."""

import argparse
import os

from simulators import server
from simulators.s3.app import Account, create_app


def main() -> None:
    """Serve until interrupted; bucket and keys may come from S3_ environment variables."""
    start = Account()
    parser = argparse.ArgumentParser(prog="python -m simulators.s3", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8017)
    add("--bucket", default=os.environ.get("S3_BUCKET") or start.bucket)
    add("--access-key-id", default=os.environ.get("S3_ACCESS_KEY_ID") or start.key_id)
    add("--secret-access-key", default=os.environ.get("S3_SECRET_ACCESS_KEY") or start.secret)
    options = parser.parse_args()
    account = Account(options.bucket, options.access_key_id, options.secret_access_key)
    server.build(create_app(account), options.host, options.port).run()


if __name__ == "__main__":
    main()
