"""Devices come first while they stream in; a backlog that grows too large comes before them."""

from faultbox_collector.digest.pacing import (
    BREATH_SECONDS,
    LONGEST_REST_SECONDS,
    REST,
    SMALL_BATCH,
    FullPace,
    Pacing,
)


class Machine:
    """A clock and an inbox that do as they are told."""

    def __init__(self) -> None:
        self.now = 100.0
        self.streaming = self.busy = True
        self.full = 0.1
        self.pacing = Pacing(
            lambda: self.streaming,
            lambda: self.busy,
            lambda: self.full,
            lambda: self.now,
            self.spend,
        )

    def spend(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds

    def work(self, seconds: float) -> float:
        """Let a batch take so long, and return the rest after it; the rest is taken."""
        self.spend(seconds)
        rest = self.pacing.rest_seconds()
        self.spend(rest)
        return rest

    def breath_after(self, seconds: float) -> float:
        """Return how long the breath after so much work is."""
        self.spend(seconds)
        before = self.now
        self.pacing.breathe()
        return self.now - before


def test_it_rests_a_multiple_of_its_work_while_bundles_stream_in() -> None:
    machine = Machine()
    assert abs(machine.work(0.02) - 0.02 * REST) < 1e-9
    assert abs(machine.work(0.05) - 0.05 * REST) < 1e-9


def test_it_takes_small_batches_and_breathes_between_bundles() -> None:
    machine = Machine()
    assert machine.pacing.batch_size(500) == SMALL_BATCH
    assert machine.pacing.batch_size(10) == 10
    assert machine.breath_after(0.0001) == 0
    assert abs(machine.breath_after(0.002) - BREATH_SECONDS) < 1e-9
    assert machine.breath_after(0.0001) == 0


def test_it_goes_at_full_pace_when_nobody_waits() -> None:
    machine = Machine()
    machine.streaming = machine.busy = False
    assert machine.work(0.02) == 0.0
    assert machine.breath_after(0.02) == 0.0
    assert machine.pacing.batch_size(500) == 500


def test_while_bundles_come_one_by_one_it_breathes_and_does_not_rest() -> None:
    machine = Machine()
    machine.busy = False
    assert machine.pacing.batch_size(500) == SMALL_BATCH
    assert machine.breath_after(0.002) > 0
    assert machine.work(0.02) == 0.0


def test_a_slow_batch_is_not_followed_by_a_long_silence() -> None:
    assert Machine().work(60.0) == LONGEST_REST_SECONDS


def test_a_backlog_near_its_bound_is_worked_off_first() -> None:
    machine = Machine()
    machine.full = 0.8
    assert machine.work(0.02) == 0.0
    assert machine.breath_after(0.02) == 0.0
    assert machine.pacing.batch_size(500) == 500


def test_a_clock_that_stands_still_is_no_work() -> None:
    assert Machine().work(0.0) == 0.0


def test_alone_it_never_waits() -> None:
    pace = FullPace()
    pace.breathe()
    assert (pace.batch_size(500), pace.rest_seconds()) == (500, 0.0)
