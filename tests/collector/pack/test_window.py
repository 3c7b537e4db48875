"""A window shows a pack's bytes as they are, wherever it stands and however little it holds."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_collector.pack.files import PackFolder
from faultbox_collector.pack.records import Arrival, Position, Record, encode_arrival, read_records
from faultbox_collector.pack.window import WINDOW_BYTES, Window
from faultbox_collector.pack.writer import PackWriter
from faultbox_protocol.codec import encode_bundle
from support.builders import a_head

CONTENT = bytes(range(256)) * 5000
"""Somewhat more than a window."""


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("window") / "pack"
    path.write_bytes(CONTENT)
    return path


@given(st.lists(st.tuples(st.integers(0, len(CONTENT) - 1), st.integers(1, 2 * WINDOW_BYTES))))
def test_what_is_asked_for_is_there_in_any_order(pack: Path, asked: list[tuple[int, int]]) -> None:
    with pack.open("rb", buffering=0) as file:
        window = Window(file)
        for at, wanted in asked:
            view, base = window.look(at, wanted)
            assert bytes(view[at - base : at - base + wanted]) == CONTENT[at : at + wanted]


def test_nothing_beyond_the_end_is_shown(pack: Path) -> None:
    with pack.open("rb", buffering=0) as file:
        window = Window(file, 1000)
        view, base = window.look(900, 500)
        assert base + len(view) == 1000
        assert window.find(b"\x00\x01", 1000) is None


def test_a_mark_across_the_edge_of_a_window_is_found(tmp_path: Path) -> None:
    path = tmp_path / "pack"
    for before in range(WINDOW_BYTES - 6, WINDOW_BYTES + 2):
        path.write_bytes(bytes(before) + b"FBX1\x05" + bytes(100))
        with path.open("rb", buffering=0) as file:
            assert Window(file).find(b"FBX1\x05", 0) == before
            assert Window(file).find(b"FBX1\x05", before + 1) is None


def test_records_of_all_sizes_are_read_across_windows(tmp_path: Path) -> None:
    packs = PackFolder(tmp_path)
    writer = PackWriter(packs, 1 << 30)
    arrival = encode_arrival(Arrival(1, 1, 1))
    blobs = [[], [b"a" * 900_000], [], [bytes(range(256)) * 14_000] * 3, []]
    bundles = [
        encode_bundle(a_head(number), blobs=[_noise(blob) for blob in some])
        for number, some in enumerate(blobs, 1)
    ]
    writer.append([part for bundle in bundles for part in (arrival, bundle)])
    writer.close()
    assert max(map(len, bundles)) > WINDOW_BYTES
    found = list(read_records(packs.pack_path(1), Position(1, 0), 100))
    assert [bytes(one.bundle.data) for one in found if isinstance(one, Record)] == bundles


def _noise(blob: bytes) -> bytes:
    """Return bytes that do not compress."""
    state, out = 1, bytearray()
    for byte in blob[: 1 << 20]:
        state = (state * 1103515245 + 12345 + byte) & 0x7FFFFFFF
        out.append(state >> 16 & 0xFF)
    return bytes(out)


def test_a_pack_that_cannot_be_read_is_an_error_and_not_the_end(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        list(read_records(tmp_path, Position(1, 0), 1))
