"""Heartbeats: what a fleet says it ran, and what is not a heartbeat."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_protocol import limits
from faultbox_protocol.beats import DAY_SECONDS, Beat, beats_from_map, beats_to_map
from faultbox_protocol.errors import Invalid
from faultbox_protocol.packing import pack, unpack
from faultbox_protocol.report import Plain
from support.builders import BOOT


def a_beat_map(**changes: Plain) -> dict[str, Plain]:
    """Return one beat as the wire has it; a change to None leaves the field out."""
    beat: dict[str, Plain] = {
        "day": 20240501,
        "prod": {"name": "pump", "serial": "SN-1"},
        "boot": BOOT,
        "up_s": 3600,
        **changes,
    }
    return {name: value for name, value in beat.items() if value is not None}


names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
versions = st.none() | names
beats = st.builds(
    Beat,
    day=st.dates().filter(lambda day: 2000 <= day.year < 2200).map(lambda d: int(f"{d:%Y%m%d}")),
    product=names,
    serial=names,
    boot=names,
    up_s=st.integers(0, DAY_SECONDS),
    model=versions,
    hw=versions,
    fw=versions,
    app=versions,
)


@given(st.lists(beats, min_size=1, max_size=20))
def test_what_a_device_writes_a_collector_reads(written: list[Beat]) -> None:
    assert beats_from_map(unpack(pack(beats_to_map(written)))) == tuple(written)


def test_the_smallest_beat_has_four_fields() -> None:
    [beat] = beats_from_map({"beats": [a_beat_map()]})
    assert beat == Beat(20240501, "pump", "SN-1", BOOT, 3600)


def test_names_of_later_writers_are_left_alone() -> None:
    [beat] = beats_from_map({"beats": [a_beat_map(mood="fine")], "more": [1]})
    assert beat.serial == "SN-1"


@pytest.mark.parametrize("field", ["day", "prod", "boot", "up_s"])
def test_each_field_is_needed(field: str) -> None:
    with pytest.raises(Invalid) as caught:
        beats_from_map({"beats": [a_beat_map(), a_beat_map(**{field: None})]})
    assert caught.value.reason == "missing_field"
    assert caught.value.detail == f"beats[1].{field}"


@pytest.mark.parametrize("name", ["name", "serial"])
def test_a_beat_names_product_and_device(name: str) -> None:
    prod: dict[str, Plain] = {"name": "pump", "serial": "SN-1", name: ""}
    with pytest.raises(Invalid, match=f"beats\\[0\\].prod.{name}"):
        beats_from_map({"beats": [a_beat_map(prod=prod)]})


@pytest.mark.parametrize("day", [0, -1, 19991231, 20240230, 20241301, 20240100, 99999999, "today"])
def test_a_day_is_a_date(day: Plain) -> None:
    with pytest.raises(Invalid, match="day"):
        beats_from_map({"beats": [a_beat_map(day=day)]})


@pytest.mark.parametrize("up_s", [-1, DAY_SECONDS + 1, 1.5, "1"])
def test_a_day_has_86400_seconds(up_s: Plain) -> None:
    with pytest.raises(Invalid, match="up_s"):
        beats_from_map({"beats": [a_beat_map(up_s=up_s)]})


@pytest.mark.parametrize("source", [{}, {"beats": []}, {"beats": None}])
def test_a_request_without_beats_is_refused(source: dict[str, Plain]) -> None:
    with pytest.raises(Invalid) as caught:
        beats_from_map(source)
    assert caught.value.reason == "missing_field"


@pytest.mark.parametrize("value", ["x", [1], [a_beat_map()] * (limits.BEATS + 1)])
def test_beats_are_a_list_within_its_limit(value: Plain) -> None:
    with pytest.raises(Invalid):
        beats_from_map({"beats": value})
