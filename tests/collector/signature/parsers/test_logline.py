"""One line of a log: a code is worth more than a word, and quiet lines are no fault."""

import pytest

from faultbox_collector.signature.parsers.logline import PARSER
from faultbox_collector.signature.trace import Trace, TraceKind


def read(*lines: str) -> Trace | None:
    blocks = PARSER.parse(lines)
    return max(blocks, key=lambda b: (b.score, -b.line)).trace if blocks else None


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("设备启动后报错代码E-202，无法进入系统", "E-202"),
        ("gateway[221]: NET-1007 uplink lost for 35 s", "NET-1007"),
        ("ERROR motor XQ-4711 stalled", "XQ-4711"),
        ("nvs_get returned ESP_ERR_NVS_NOT_FOUND", "ESP_ERR_NVS_NOT_FOUND"),
    ],
)
def test_a_code_of_somebodys_own_names_the_fault(line: str, code: str) -> None:
    trace = read(line)
    assert trace is not None
    assert (trace.kind, trace.codes) == (TraceKind.CODE, (code,))


@pytest.mark.parametrize(
    "line", ["i2c: transfer error -121", "connect ETIMEDOUT 10.1.2.3:443", "ERROR disk is full"]
)
def test_a_general_code_or_word_needs_the_message(line: str) -> None:
    trace = read(line)
    assert trace is not None
    assert trace.kind is TraceKind.LOG
    assert trace.message


@pytest.mark.parametrize(
    "line", ["INFO boot done in 66 ms", "lot XQ-4711 received", "errors: 0", "RFC-7807 built", ""]
)
def test_a_quiet_line_is_no_fault(line: str) -> None:
    assert read(line) is None


def test_the_surest_line_wins_wherever_it_stands() -> None:
    trace = read("ERROR something", "故障代码 E-17", "ERROR else")
    assert trace is not None
    assert trace.codes == ("E-17",)
