"""What was appended reads back; damage and torn tails cost nobody but themselves."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from faultbox_collector.pack.files import PackFolder
from faultbox_collector.pack.records import (
    Arrival,
    Damage,
    Position,
    Record,
    encode_arrival,
    find_end,
    read_bundle_at,
    read_records,
)
from faultbox_collector.pack.writer import PackWriter
from support.builders import NOON_MS, a_bundle, a_head

FIRST = Position(1, 0)
arrivals = st.builds(
    Arrival,
    received_ms=st.integers(0, 2**62),
    organisation_id=st.integers(1, 2**31),
    product_id=st.integers(1, 2**31),
    sent=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60),
)


def a_record(number: int = 1) -> bytes:
    """Return the record of one bundle."""
    return encode_arrival(Arrival(NOON_MS, 1, 1, "boot;5;6")) + a_bundle(a_head(number))


def a_pack(folder: Path, *records: bytes) -> Path:
    """Return a pack of these records."""
    path = folder / "00000001.fbp"
    path.write_bytes(b"".join(records))
    return path


def test_a_record_reads_back_with_its_arrival(tmp_path: Path) -> None:
    path = a_pack(tmp_path, a_record(1), a_record(2))
    first, second = read_records(path, FIRST, 10)
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert first.arrival == Arrival(NOON_MS, 1, 1, "boot;5;6")
    assert bytes(second.bundle.data) == a_bundle(a_head(2))
    assert second.position == Position(1, first.size)
    again = read_bundle_at(path, second.position.offset, second.size)
    assert again.bundle.sha256 == second.bundle.sha256


@settings(deadline=None, max_examples=30)
@given(groups=st.lists(st.lists(arrivals, min_size=1, max_size=4), max_size=5), data=st.data())
def test_records_in_any_grouping_read_back_identical(
    groups: list[list[Arrival]], data: st.DataObject
) -> None:
    bundles = [a_bundle(a_head(number)) for number in range(3)]
    written = []
    with tempfile.TemporaryDirectory() as folder:
        packs = PackFolder(Path(folder))
        writer = PackWriter(packs, data.draw(st.sampled_from([1, 3000, 1 << 20])))
        for group in groups:
            chosen = [data.draw(st.sampled_from(bundles)) for _ in group]
            arrivals = [encode_arrival(arrival) for arrival in group]
            at = writer.append(
                [part for pair in zip(arrivals, chosen, strict=True) for part in pair]
            )
            for arrival, frame, bundle in zip(group, arrivals, chosen, strict=True):
                written.append((at, arrival, bundle))
                at = Position(at.pack, at.offset + len(frame) + len(bundle))
        writer.close()
        found = [
            (one.position, one.arrival, bytes(one.bundle.data))
            for number in packs.numbers()
            for one in read_records(packs.pack_path(number), Position(number, 0), 1000)
            if isinstance(one, Record)
        ]
    assert found == written


def test_a_torn_tail_of_any_length_is_ignored(tmp_path: Path) -> None:
    record = a_record(2)
    first = a_record(1)
    for length in range(1, len(record)):
        path = a_pack(tmp_path, first, record[:length])
        found = list(read_records(path, FIRST, 10))
        assert [one.size for one in found] == [len(first)], length
        assert find_end(path, FIRST) is None


def test_a_damaged_middle_is_told_and_later_records_still_read(tmp_path: Path) -> None:
    records = [a_record(number) for number in range(1, 5)]
    for at in range(0, len(records[1]), 37):
        damaged = bytearray(records[1])
        damaged[at] ^= 0x55
        path = a_pack(tmp_path, records[0], bytes(damaged), *records[2:])
        found = list(read_records(path, FIRST, 10))
        assert [type(one) for one in found] == [Record, Damage, Record, Record], at
        assert found[1].position == Position(1, len(records[0]))
        assert found[1].size == len(records[1])
        assert find_end(path, FIRST) == sum(map(len, records))


def test_nothing_beyond_the_confirmed_end_is_read(tmp_path: Path) -> None:
    records = [a_record(number) for number in range(1, 4)]
    path = a_pack(tmp_path, *records)
    end = len(records[0]) + len(records[1])
    assert len(list(read_records(path, FIRST, 10, end))) == 2
    assert len(list(read_records(path, FIRST, 10, end + 10))) == 2
    assert list(read_records(path, Position(1, end), 10, end)) == []


def test_no_more_than_asked_for(tmp_path: Path) -> None:
    path = a_pack(tmp_path, *(a_record(number) for number in range(1, 6)))
    found = list(read_records(path, FIRST, 2))
    following = Position(1, found[-1].position.offset + found[-1].size)
    [third] = read_records(path, following, 1)
    assert isinstance(third, Record)
    assert bytes(third.bundle.data) == a_bundle(a_head(3))


def test_an_empty_pack_has_an_end(tmp_path: Path) -> None:
    path = a_pack(tmp_path)
    assert list(read_records(path, FIRST, 10)) == []
    assert find_end(path, FIRST) == 0
