"""A payouts simulator beside the caller: on a free port, gone when the block ends."""

from collections.abc import Iterator
from contextlib import contextmanager

from simulators.local import serving
from simulators.wompi_payouts.app import Config, create_app


@contextmanager
def running(config: Config | None = None) -> Iterator[str]:
    """Serve from a thread and give the address, ready to be called."""
    with serving(create_app(config)) as url:
        yield url
