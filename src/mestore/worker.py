"""The job loop as a process of its own."""

import asyncio
import signal

from mestore.bootstrap import build
from mestore.kernel import logs, memory
from mestore.settings import Settings


async def run() -> None:
    """Work until SIGINT or SIGTERM; what is running is finished first."""
    settings = Settings()
    logs.configure(level=settings.log_level, as_json=settings.is_production)
    app = build(settings)
    memory.settle()
    worker = app.worker()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, worker.stop)
    wire = asyncio.create_task(app.wire.run()) if app.wire else None
    try:
        await worker.run()
    finally:
        if wire is not None:
            wire.cancel()
            await asyncio.gather(wire, return_exceptions=True)
        await app.close()
