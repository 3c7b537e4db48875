"""The report code: short, and safe against a slip of the tongue or the finger."""

import hashlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_protocol.report_code import ALPHABET, parse_report_code, report_code
from support.builders import an_id

CODES = [report_code(an_id(number)).replace("-", "") for number in range(300)]


def is_accepted(code: str) -> bool:
    try:
        parse_report_code(code)
    except ValueError:
        return False
    return True


@given(st.binary(min_size=16, max_size=16))
def test_a_code_is_read_as_it_is_written(bundle_id: bytes) -> None:
    code = report_code(bundle_id)
    assert parse_report_code(code) == code
    assert len(code) == 11


def test_device_and_collector_compute_the_same_code_from_the_id() -> None:
    first_45_bits = int(hashlib.sha256(bytes(range(16))).hexdigest(), 16) >> (256 - 45)
    values = [first_45_bits // 32**place % 32 for place in range(8, -1, -1)]
    doubled = [2 * value if at % 2 == 0 else value for at, value in enumerate(values)]
    check = -sum(value // 32 + value % 32 for value in doubled) % 32
    expected = "".join(ALPHABET[value] for value in [*values, check])
    assert report_code(bytes(range(16))) == f"{expected[:5]}-{expected[5:]}" == "QS2WP-9G5QD"


def test_how_a_person_writes_it_does_not_matter() -> None:
    for code in CODES[:50]:
        proper = f"{code[:5]}-{code[5:]}"
        assert parse_report_code(f"  {code[:5].lower()} {code[5:].lower()}") == proper
        alike = code.replace("0", "O").replace("V", "u")
        assert parse_report_code(alike.replace("1", "l")) == proper
        assert parse_report_code(alike.replace("1", "I")) == proper


def test_every_single_wrong_character_is_found() -> None:
    for code in CODES[:40]:
        for at, char in itertools.product(range(10), ALPHABET):
            wrong = code[:at] + char + code[at + 1 :]
            assert is_accepted(wrong) == (wrong == code)


def test_every_swap_of_neighbours_is_found_but_0_and_z() -> None:
    missed = set()
    for code in _codes_with_every_pair():
        for at in range(9):
            pair = code[at : at + 2]
            if pair[0] != pair[1] and is_accepted(code[:at] + pair[::-1] + code[at + 2 :]):
                missed.add(frozenset(pair))
    assert missed == {frozenset("0Z")}


def _codes_with_every_pair() -> list[str]:
    """Return valid codes in which every pair of characters stands at every place."""
    found = []
    for first, second, at in itertools.product(ALPHABET, ALPHABET, range(8)):
        body = "123456789"[:at] + first + second + "123456789"[at + 2 :]
        found += [body + check for check in ALPHABET if is_accepted(body + check)]
    for body_end, check in itertools.product(ALPHABET, ALPHABET):
        for first in ALPHABET:
            code = first + "2345678" + body_end + check
            if is_accepted(code):
                found.append(code)
    return found


@pytest.mark.parametrize("text", ["", "ABCDE", CODES[0] + "0", "?" * 10, "故障" * 5])
def test_what_is_not_a_code_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="letters and digits"):
        parse_report_code(text)


def test_a_wrong_check_character_asks_to_listen_again() -> None:
    code = CODES[0]
    wrong = code[:-1] + ALPHABET[(ALPHABET.index(code[-1]) + 1) % 32]
    with pytest.raises(ValueError, match="once more"):
        parse_report_code(wrong)
