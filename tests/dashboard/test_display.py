"""Hidden characters become visible, whatever the text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_dashboard.text.display import display

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain 中文 text", "plain 中文 text"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u202eb", "a\\u202eb"),
        ("line\r\nnext\tcell", "line\nnext\tcell"),
        ("lone\rreturn", "lone\\x0dreturn"),
        ("\U000e0041", "\\U000e0041"),
        ("\ufeffbom", "\\ufeffbom"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_is_hidden_is_written_out(raw: str, shown: str) -> None:
    assert display(raw) == shown


@given(ANY_TEXT)
def test_no_control_character_survives(text: str) -> None:
    for char in display(text):
        assert char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.bidirectional(char) not in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        )


@given(ANY_TEXT)
def test_twice_is_the_same_as_once(text: str) -> None:
    assert display(display(text)) == display(text)
