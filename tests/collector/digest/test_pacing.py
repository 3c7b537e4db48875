"""Devices come first while they stream in; a backlog that grows too large comes before them."""

from faultbox_collector.digest.pacing import LONGEST_REST_SECONDS, REST, Pacing


class Machine:
    """A clock and an inbox that do as they are told."""

    def __init__(self) -> None:
        self.now = 100.0
        self.busy = True
        self.full = 0.1
        self.pacing = Pacing(lambda: self.busy, lambda: self.full, lambda: self.now)

    def work(self, seconds: float) -> float:
        """Let a batch take so long, and return the rest after it; the rest is taken."""
        self.now += seconds
        rest = self.pacing.rest_seconds()
        self.now += rest
        return rest


def test_it_rests_a_multiple_of_its_work_while_bundles_stream_in() -> None:
    machine = Machine()
    assert abs(machine.work(0.02) - 0.02 * REST) < 1e-9
    assert abs(machine.work(0.05) - 0.05 * REST) < 1e-9


def test_it_never_rests_when_nobody_waits() -> None:
    machine = Machine()
    machine.busy = False
    assert machine.work(0.02) == 0.0


def test_a_slow_batch_is_not_followed_by_a_long_silence() -> None:
    assert Machine().work(60.0) == LONGEST_REST_SECONDS


def test_a_backlog_near_its_bound_is_worked_off_first() -> None:
    machine = Machine()
    machine.full = 0.8
    assert machine.work(0.02) == 0.0


def test_a_clock_that_stands_still_is_no_work() -> None:
    assert Machine().work(0.0) == 0.0
