"""Text of strangers on a terminal: nothing moves the cursor, and JSON reads back as it was."""

import json

from hypothesis import given
from hypothesis import strategies as st

from faultbox_collector.commands.printing import show_text, write_json

HOSTILE = "\x1b[2J\x9b31m\u202egnp.exe\u2066\u200b\r\n故障"


def test_a_title_moves_no_cursor_and_keeps_its_words() -> None:
    shown = show_text(HOSTILE)
    assert shown == r"\u001b[2J\u009b31m\u202egnp.exe\u2066\u200b\u000d\u000a故障"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.sampled_from([None, 1]),
)
def test_json_reads_back_as_it_was(value: object, indent: int | None) -> None:
    text = write_json(value, indent)
    assert json.loads(text) == value
    assert show_text(text.replace("\n", "")) == text.replace("\n", "")
