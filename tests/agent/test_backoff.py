"""Waits grow from a second to an hour, are spread over the fleet, and obey Retry-After."""

from hypothesis import given
from hypothesis import strategies as st

from faultbox_agent.backoff import key_wait_seconds, next_wait_seconds

CHANCE = st.floats(0, 1, exclude_max=True)


@given(st.integers(0, 10_000), CHANCE)
def test_a_wait_is_between_nothing_and_an_hour(attempts: int, chance: float) -> None:
    assert 0 <= next_wait_seconds(attempts, chance, None) <= 3600


def test_the_ceiling_doubles_from_one_second_to_one_hour() -> None:
    ceilings = [next_wait_seconds(n, 1.0, None) for n in range(1, 16)]
    assert ceilings[:4] == [1, 2, 4, 8]
    assert ceilings[-1] == 3600


@given(st.integers(1, 50), CHANCE, st.floats(0, 1e9))
def test_retry_after_is_kept_to_up_to_a_day(attempts: int, chance: float, asked: float) -> None:
    wait = next_wait_seconds(attempts, chance, asked)
    assert min(asked, 86_400) <= wait <= 86_400


@given(CHANCE, st.one_of(st.none(), st.floats(0, 1e6)))
def test_a_refused_key_waits_an_hour_or_more(chance: float, asked: float | None) -> None:
    assert 3600 <= key_wait_seconds(chance, asked) <= 86_400
