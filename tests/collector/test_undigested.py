"""Undigested ids: known until digested, counted exactly, and never more than a few MiB."""

from hypothesis import given
from hypothesis import strategies as st

from faultbox_collector.undigested import Undigested, UndigestedIds
from support.builders import an_id


def remember(ids: UndigestedIds, first: int, count: int) -> None:
    """Let bundles come and become durable."""
    for number in range(first, first + count):
        ids.remember(an_id(number), bytes([number % 256]) * 32, 7)
        ids.confirm([an_id(number)])


def test_an_id_is_known_from_its_coming_until_it_is_digested() -> None:
    ids = UndigestedIds()
    ids.remember(an_id(1), b"s" * 32, 7)
    assert ids.find(an_id(1)) == Undigested(b"s" * 32, 7, durable=False)
    ids.confirm([an_id(1)])
    assert ids.find(an_id(1)) == Undigested(b"s" * 32, 7, durable=True)
    assert len(ids) == 1
    ids.forget([an_id(1)])
    assert (ids.find(an_id(1)), len(ids)) == (None, 0)


def test_an_id_that_failed_may_come_again_as_a_new_one() -> None:
    ids = UndigestedIds()
    ids.remember(an_id(1), b"s" * 32, 7)
    ids.forget([an_id(1)])
    ids.remember(an_id(1), b"t" * 32, 7)
    assert ids.find(an_id(1)) == Undigested(b"t" * 32, 7, durable=False)


def test_in_a_long_storm_the_oldest_are_only_counted() -> None:
    ids = UndigestedIds(generation=10)
    remember(ids, 0, 35)
    assert len(ids) == 35
    assert ids.has_gaps
    assert ids.find(an_id(0)) is None
    assert ids.find(an_id(34)) is not None
    ids.forget([an_id(number) for number in range(20)])
    assert len(ids) == 15
    ids.forget([an_id(number) for number in range(20, 35)])
    assert (len(ids), ids.has_gaps) == (0, False)


def test_what_an_earlier_process_left_in_the_packs_is_not_counted() -> None:
    ids = UndigestedIds(generation=10)
    ids.forget([an_id(number) for number in range(500)])
    remember(ids, 600, 3)
    assert len(ids) == 3


@given(st.lists(st.integers(1, 15)), st.integers(1, 12))
def test_the_count_is_exact_while_the_digest_goes_in_order(steps: list[int], size: int) -> None:
    ids = UndigestedIds(generation=size)
    came = gone = 0
    for step in steps:
        remember(ids, came, step)
        came += step
        digested = min(step // 2, came - gone)
        ids.forget([an_id(number) for number in range(gone, gone + digested)])
        gone += digested
        assert len(ids) == came - gone
    ids.forget([an_id(number) for number in range(gone, came)])
    assert (len(ids), ids.has_gaps) == (0, False)
