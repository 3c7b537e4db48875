"""The HTTP side of the wire: the FB-Sent header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_protocol.api import Sent

MAX_INT = 2**63 - 1
boots = st.text(st.characters(exclude_characters=";\n"), max_size=36)


@given(boots, st.integers(0, MAX_INT), st.integers(-MAX_INT, MAX_INT))
def test_the_clocks_come_back_as_they_were_sent(boot: str, mono_ms: int, wall_ms: int) -> None:
    sent = Sent(boot, mono_ms, wall_ms)
    assert Sent.parse(str(sent)) == sent


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b;1",
        "b;1;2;3",
        "b;x;2",
        "b;1;",
        "b;-1;2",
        "b; 1;2",
        "b;1_0;2",
        "b;١;2",
        "b;1.5;2",
        f"b;{2**63};0",
        f"b;0;{2**63}",
        f"b;0;-{2**63}",
        "b;0;" + "9" * 5000,
        "b" * 37 + ";1;2",
    ],
)
def test_a_broken_hint_is_no_hint(text: str) -> None:
    assert Sent.parse(text) is None


@given(st.text(max_size=60))
def test_any_header_is_read_or_ignored(text: str) -> None:
    sent = Sent.parse(text)
    assert sent is None or Sent.parse(str(sent)) == sent
