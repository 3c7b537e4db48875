"""A full spool gives up repeats of the loudest fault and keeps the first bundle of every fault."""

from hypothesis import given
from hypothesis import strategies as st

from faultbox_agent.quota import Room, Waiting, choose_evictions

FULL = Room(0, 10)


def waiting(*keys: str, size: int = 10) -> list[Waiting]:
    return [Waiting(bytes([n]) * 16, n, size, key) for n, key in enumerate(keys)]


def evicted(*keys: str, incoming: str, room: Room = FULL, size: int = 10) -> list[int] | None:
    chosen = choose_evictions(waiting(*keys), room, size, incoming)
    return None if chosen is None else [entry.seq for entry in chosen]


def test_nothing_goes_where_there_is_room() -> None:
    assert evicted("a", "a", incoming="b", room=Room(10, 1)) == []


def test_a_new_fault_pushes_out_the_oldest_repeat_of_the_loudest() -> None:
    assert evicted("a", "b", "b", "a", "b", incoming="c") == [2]


def test_first_bundles_are_never_pushed_out() -> None:
    assert evicted("a", "b", "c", incoming="d") is None


def test_a_repeat_pushes_out_only_its_own_kind_or_louder() -> None:
    assert evicted("a", "a", "b", "b", "b", incoming="a") == [3]
    assert evicted("a", "a", "a", "b", "b", incoming="a") == [1]
    assert evicted("a", "b", "b", "b", incoming="b") == [2]
    assert evicted("a", "b", incoming="b") is None


def test_files_count_as_bytes_do() -> None:
    assert evicted("a", "a", incoming="b", room=Room(1000, 0)) == [1]


def test_as_many_go_as_are_needed() -> None:
    assert evicted("a", "a", "a", "a", incoming="b", size=25) == [1, 2, 3]


@given(
    st.lists(st.sampled_from("abcde"), max_size=30),
    st.sampled_from("abcdef"),
    st.integers(-50, 50),
    st.integers(0, 3),
    st.integers(1, 100),
)
def test_what_goes_makes_room_and_leaves_every_first(
    keys: list[str], incoming: str, free_bytes: int, free_files: int, size: int
) -> None:
    entries = waiting(*keys)
    gone = choose_evictions(entries, Room(free_bytes, free_files), size, incoming)
    if gone is None:
        return
    firsts = {key: keys.index(key) for key in keys}
    assert not {entry.seq for entry in gone} & set(firsts.values())
    assert len({entry.id for entry in gone}) == len(gone)
    assert free_bytes + sum(entry.size_bytes for entry in gone) >= size
    assert free_files + len(gone) >= 1
