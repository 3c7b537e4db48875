"""The state of an upload as text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_collector.uploads.records import StateError, Upload, read_state, write_state

UPLOAD = Upload("a" * 32, 1, 2, 3, "SN-1", 5)
uploads = st.builds(
    Upload,
    id=st.text(max_size=40),
    device=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    length=st.none() | st.integers(0, 2**40),
    announced=st.none() | st.text(max_size=64),
    sha256=st.none() | st.text(max_size=64),
)


@given(uploads)
def test_what_is_written_is_read(upload: Upload) -> None:
    assert read_state(write_state(upload)) == upload


@given(st.binary(max_size=60))
def test_anything_else_is_no_state(text: bytes) -> None:
    with pytest.raises(StateError):
        read_state(text)


@pytest.mark.parametrize("change", [{"offset": "5"}, {"length": 1.5}, {"id": None}, {"device": []}])
def test_a_value_of_another_type_is_no_state(change: dict[str, object]) -> None:
    with pytest.raises(StateError):
        read_state(json.dumps(json.loads(write_state(UPLOAD)) | change).encode())


def test_names_of_a_later_version_are_left_alone() -> None:
    assert read_state(json.dumps(json.loads(write_state(UPLOAD)) | {"more": 1}).encode()) == UPLOAD
