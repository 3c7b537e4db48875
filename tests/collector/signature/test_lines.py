"""Text is bounded and loses its log prefixes, and nothing else."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from faultbox_collector.signature.lines import (
    MAX_LINE_CHARS,
    MAX_LINES,
    MAX_TEXT_CHARS,
    bound_text,
    cut_lines,
    strip_prefix,
)


@pytest.mark.parametrize(
    ("line", "bare"),
    [
        ("May  1 10:30:00 dev-7 camd[12]: \tat a.b(C.java:1)", "\tat a.b(C.java:1)"),
        ("2026-05-01T10:30:00.123456+08:00 dev-7 camd[12]: boom", "boom"),
        ("2026-05-01 10:30:00,123 ERROR boom", "ERROR boom"),
        ("05-01 10:30:00.123  1234  1234 E AndroidRuntime: boom", "boom"),
        ("E/AndroidRuntime( 9199): boom", "boom"),
        ("[ 8455.020911][ T6560] BUG: boom", "BUG: boom"),
        ("<3>[   12.000001] boom", "boom"),
        ("web_1  | Traceback", "Traceback"),
        ("May  1 10:30:00 dev-7 camd[12]: E/AndroidRuntime: boom", "boom"),
        ("  File \"a\", line 1, in f", "  File \"a\", line 1, in f"),
        ("java.lang.Error: at 10:30:00", "java.lang.Error: at 10:30:00"),
        ("ZeroDivisionError: division by zero", "ZeroDivisionError: division by zero"),
    ],
)  # fmt: skip
def test_prefixes_go_and_indentation_stays(line: str, bare: str) -> None:
    assert strip_prefix(line) == bare


@given(st.text(max_size=300))
def test_stripping_only_ever_takes_from_the_front(line: str) -> None:
    assert line.endswith(strip_prefix(line))


def test_bounds_hold() -> None:
    text = bound_text("y" * (MAX_TEXT_CHARS + 5))
    assert len(text) == MAX_TEXT_CHARS
    lines = cut_lines("\n".join(["z" * 5000] * 2000), None)
    assert len(lines) == MAX_LINES
    assert max(map(len, lines)) == MAX_LINE_CHARS


def test_a_long_log_keeps_the_fault_and_its_end() -> None:
    lines = [f"line {number}" for number in range(5000)]
    lines[2000] = "Traceback"
    text = "\n".join(lines)
    kept = cut_lines(text, text.index("Traceback"))
    assert "Traceback" in kept
    assert kept[-1] == "line 4999"
    assert len(kept) == MAX_LINES


def test_control_characters_and_colours_go() -> None:
    assert bound_text("a\x00b\x1b[31mc\x1b[0m\r\nd\re") == "a bc\nd\ne"
