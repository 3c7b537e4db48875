"""Java, Kotlin and Android traces with causes, suppressed exceptions and prefixes."""

import pytest

from faultbox_collector.signature.parsers.java import PARSER
from faultbox_collector.signature.trace import Trace
from support.crash_texts import JAVA, JAVA_CAUSED

SUPPRESSED = """java.lang.IllegalStateException: first
\tat com.acme.A.run(A.java:1)
\tSuppressed: java.io.IOException: while closing
\t\tat com.acme.B.close(B.java:2)
"""
MANY_LINES = """com.acme.ParseException: bad input:
  line one of it
  at line 3, column 9 of the file

\tat com.acme.Parser.fail(Parser.java:7)
"""


def read(text: str) -> Trace:
    blocks = PARSER.parse(text.splitlines())
    return max(blocks, key=lambda block: block.score).trace


def functions(trace: Trace) -> list[str | None]:
    return [frame.function for frame in trace.frames]


def test_module_prefix_goes_and_frames_are_innermost_first() -> None:
    trace = read(JAVA)
    assert functions(trace)[0] == "com.acme.pump.Valve.open"
    assert functions(trace)[-1] == "java.lang.Thread.run"
    assert trace.type == "java.lang.IllegalStateException"
    assert trace.message == "pump 4 is not primed"


def test_the_last_cause_is_the_root_and_keeps_the_frames_around_it() -> None:
    trace = read(JAVA_CAUSED)
    assert trace.type == "java.net.SocketTimeoutException"
    assert trace.outer_type == "com.acme.net.UplinkException"
    assert functions(trace) == [
        "java.net.Socket.connect",
        "com.acme.net.Channel.dial",
        "com.acme.net.Uplink.send",
        "com.acme.Main.main",
    ]


def test_a_suppressed_exception_is_never_the_root() -> None:
    trace = read(SUPPRESSED)
    assert (trace.type, trace.outer_type) == ("java.lang.IllegalStateException", None)
    assert functions(trace) == ["com.acme.A.run"]


def test_a_message_of_many_lines_does_not_hide_the_type() -> None:
    assert read(MANY_LINES).type == "com.acme.ParseException"


@pytest.mark.parametrize(
    "head",
    [
        "java.lang.NullPointerException",
        "java.lang.NullPointerException: ",
        "2 ERROR [main] c.a.Main - failed: java.lang.NullPointerException: x is null",
        "stack: java.lang.NullPointerException",
        'Exception in thread "main" java.lang.NullPointerException',
    ],
)
def test_the_type_is_found_behind_whatever_a_logger_writes(head: str) -> None:
    trace = read(f"{head}\n\tat com.acme.A.run(A.java:1)")
    assert trace.type == "java.lang.NullPointerException"


def test_two_exceptions_in_a_row_are_two() -> None:
    assert len(PARSER.parse((JAVA + JAVA_CAUSED).splitlines())) == 2


def test_obfuscated_names_are_read() -> None:
    trace = read("a.b.c: x\n\tat a.a.b(Unknown Source:3)\n\tat a.c.d(SourceFile)")
    assert (trace.type, functions(trace)) == ("a.b.c", ["a.a.b", "a.c.d"])


def test_frames_of_other_languages_are_not_taken() -> None:
    text = (
        "Error: x\n   at Shop.Cart.Total(Int32 n) in c:/shop/cart.cs:line 3\n    at f (/a/b.js:1:2)"
    )
    assert PARSER.parse(text.splitlines()) == []
