"""Token buckets give what they promise, tell the truth about waiting, and stay small."""

from hypothesis import given
from hypothesis import strategies as st

from faultbox_collector.domain.buckets import Buckets

STEPS = st.lists(
    st.tuples(st.floats(0.0, 30.0, allow_nan=False), st.integers(1, 20)), min_size=1, max_size=60
)
"""Seconds since the step before, and tokens wanted."""


@given(st.floats(0.01, 100.0), st.integers(1, 50), STEPS)
def test_nobody_gets_more_than_the_burst_and_the_rate(
    per_second: float, burst: int, steps: list[tuple[float, int]]
) -> None:
    buckets = Buckets(per_second, burst, 10)
    now = 1000.0
    taken: list[tuple[float, int]] = []
    for pause, wanted in steps:
        now += pause
        got = buckets.take(1, "name", wanted, now)
        assert 0 <= got <= wanted
        taken.append((now, got))
    for index, (begun, _) in enumerate(taken):
        for end in range(index, len(taken)):
            count = sum(got for _, got in taken[index : end + 1])
            assert count <= burst + per_second * (taken[end][0] - begun) + 1e-3


@given(st.floats(0.01, 100.0), st.integers(1, 50), st.integers(1, 60), st.integers(1, 50))
def test_who_waits_as_long_as_told_is_served_and_nobody_earlier(
    per_second: float, burst: int, used: int, wanted: int
) -> None:
    buckets = Buckets(per_second, burst, 10)
    buckets.take(1, "name", used, 50.0)
    wanted = min(wanted, burst)
    wait = buckets.wait(1, "name", wanted, 50.0)
    if wait > 0.001:
        early = Buckets(per_second, burst, 10)
        early.take(1, "name", used, 50.0)
        assert early.take(1, "name", wanted, 50.0 + wait * 0.99) < wanted
    assert buckets.take(1, "name", wanted, 50.0 + wait) == wanted


def test_a_full_bucket_gives_its_burst_then_the_rate() -> None:
    buckets = Buckets(1.0, 60, 10)
    assert buckets.take(1, "a", 100, 0.0) == 60
    assert buckets.take(1, "a", 1, 0.5) == 0
    assert buckets.wait(1, "a", 1, 0.5) == 0.5
    assert buckets.take(1, "a", 100, 10.0) == 10
    assert buckets.take(1, "b", 1, 10.0) == 1


def test_what_was_used_already_is_owed() -> None:
    buckets = Buckets(10.0, 5, 10)
    buckets.charge(1, "a", 105, 0.0)
    assert buckets.take(1, "a", 1, 1.0) == 0
    assert buckets.wait(1, "a", 1, 1.0) == 9.1
    assert buckets.take(1, "a", 1, 10.2) == 1


def test_nobody_is_told_to_wait_for_more_than_a_full_bucket() -> None:
    buckets = Buckets(1.0, 5, 10)
    buckets.take(1, "a", 5, 0.0)
    assert buckets.wait(1, "a", 1000, 0.0) == 5.0


def test_a_rate_of_nothing_is_no_limit() -> None:
    buckets = Buckets(0, 1, 10)
    assert buckets.take(1, "a", 10_000, 0.0) == 10_000
    buckets.charge(1, "a", 10_000, 0.0)
    assert buckets.wait(1, "a", 10_000, 0.0) == 0.0
    assert len(buckets) == 0


def test_a_million_made_up_names_take_no_more_room_than_the_table() -> None:
    buckets = Buckets(0.001, 1, 1000)
    for number in range(1_000_000):
        buckets.take(1, number, 1, 5.0)
    assert len(buckets) == 1000


def test_buckets_that_are_full_again_are_forgotten() -> None:
    buckets = Buckets(1.0, 10, 1000)
    for number in range(500):
        buckets.take(1, number, 1, 0.0)
    for number in range(500, 750):
        buckets.take(1, number, 1, 100.0)
    assert len(buckets) == 250


def test_who_makes_up_names_does_not_push_out_other_owners() -> None:
    buckets = Buckets(0.001, 1, 1000)
    for name in range(300):
        assert buckets.take("quiet", name, 1, 0.0) == 1
    for name in range(100_000):
        buckets.take("flood", name, 1, 1.0)
    assert len(buckets) == 1000
    assert sum(buckets.take("quiet", name, 1, 2.0) for name in range(300)) == 0


def test_a_newcomer_gets_a_share_of_a_table_that_others_fill() -> None:
    buckets = Buckets(0.001, 1, 1000)
    for name in range(100_000):
        buckets.take("flood", name, 1, 0.0)
    for name in range(400):
        assert buckets.take("newcomer", name, 1, 1.0) == 1
    for name in range(100_000, 200_000):
        buckets.take("flood", name, 1, 2.0)
    assert sum(buckets.take("newcomer", name, 1, 3.0) for name in range(400)) == 0
    assert len(buckets) == 1000
