"""Every error of the protocol carries one stable word."""

import pytest

from faultbox_protocol.errors import (
    REASONS,
    Invalid,
    Malformed,
    ProtocolError,
    TooLarge,
    Unsupported,
)


@pytest.mark.parametrize("error", [Malformed, TooLarge, Unsupported, Invalid])
def test_errors_are_told_apart_by_kind_and_caught_as_one(error: type[ProtocolError]) -> None:
    with pytest.raises(ValueError, match="bad_crc: in the head"):
        raise error("bad_crc", "in the head")
    assert error("bad_crc").kind == error.kind != ProtocolError.kind


@pytest.mark.parametrize("reason", REASONS)
def test_without_a_detail_the_reason_explains_itself(reason: str) -> None:
    assert str(ProtocolError(reason)) == f"{reason}: {REASONS[reason]}"


def test_reasons_are_words_that_programs_can_compare() -> None:
    assert all(reason.replace("_", "").isalpha() and reason.islower() for reason in REASONS)
    assert len(set(REASONS.values())) == len(REASONS)
