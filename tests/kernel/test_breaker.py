"""The circuit breaker, with a clock that the test moves."""

import asyncio

import pytest

from mestore.kernel.breaker import Breaker, CircuitOpen, CircuitState

PSE = ("wompi", "PSE")
CARD = ("wompi", "CARD")


class Down(Exception):
    """The service did not answer."""


class Refused(Exception):
    """The service answered no."""


class Bench:
    """A breaker, the clock it reads, and calls with a known end."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.breaker = Breaker(lambda: self.now)

    def call(self, error: type[Exception] | None = None, key: tuple[str, str] = PSE) -> None:
        with self.breaker.guard(key, (Down,)):
            if error is not None:
                raise error

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            with pytest.raises(Down):
                self.call(Down)

    def is_refused(self, key: tuple[str, str] = PSE) -> int:
        """The seconds that the refusal asks to wait."""
        with pytest.raises(CircuitOpen) as refusal:
            self.call(key=key)
        return int(refusal.value.details["retry_after"])

    def state(self) -> CircuitState:
        return self.breaker.snapshot()[PSE]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_five_failures_in_a_row_open_the_circuit(bench: Bench) -> None:
    bench.fail(4)
    assert bench.state() is CircuitState.CLOSED

    bench.fail()

    assert bench.state() is CircuitState.OPEN
    assert bench.is_refused() == 30


def test_a_success_breaks_the_row(bench: Bench) -> None:
    bench.fail(4)
    bench.call()
    bench.fail(4)

    assert bench.state() is CircuitState.CLOSED


def test_half_of_the_last_twenty_calls_open_the_circuit(bench: Bench) -> None:
    for _ in range(9):
        bench.call()
        bench.fail()
    bench.call()
    assert bench.state() is CircuitState.CLOSED

    bench.fail()

    assert bench.state() is CircuitState.OPEN


def test_failures_before_the_last_twenty_calls_are_forgotten(bench: Bench) -> None:
    bench.fail(4)
    bench.call()
    bench.fail(4)
    for _ in range(20):
        bench.call()
    bench.fail(4)

    assert bench.state() is CircuitState.CLOSED


def test_failures_older_than_a_minute_are_forgotten(bench: Bench) -> None:
    for _ in range(9):
        bench.call()
        bench.fail()
    bench.now += 60.5
    bench.call()
    bench.fail()

    assert bench.state() is CircuitState.CLOSED


def test_a_refusal_is_an_answer_and_no_failure(bench: Bench) -> None:
    for _ in range(30):
        with pytest.raises(Refused):
            bench.call(Refused)

    assert bench.state() is CircuitState.CLOSED


def test_one_probe_passes_after_thirty_seconds_and_closes_the_circuit(bench: Bench) -> None:
    bench.fail(5)
    bench.now += 29.5
    assert bench.is_refused() == 1

    bench.now += 0.5
    assert bench.state() is CircuitState.HALF_OPEN
    with bench.breaker.guard(PSE, (Down,)):
        assert bench.is_refused() == 1

    assert bench.state() is CircuitState.CLOSED
    bench.fail(4)
    assert bench.state() is CircuitState.CLOSED


def test_the_pause_doubles_up_to_ten_minutes_and_starts_anew_once_closed(bench: Bench) -> None:
    bench.fail(5)
    for pause in (30, 60, 120, 240, 480, 600, 600):
        assert bench.is_refused() == pause
        bench.now += pause
        bench.fail()
    bench.now += 600
    bench.call()

    bench.fail(5)

    assert bench.is_refused() == 30


def test_a_refusal_closes_an_open_circuit_since_the_service_answers(bench: Bench) -> None:
    bench.fail(5)
    bench.now += 30
    with pytest.raises(Refused):
        bench.call(Refused)

    assert bench.state() is CircuitState.CLOSED


async def test_a_cancelled_probe_says_nothing_and_lets_the_next_one_pass(bench: Bench) -> None:
    bench.fail(5)
    bench.now += 30

    async def hang() -> None:
        with bench.breaker.guard(PSE, (Down,)):
            await asyncio.sleep(60)

    probe = asyncio.create_task(hang())
    await asyncio.sleep(0)
    assert bench.is_refused() == 1
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)

    assert bench.state() is CircuitState.HALF_OPEN
    bench.call()
    assert bench.state() is CircuitState.CLOSED


def test_calls_that_began_before_it_opened_do_not_move_an_open_circuit(bench: Bench) -> None:
    with bench.breaker.guard(PSE, (Down,)):
        bench.fail(5)
    assert bench.state() is CircuitState.OPEN

    bench.now += 30
    bench.call()

    def fail_late() -> None:
        with bench.breaker.guard(PSE, (Down,)):
            bench.fail(5)
            raise Down

    with pytest.raises(Down):
        fail_late()

    assert bench.is_refused() == 30


def test_every_key_has_a_circuit_of_its_own(bench: Bench) -> None:
    bench.fail(5)
    bench.call(key=CARD)

    assert bench.breaker.snapshot() == {PSE: CircuitState.OPEN, CARD: CircuitState.CLOSED}
