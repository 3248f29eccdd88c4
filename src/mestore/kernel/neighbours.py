"""The services outside that this program leans on: whether they can be reached, tried seldom.

A try opens a connection and closes it again: no key is sent and nothing is asked, so that a
service is not burdened by who watches. Whether it does its work, the circuits tell.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from mestore.kernel.remembered import Remembered

WITHIN_SECONDS = 3.0
KEPT_SECONDS = 30.0
_PORTS = {"https": 443, "http": 80}


class NeighbourKind(StrEnum):
    """What a service is for."""

    GATEWAY = "GATEWAY"
    PAYOUTS = "PAYOUTS"
    MAIL = "MAIL"
    SMS = "SMS"
    SEARCH = "SEARCH"
    STORAGE = "STORAGE"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One service; with neither address nor folder it is a part of this program."""

    name: str
    kind: NeighbourKind
    host: str | None = None
    port: int = 0
    folder: Path | None = None

    @classmethod
    def at(cls, name: str, kind: NeighbourKind, url: str) -> "Neighbour":
        """Return a service at a web address; an empty one is our own."""
        parts = urlsplit(url)
        return cls(name, kind, parts.hostname, parts.port or _PORTS.get(parts.scheme, 0))


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a try came to."""

    neighbour: Neighbour
    is_reachable: bool
    took_ms: float | None
    """None where there was nobody to connect to."""


class Neighbourhood:
    """Every service outside, each tried at most twice a minute for all who ask."""

    def __init__(
        self,
        neighbours: Iterable[Neighbour] = (),
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.neighbours = tuple(neighbours)
        self._known = [
            Remembered(partial(_look_at, each), seconds=KEPT_SECONDS, monotonic=monotonic)
            for each in self.neighbours
        ]

    async def look(self) -> list[Sighting]:
        """Return how each service stands, all tried at once."""
        return await asyncio.gather(*(each.fresh() for each in self._known))


async def _look_at(neighbour: Neighbour) -> Sighting:
    if neighbour.folder is not None:
        return Sighting(neighbour, await asyncio.to_thread(_takes_files, neighbour.folder), None)
    if neighbour.host is None:
        return Sighting(neighbour, is_reachable=True, took_ms=None)
    started = time.perf_counter()
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            _, writer = await asyncio.open_connection(neighbour.host, neighbour.port)
    except (OSError, TimeoutError):
        return Sighting(neighbour, is_reachable=False, took_ms=None)
    took = (time.perf_counter() - started) * 1000
    writer.close()
    return Sighting(neighbour, is_reachable=True, took_ms=round(took, 2))


def _takes_files(folder: Path) -> bool:
    """Say whether files can be written there; a folder that is missing is made when needed."""
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)
