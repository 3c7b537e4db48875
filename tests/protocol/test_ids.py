"""Bundle ids and ticket numbers."""

import datetime as dt
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_protocol.ids import TicketNumber, make_bundle_id, parse_bundle_id

DAY = dt.date(2024, 5, 1)


@given(st.integers(-(2**50), 2**50), st.binary(min_size=10, max_size=10))
def test_every_bundle_id_is_a_uuid_of_version_7(unix_ms: int, random: bytes) -> None:
    made = uuid.UUID(bytes=make_bundle_id(unix_ms, random))
    assert made.version == 7
    assert made.variant == uuid.RFC_4122


@given(st.integers(0, 2**48 - 2), st.binary(min_size=10, max_size=10))
def test_later_ids_sort_later(unix_ms: int, random: bytes) -> None:
    assert make_bundle_id(unix_ms, b"\xff" * 10) < make_bundle_id(unix_ms + 1, random)


@given(st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_different_random_bits_make_different_ids(one: bytes, other: bytes) -> None:
    kept = 0x0FFF_3FFF_FFFF_FFFF_FFFF
    same = int.from_bytes(one, "big") & kept == int.from_bytes(other, "big") & kept
    assert (make_bundle_id(5, one) == make_bundle_id(5, other)) == same


@pytest.mark.parametrize("size", [0, 9, 11])
def test_an_id_takes_exactly_10_random_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="10 random bytes"):
        make_bundle_id(0, bytes(size))


@given(st.binary(min_size=16, max_size=16))
def test_an_id_is_read_with_and_without_hyphens(raw: bytes) -> None:
    text = str(uuid.UUID(bytes=raw))
    assert parse_bundle_id(text) == parse_bundle_id(raw.hex()) == raw
    assert parse_bundle_id(text.upper()) == raw


@pytest.mark.parametrize("text", ["", "ab" * 15, "ab" * 17, "zz" * 16, "a b" * 11, "٣" * 32])
def test_what_is_not_32_hex_digits_is_no_id(text: str) -> None:
    with pytest.raises(ValueError, match="32 hex digits"):
        parse_bundle_id(text)


@given(st.dates(), st.integers(1, 999_999_999))
def test_a_ticket_number_is_read_as_it_is_written(day: dt.date, counter: int) -> None:
    number = TicketNumber(day, counter)
    assert TicketNumber.parse(str(number)) == number


def test_a_ticket_number_looks_like_the_forms() -> None:
    assert str(TicketNumber(DAY, 1)) == "FB-20240501001"
    assert str(TicketNumber(DAY, 1000)) == "FB-202405011000"


def test_case_spaces_and_the_hyphen_do_not_matter() -> None:
    assert TicketNumber.parse(" fb20240501001 ") == TicketNumber(DAY, 1)


def test_the_thousandth_ticket_of_a_day_sorts_after_the_999th() -> None:
    numbers = [TicketNumber(DAY, n) for n in (1000, 999, 1, 10_000)]
    numbers.append(TicketNumber(dt.date(2024, 4, 30), 5000))
    assert [str(number) for number in sorted(numbers)] == [
        "FB-202404305000",
        "FB-20240501001",
        "FB-20240501999",
        "FB-202405011000",
        "FB-2024050110000",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FB-",
        "20240501001",
        "FB-20241301001",
        "FB-20240230001",
        "FB-00000101001",
        "FB-2024050101",
        "FB-20240501000",
        "FB-20240501001x",
        "FB-٢٠٢٤٠٥٠١٠٠١",
        "FB-20240501" + "1" * 10,
    ],
)
def test_what_is_not_a_ticket_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        TicketNumber.parse(text)


@given(st.text(max_size=30))
def test_any_text_is_a_ticket_number_or_refused(text: str) -> None:
    try:
        number = TicketNumber.parse(text)
    except ValueError:
        return
    assert TicketNumber.parse(str(number)) == number
