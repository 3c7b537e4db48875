"""What the intake decides without a database is counted all the same, in names that are bounded."""

import threading

import pytest

from faultbox_collector.domain.outcome_names import name_outcome
from faultbox_collector.outcomes import Outcomes
from faultbox_collector.store import tables
from faultbox_collector.store.progress import add_outcomes, read_tallies, utc_day
from support.builders import NOON_MS
from support.collector import Rig


def test_counts_add_up_and_are_taken_once() -> None:
    outcomes = Outcomes()
    outcomes.add(1, 7, "refused", "id_reused")
    outcomes.add(1, 7, "refused", "id_reused", count=2)
    outcomes.add(1, 8, "duplicate")
    assert outcomes.take() == {(1, 7, "refused:id_reused"): 3, (1, 8, "duplicate"): 1}
    assert outcomes.take() == {}


def test_what_could_not_be_stored_is_put_back_beside_what_came_meanwhile() -> None:
    outcomes = Outcomes()
    outcomes.add(1, 1, "invalid", "bad_crc")
    taken = outcomes.take()
    outcomes.add(1, 1, "invalid", "bad_crc")
    outcomes.put_back(taken)
    assert outcomes.take() == {(1, 1, "invalid:bad_crc"): 2}


def test_many_threads_lose_none() -> None:
    outcomes = Outcomes()
    taken: list[int] = []

    def add() -> None:
        for _ in range(2_000):
            outcomes.add(1, 1, "duplicate")

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        taken.append(sum(outcomes.take().values()))
    taken.append(sum(outcomes.take().values()))
    assert sum(taken) == 8_000


@pytest.mark.parametrize(
    ("outcome", "reason", "name"),
    [
        ("stored", "", "stored"),
        ("refused", "unknown_crit", "refused:unknown_crit"),
        ("quarantined", "made up by a bug", "quarantined:undigestible"),
        ("invalid", "bad_request", "invalid:other"),
        ("dropped", "rate", "dropped:rate"),
        ("dropped", "x" * 300, "dropped:other"),
        ("dropped", "", "dropped:other"),
    ],
)
def test_names_come_from_closed_lists(outcome: str, reason: str, name: str) -> None:
    assert name_outcome(outcome, reason) == name


def test_an_outcome_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="no outcome"):
        Outcomes().add(1, 1, "lost")


def test_totals_are_kept_for_ever_and_by_product_and_day(rig: Rig) -> None:
    one, two = rig.product_id("one"), rig.product_id("two")
    counts = {(1, one, "stored"): 3, (1, two, "stored"): 4, (1, two, "refused:bad_field"): 1}
    for day in (20240501, 20240501, 20240502):
        rig.write(lambda c, day=day: add_outcomes(c, counts, day))  # type: ignore[misc]
    tallies = rig.read(lambda c: read_tallies(c, 1))
    assert tallies == {"stored": 21, "refused:bad_field": 3}
    found = {(r.product_id, r.day, r.name): r.total for r in rig.rows(tables.outcome_day)}
    assert found[two, 20240501, "stored"] == 8
    assert found[two, 20240502, "refused:bad_field"] == 1
    assert len(found) == 6


def test_the_day_of_an_outcome_is_utc() -> None:
    assert utc_day(NOON_MS) == 20240501
    assert utc_day(1_714_521_599_999) == 20240430
