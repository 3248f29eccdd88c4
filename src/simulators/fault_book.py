"""The faults that a simulator was asked for and that have not happened yet."""

import asyncio
from contextlib import suppress
from typing import Generic, Protocol, TypeVar


class Countable(Protocol):
    """A fault of any simulator: what it befalls (`any` is everything), and how many times."""

    @property
    def operation(self) -> str:
        """The operation that it befalls."""

    times: int


Asked = TypeVar("Asked", bound=Countable)


class FaultBook(Generic[Asked]):
    """The faults still to happen, in the order they were asked for."""

    def __init__(self) -> None:
        self.faults: list[Asked] = []
        self._cleared = asyncio.Event()

    def add(self, fault: Asked) -> None:
        """Ask for a fault."""
        self.faults.append(fault)

    def clear(self) -> None:
        """Forget them all and let hanging requests go on."""
        self.faults.clear()
        self._cleared.set()
        self._cleared = asyncio.Event()

    def take(self, operation: str) -> Asked | None:
        """Give the fault that befalls this operation, spending one of its times."""
        for fault in self.faults:
            if fault.operation in (operation, "any"):
                fault.times -= 1
                if fault.times == 0:
                    self.faults.remove(fault)
                return fault
        return None

    async def hang(self, seconds: float) -> None:
        """Wait that long, or until the faults are cleared."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._cleared.wait(), seconds)
