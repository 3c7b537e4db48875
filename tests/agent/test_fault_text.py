"""A record from another process is read exactly, or refused: it never harms the agent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_agent.fault import Fault, Losses, write_fault, write_losses
from faultbox_agent.fault_text import BadFault, derived_fault_id, read_fault
from support.builders import an_id
from support.device import a_fault

PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**62), 2**62), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=8).filter(lambda key: key != "id"), PLAIN, max_size=4))
def test_what_was_written_is_read(head: dict[str, object]) -> None:
    fault = Fault(an_id(), head, {"x": {"a": 1}}, {"pid": 7})  # type: ignore[arg-type]
    assert read_fault(write_fault(fault), fault.id) == fault


def test_losses_alone_are_read() -> None:
    assert read_fault(write_losses(Losses({"rate": 3}))) == Losses({"rate": 3})


def test_losses_that_make_no_sense_do_not_count() -> None:
    record = {"drop": 1, "drops": {"a": -1, "b": "x", "c": True, "d": 2**40, "e": 2}}
    assert read_fault(json.dumps(record).encode()) == Losses({"e": 2})


def test_a_record_without_an_id_is_the_same_fault_each_time_it_is_read() -> None:
    data = b'{"drop":1,"head":{"kind":"crash"}}'
    first, again = read_fault(data), read_fault(data)
    assert isinstance(first, Fault)
    assert first == again
    named = read_fault(data, an_id(3))
    assert isinstance(named, Fault)
    assert named.id == an_id(3)


def test_an_id_that_is_not_the_file_name_is_refused() -> None:
    with pytest.raises(BadFault, match="file name"):
        read_fault(write_fault(a_fault(1)), an_id(2))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b'{"drop":2,"head":{}}',
        b'{"drop":1,"head":[]}',
        b'{"drop":1,"head":{"id":"zz"}}',
        b'{"drop":1,"head":{"id":5}}',
        b'{"drop":1,"head":{},"evidence":[]}',
        b'{"drop":1,"head":{"t_ms":NaN}}',
        b'{"drop":1,"head":{"t_ms":1e999}}',
        b'{"drop":1,"head":{"t_ms":' + b"9" * 30 + b"}}",
        b'{"drop":1,"head":' + b'{"a":' * 20 + b"1" + b"}" * 21,
        b"[" * 100_000,
        b'{"drop":1,"head":{"msg":"' + b"a" * 300_000 + b'"}}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(BadFault):
        read_fault(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_are_refused(data: bytes) -> None:
    with pytest.raises(BadFault):
        read_fault(data)


@given(st.integers(0, 2**47), st.integers(0, 2**47))
def test_a_line_read_twice_keeps_the_random_part_of_its_id(first: int, second: int) -> None:
    one = derived_fault_id(first, "/var/log/app.log", 0, 120, "E-202")
    assert one[6:] == derived_fault_id(second, "/var/log/app.log", 0, 120, "E-202")[6:]
    assert one[6:] != derived_fault_id(first, "/var/log/app.log", 0, 121, "E-202")[6:]
