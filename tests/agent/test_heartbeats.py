"""A device says on which days it ran: once a day, over restarts and weeks without a line."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from faultbox_agent.heartbeats import MOST, Heartbeats
from faultbox_agent.sources.datagrams import ask_agent
from faultbox_agent.state import State, load_state
from faultbox_protocol import api, limits
from faultbox_protocol.api import PROBLEM_PREFIX
from faultbox_protocol.beats import beats_from_map
from support.builders import BOOT, NOON_MS
from support.device import (
    Arrival,
    Reply,
    StillClock,
    a_collector,
    a_fault,
    a_station,
    environ,
    refusal,
    resident,
    stored,
    until,
)

PRODUCT = {"name": "inspect-eye", "serial": "SN-0001"}
DAY_SECONDS = 86_400
TEN_O_CLOCK = 10 * 3600
SMALL_CHANCE = 0.0


def beating(clock: StillClock, state: State | None = None) -> Heartbeats:
    return Heartbeats(state or State(), clock, dict(PRODUCT), lambda: SMALL_CHANCE)


def stored_beats(arrival: Arrival) -> Reply:
    if arrival.path != api.HEARTBEATS:
        return stored(arrival)
    return Reply(202, json.dumps({"accepted": 1}).encode())


def test_a_day_counts_from_the_boot_or_from_midnight() -> None:
    clock, state = StillClock(), State()
    beats = beating(clock, state)
    assert beats.note()
    assert state.beats == {f"20240501 {BOOT}": 1000}
    clock.move(2 * DAY_SECONDS)
    assert beats.note()
    assert state.beats == {
        f"20240501 {BOOT}": DAY_SECONDS - TEN_O_CLOCK + 1000,
        f"20240502 {BOOT}": DAY_SECONDS,
        f"20240503 {BOOT}": TEN_O_CLOCK,
    }


def test_two_boots_of_one_day_are_two_beats() -> None:
    clock, state = StillClock(), State()
    beating(clock, state).note()
    clock.move(60)
    clock.now_boot, clock.now_mono_ms = "another", 20_000
    beating(clock, state).note()
    assert state.beats == {f"20240501 {BOOT}": 1000, "20240501 another": 20}


def test_it_is_written_a_few_times_a_day_not_at_every_turn() -> None:
    clock = StillClock()
    beats = beating(clock)
    writes = 0
    for _ in range(24 * 60):
        clock.move(60)
        writes += beats.note()
    assert 3 <= writes <= 6


def test_a_clock_at_1970_says_nothing_about_days() -> None:
    clock, state = StillClock(wall_ms=5_000_000), State()
    beats = beating(clock, state)
    assert not beats.note()
    assert beats.next_ms() is None
    clock.now_wall_ms = NOON_MS
    assert beats.note()
    assert list(state.beats) == [f"20240501 {BOOT}"]


def test_a_clock_ten_years_ahead_does_not_silence_the_years_between() -> None:
    clock, state = StillClock(), State()
    beats = beating(clock, state)
    clock.now_wall_ms += 3650 * DAY_SECONDS * 1000
    beats.note()
    clock.move(3600)
    sent = beats.take(along=False)
    assert sent is not None
    beats.settle(sent, 202, "", None)
    clock.now_wall_ms = NOON_MS
    assert beats.note()
    assert f"20240501 {BOOT}" in state.beats


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(0, 30))
def test_weeks_offline_are_kept_and_stay_bounded(days: list[int], mono_days: int) -> None:
    clock, state = StillClock(mono_ms=mono_days * DAY_SECONDS * 1000 + 5_000), State()
    for number, ahead in enumerate(days):
        clock.move(ahead * DAY_SECONDS)
        clock.now_boot, clock.now_mono_ms = f"boot{number}", 5_000
        beating(clock, state).note()
    beats = beating(clock, state)
    beats.note()
    assert len(state.beats) <= MOST
    clock.move(3600)
    sent = beats.take(along=False)
    assert sent is not None
    told = beats_from_map(beats.describe(sent))
    assert len(told) == len(state.beats)
    assert all(0 <= beat.up_s <= DAY_SECONDS for beat in told)


def test_only_a_202_takes_finished_days_away_and_today_goes_on() -> None:
    clock, state = StillClock(), State()
    beats = beating(clock, state)
    beats.note()
    for status in (None, 200, 204, 404, 500, 503):
        clock.move(2 * DAY_SECONDS)
        sent = beats.take(along=False)
        assert sent is not None
        beats.settle(sent, status, "", None)
        assert len(state.beats) == len(sent.beats)
    clock.move(2 * DAY_SECONDS)
    sent = beats.take(along=False)
    assert sent is not None
    beats.settle(sent, 202, "", None)
    assert len(state.beats) == 1, "today"
    assert beats.take(along=False) is None
    clock.move(DAY_SECONDS)
    again = beats.take(along=False)
    assert again is not None
    assert len(again.beats) == 2, "the day that was unfinished, now whole, and today"
    assert DAY_SECONDS in again.beats.values()


def test_an_older_collector_is_asked_again_tomorrow() -> None:
    clock = StillClock()
    beats = beating(clock)
    beats.note()
    clock.move(3600)
    sent = beats.take(along=False)
    assert sent is not None
    beats.settle(sent, 404, PROBLEM_PREFIX + "no_route", None)
    clock.move(19 * 3600)
    assert beats.take(along=True) is None
    clock.move(5 * 3600)
    assert beats.take(along=False) is not None


def test_trouble_waits_an_hour_at_least_and_a_restart_remembers() -> None:
    clock, state = StillClock(), State()
    beats = beating(clock, state)
    beats.note()
    clock.move(3600)
    sent = beats.take(along=False)
    assert sent is not None
    beats.settle(sent, 503, PROBLEM_PREFIX + "busy", 7200.0)
    assert (beating(clock, state).next_ms() or 0) - clock.mono_ms() == 7_200_000
    clock.now_wall_ms = NOON_MS - 400 * DAY_SECONDS * 1000
    assert (beating(clock, state).next_ms() or 0) - clock.mono_ms() < 3_600_000


def test_a_request_stays_within_the_limit_of_the_wire() -> None:
    clock, state = StillClock(), State()
    state.beats = {f"2024{month:02}{day:02} {BOOT}": 5 for month in range(1, 7) for day in (1, 2)}
    state.beats |= {f"20230101 boot{number:060}": 5 for number in range(180)}
    beats = Heartbeats(state, clock, {**PRODUCT, "model": "m" * 900}, lambda: SMALL_CHANCE)
    clock.move(3600)
    total = 0
    while len(state.beats) > 1:
        clock.move(61)
        sent = beats.take(along=False)
        assert sent is not None
        assert len(json.dumps(beats.describe(sent))) <= limits.BEATS_BYTES
        total += len(sent.beats)
        beats.settle(sent, 202, "", None)
    assert total >= 190


def test_they_travel_with_the_bundles(tmp_path: Path) -> None:
    with a_collector() as collector:
        collector.answer = stored_beats
        place = a_station(tmp_path, collector.url, product="inspect-eye", serial="SN-0001")
        place.take(a_fault(1))
        assert place.deliver(20)
        assert [arrival.path for arrival in collector.arrivals] == [api.BUNDLES, api.HEARTBEATS]
        (beat,) = beats_from_map(json.loads(collector.arrivals[1].body))
        assert (beat.product, beat.serial, beat.boot) == (
            "inspect-eye",
            "SN-0001",
            place.clock.boot,
        )
        place.take(a_fault(2, code="E-300"))
        assert place.deliver(20)
        assert len(collector.arrivals) == 3, "once a day"
        place.close()
        assert load_state(str(tmp_path / "spool")).beats_next_wall_ms > place.clock.wall_ms()


def test_a_collector_without_that_door_still_gets_the_bundles(tmp_path: Path) -> None:
    def older(arrival: Arrival) -> Reply:
        return refusal(404, "no_route") if arrival.path == api.HEARTBEATS else stored(arrival)

    with a_collector() as collector:
        collector.answer = older
        place = a_station(tmp_path, collector.url, product="inspect-eye")
        place.take(a_fault(1))
        assert place.deliver(20)
        assert place.state.delivered == 1
        assert len(place.state.beats) == 1
        place.close()


def test_a_device_without_faults_beats_too(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    env = environ(spool, product="inspect-eye", key="k", server="http://127.0.0.1:9")
    with resident(env):
        assert until(lambda: ask_agent(str(spool), "status", 2.0) is not None)
    assert len(json.loads((spool / "state.json").read_text())["beats"]) == 1
    with a_collector() as collector:
        collector.answer = stored_beats
        place = a_station(tmp_path, collector.url, StillClock(), product="inspect-eye")
        clock = place.clock
        assert isinstance(clock, StillClock)
        clock.move(3600)
        place.step_courier()
        assert place.courier.busy, "its hour has come: it goes alone"
        assert until(place.courier.step)
        assert [arrival.path for arrival in collector.arrivals] == [api.HEARTBEATS]
        place.close()


def test_without_a_product_there_is_nothing_to_say(tmp_path: Path) -> None:
    with a_collector() as collector:
        place = a_station(tmp_path, collector.url)
        place.take(a_fault(1))
        assert place.deliver(20)
        assert [arrival.path for arrival in collector.arrivals] == [api.BUNDLES]
        assert place.state.beats == {}
        place.close()
