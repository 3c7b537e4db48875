"""A trace is bounded, and recursion does not push its callers out."""

import pytest

from faultbox_collector.signature.trace import (
    FAULT_WORDS,
    MAX_FRAMES,
    Frame,
    TraceKind,
    bound_frames,
)
from faultbox_protocol.words import FaultKind


@pytest.mark.parametrize("depth", [4, 50, 5000])
def test_callers_of_a_recursion_stay_whatever_its_depth(depth: int) -> None:
    frames = [Frame(function="walk")] * depth + [Frame(function="main")]
    assert [frame.function for frame in bound_frames(frames)] == ["walk"] * 3 + ["main"]


def test_frames_without_a_function_are_no_recursion() -> None:
    assert len(bound_frames([Frame(offset=at) for at in range(200)])) == MAX_FRAMES


def test_every_family_has_a_word_of_the_wire() -> None:
    assert set(FAULT_WORDS) == set(TraceKind)
    assert set(FAULT_WORDS.values()) <= {kind.value for kind in FaultKind}
