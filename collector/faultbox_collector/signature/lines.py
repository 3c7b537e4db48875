"""Crash text made safe to parse: bounded, without control characters and without log prefixes.

The same trace arrives bare, through syslog, through logcat or through a container's log. Prefixes
carry host, pid and time, none of which may reach a key, so they go before any parser looks.
Indentation behind the prefix is kept, because Python and Java give it a meaning.
"""

import re

MAX_TEXT_CHARS = 256 * 1024
MAX_LINES = 600
MAX_LINE_CHARS = 2048
LEAD_LINES = 60
"""Lines kept before the first anchor when a text has more than MAX_LINES."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029\ufeff]")
_ANSI = re.compile(r"\x1b\[[0-9;]{0,16}[A-Za-z]")
_CLOCK = r"\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?"
_TAG = r"[VDIWEFA](?:/[^:()\n]{1,60}(?:\( *\d{1,7}\))?| [^\s:][^:\n]{0,40}): ?"
_BY_DIGIT = re.compile(
    rf"\d{{4}}[-/]\d\d[-/]\d\d[T ]{_CLOCK}(?:Z|[+-]\d\d:?\d\d)?"
    rf"(?: [\w.-]{{1,64}} [\w./@-]{{1,64}}(?:\[\d{{1,7}}\])?:)? ?"
    rf"|\d\d-\d\d {_CLOCK} +(?:\d+ +\d+ |\d+-\d+(?:/\S{{1,80}})? +){_TAG}"
    rf"|\d\d-\d\d {_CLOCK} +"
    rf"|{_CLOCK} "
)
_BY_LETTER = re.compile(
    rf"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d {_CLOCK} "
    r"[\w.-]{1,64} [\w./@()-]{1,64}(?:\[\d{1,7}\])?: ?"
    rf"|{_TAG}"
    r"|[\w.-]{1,40} +\| "
)
_BY_BRACKET = re.compile(r"\[ *\d{1,7}\.\d{3,9}\](?:\[ *[TC]\d+\])? ?")
_BY_PRIORITY = re.compile(r"<\d{1,3}>(?:1 )?")
_FIRST = {
    **dict.fromkeys("0123456789", _BY_DIGIT),
    **dict.fromkeys("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", _BY_LETTER),
    "[": _BY_BRACKET,
    "<": _BY_PRIORITY,
}
_LAYERS = 3
"""A line can pass a container, syslog and logcat on its way."""


def strip_prefix(line: str) -> str:
    """Take time, host, program, pid and tag off the front of one line."""
    for _ in range(_LAYERS):
        pattern = _FIRST.get(line[:1])
        found = pattern.match(line) if pattern else None
        if found is None:
            break
        line = line[found.end() :]
    return line


def bound_text(text: str) -> str:
    """Cut a text at MAX_TEXT_CHARS and give it plain line ends and no control characters."""
    text = text[:MAX_TEXT_CHARS]
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    return _CONTROL.sub(" ", text)


def cut_lines(text: str, anchor: int | None) -> tuple[str, ...]:
    """Split a bounded text into at most MAX_LINES clean lines.

    `anchor` is the position of the first sign of a fault: with more lines than fit, half of them
    are kept from there and half from the end, where Python puts what matters most; without an
    anchor the last lines stay, because a log's fault is at its end.
    """
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        first = len(lines) if anchor is None else text.count("\n", 0, anchor) - LEAD_LINES
        first = max(0, min(first, len(lines) - MAX_LINES))
        half = MAX_LINES // 2
        lines = lines[first : first + half] + lines[-half:]
    return tuple([strip_prefix(line[:MAX_LINE_CHARS]).rstrip() for line in lines])
