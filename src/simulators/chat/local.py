"""A chat simulator beside the caller: on a free port, gone when the block ends."""

from collections.abc import Iterator
from contextlib import contextmanager

from simulators.chat.app import KEY, create_app
from simulators.local import serving


@contextmanager
def running(key: str = KEY) -> Iterator[str]:
    """Serve from a thread and give the address, ready to be called."""
    with serving(create_app(key)) as url:
        yield url
