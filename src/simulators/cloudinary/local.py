"""A Cloudinary simulator beside the caller: on a free port, gone when the block ends."""

from collections.abc import Iterator
from contextlib import contextmanager

from simulators.cloudinary.app import Account, create_app
from simulators.local import serving


@contextmanager
def running(account: Account) -> Iterator[str]:
    """Serve from a thread and give the address, ready to be called."""
    with serving(create_app(account)) as url:
        yield url
