"""A circuit breaker: an outside service that keeps failing is not called for a while.

Written here because no library has the rule we want. aiobreaker, circuitbreaker and purgatory count
consecutive failures only; fluxgate comes nearest, but its window is a number of calls or a time,
never both, and its pauses follow the wall clock, so that a corrected clock reopens a circuit and a
test has to sleep.
"""

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

import structlog

from mestore.kernel.errors import Unavailable

log = structlog.get_logger(__name__)

STREAK = 5
WINDOW_CALLS = 20
WINDOW_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 600.0

Key = tuple[str, str]
"""The outside service, and what is asked of it: ("wompi", "PSE")."""


class CircuitOpen(Unavailable):
    """The service failed so often that it is left alone for now; it was not called."""

    en = (
        "A service this needs keeps failing and was not called. Try again in {retry_after} seconds."
    )
    es = "Un servicio necesario falla; no se llamó. Intenta de nuevo en {retry_after} segundos."


class CircuitState(StrEnum):
    """Whether calls pass. HALF_OPEN lets one call try whether the service is back."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


@dataclass(slots=True)
class _Circuit:
    """One key's recent calls (when, and whether they failed); `pause` is 0 while it is closed."""

    recent: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=WINDOW_CALLS))
    streak: int = 0
    pause: float = 0.0
    probe_at: float = 0.0
    is_probing: bool = False


class Breaker:
    """The circuits of one process, one a key.

    Five failures in a row, or ten among the last twenty calls of a minute, open a circuit. After
    30 seconds one call may pass; where it fails too the pause doubles, up to ten minutes.
    Nothing here awaits, so the event loop needs no lock.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._circuits: defaultdict[Key, _Circuit] = defaultdict(_Circuit)

    @contextmanager
    def guard(self, key: Key, failures: tuple[type[Exception], ...]) -> Iterator[None]:
        """Run a call through the circuit of `key`; raises `CircuitOpen` instead of running it.

        Only `failures` count against the service. Another exception is an answer, such as a
        refusal, and so a success; a cancelled call says nothing.
        """
        circuit = self._circuits[key]
        is_probe = self._admit(circuit)
        try:
            yield
        except failures:
            self._note_failure(key, circuit, is_probe)
            raise
        except Exception:
            self._note_success(key, circuit, is_probe)
            raise
        else:
            self._note_success(key, circuit, is_probe)
        finally:
            if is_probe:
                circuit.is_probing = False

    def snapshot(self) -> dict[Key, CircuitState]:
        """Return the state of every circuit that was ever used in this process."""
        return {key: self._state(circuit) for key, circuit in self._circuits.items()}

    def _state(self, circuit: _Circuit) -> CircuitState:
        if not circuit.pause:
            return CircuitState.CLOSED
        is_due = circuit.probe_at <= self._monotonic()
        return CircuitState.HALF_OPEN if is_due else CircuitState.OPEN

    def _admit(self, circuit: _Circuit) -> bool:
        """Let a call pass, and say whether it is the probe of an open circuit."""
        if not circuit.pause:
            return False
        wait = circuit.probe_at - self._monotonic()
        if wait > 0 or circuit.is_probing:
            raise CircuitOpen(retry_after=max(1, math.ceil(wait)))
        circuit.is_probing = True
        return True

    def _note_failure(self, key: Key, circuit: _Circuit, is_probe: bool) -> None:
        if is_probe:
            self._open(key, circuit, min(circuit.pause * 2, LONGEST_PAUSE_SECONDS))
        elif not circuit.pause:
            circuit.streak += 1
            circuit.recent.append((self._monotonic(), True))
            if self._is_too_much(circuit):
                self._open(key, circuit, FIRST_PAUSE_SECONDS)

    def _note_success(self, key: Key, circuit: _Circuit, is_probe: bool) -> None:
        if is_probe:
            circuit.pause = 0.0
            log.info("circuit_closed", service=key[0], operation=key[1])
        elif not circuit.pause:
            circuit.streak = 0
            circuit.recent.append((self._monotonic(), False))

    def _is_too_much(self, circuit: _Circuit) -> bool:
        since = self._monotonic() - WINDOW_SECONDS
        failed = sum(has_failed for moment, has_failed in circuit.recent if moment >= since)
        return circuit.streak >= STREAK or failed * 2 >= WINDOW_CALLS

    def _open(self, key: Key, circuit: _Circuit, pause: float) -> None:
        circuit.pause = pause
        circuit.probe_at = self._monotonic() + pause
        circuit.streak = 0
        circuit.recent.clear()
        log.warning("circuit_opened", service=key[0], operation=key[1], pause_seconds=pause)
