"""The title of a fault: one sentence in the reader's language, made from its facts.

Support reads this line first; the technical line below it is the same in every language. What
is tried, in this order: an error code, a signal, an exception, then the kind of fault alone.
The collector writes the same words into a form's phenomenon; a test compares the two.
"""

import re
from collections.abc import Mapping

from faultbox_collector.queries.records import Facts
from faultbox_dashboard.text.language import Language, gettext_noop

MESSAGE_CHARS = 80

SIGNALS: Mapping[str, str] = {
    "SIGSEGV": gettext_noop("segmentation fault"),
    "SIGABRT": gettext_noop("aborted"),
    "SIGBUS": gettext_noop("bus error"),
    "SIGFPE": gettext_noop("arithmetic error"),
    "SIGILL": gettext_noop("illegal instruction"),
    "SIGTRAP": gettext_noop("trap"),
    "SIGSYS": gettext_noop("bad system call"),
    "SIGPIPE": gettext_noop("broken pipe"),
    "SIGXCPU": gettext_noop("processor time limit"),
    "SIGXFSZ": gettext_noop("file size limit"),
}
_ENDED_FROM_OUTSIDE: Mapping[str, tuple[str, str]] = {
    "SIGKILL": (gettext_noop("%(program)s was killed"), gettext_noop("The program was killed")),
    "SIGTERM": (
        gettext_noop("%(program)s was terminated"),
        gettext_noop("The program was terminated"),
    ),
}

EXCEPTIONS: Mapping[str, str] = {
    "ZeroDivisionError": gettext_noop("division by zero"),
    "ArithmeticException": gettext_noop("arithmetic error"),
    "OverflowError": gettext_noop("number out of range"),
    "KeyError": gettext_noop("missing key"),
    "NoSuchElementException": gettext_noop("element not found"),
    "IndexError": gettext_noop("index out of range"),
    "IndexOutOfBoundsException": gettext_noop("index out of range"),
    "ArrayIndexOutOfBoundsException": gettext_noop("index out of range"),
    "StringIndexOutOfBoundsException": gettext_noop("index out of range"),
    "ValueError": gettext_noop("invalid value"),
    "IllegalArgumentException": gettext_noop("invalid argument"),
    "IllegalStateException": gettext_noop("invalid state"),
    "NumberFormatException": gettext_noop("not a number"),
    "TypeError": gettext_noop("wrong type"),
    "ClassCastException": gettext_noop("wrong type"),
    "AttributeError": gettext_noop("attribute not found"),
    "NameError": gettext_noop("name not defined"),
    "UnboundLocalError": gettext_noop("name not defined"),
    "NullPointerException": gettext_noop("null pointer"),
    "NullReferenceException": gettext_noop("null pointer"),
    "FileNotFoundError": gettext_noop("file not found"),
    "FileNotFoundException": gettext_noop("file not found"),
    "PermissionError": gettext_noop("permission denied"),
    "AccessDeniedException": gettext_noop("permission denied"),
    "ConnectionRefusedError": gettext_noop("connection refused"),
    "ConnectException": gettext_noop("connection refused"),
    "ConnectionResetError": gettext_noop("connection reset"),
    "ConnectionError": gettext_noop("connection failed"),
    "BrokenPipeError": gettext_noop("broken pipe"),
    "TimeoutError": gettext_noop("timeout"),
    "TimeoutException": gettext_noop("timeout"),
    "SocketTimeoutException": gettext_noop("timeout"),
    "OSError": gettext_noop("system call failed"),
    "IOException": gettext_noop("read or write failed"),
    "EOFError": gettext_noop("unexpected end of data"),
    "MemoryError": gettext_noop("out of memory"),
    "OutOfMemoryError": gettext_noop("out of memory"),
    "RecursionError": gettext_noop("recursion too deep"),
    "StackOverflowError": gettext_noop("stack overflow"),
    "AssertionError": gettext_noop("assertion failed"),
    "NotImplementedError": gettext_noop("not implemented"),
    "UnsupportedOperationException": gettext_noop("not implemented"),
    "ImportError": gettext_noop("module missing"),
    "ModuleNotFoundError": gettext_noop("module missing"),
    "ClassNotFoundException": gettext_noop("class missing"),
    "NoClassDefFoundError": gettext_noop("class missing"),
    "UnicodeDecodeError": gettext_noop("wrong text encoding"),
    "UnicodeEncodeError": gettext_noop("wrong text encoding"),
    "JSONDecodeError": gettext_noop("malformed JSON"),
    "RuntimeError": gettext_noop("runtime error"),
    "RuntimeException": gettext_noop("runtime error"),
    "SQLException": gettext_noop("database error"),
    "OperationalError": gettext_noop("database error"),
}

_KINDS: Mapping[str, tuple[str, str]] = {
    "crash": (gettext_noop("%(program)s crashed"), gettext_noop("The program crashed")),
    "hang": (gettext_noop("%(program)s hung"), gettext_noop("The program hung")),
    "oom": (
        gettext_noop("%(program)s was killed: out of memory"),
        gettext_noop("The program was killed: out of memory"),
    ),
    "error": (
        gettext_noop("%(program)s reported an error"),
        gettext_noop("The device reported an error"),
    ),
    "reboot": (gettext_noop("The device rebooted"),) * 2,
    "anomaly": (gettext_noop("Abnormal data"),) * 2,
    "feedback": (gettext_noop("Customer's report"),) * 2,
}
_OTHER_KIND = (gettext_noop("Device fault"),) * 2
_WITH_MESSAGE = frozenset({"error", "anomaly", "feedback"})


def write_title(facts: Facts, language: Language) -> str:
    """Return the title sentence, as 程序 worker 崩溃（段错误）."""
    signal = facts.signal or (facts.type if (facts.type or "").startswith("SIG") else None)
    died = facts.kind in ("crash", "oom", "hang") and (signal or facts.type)
    if facts.code and not died:
        text = language.gettext("The device reports error code %(code)s")
        return _fill(text, code=facts.code)
    if facts.kind == "oom":
        return _kind_title(facts, language)
    if signal:
        return _signal_title(facts.program, signal, language)
    if facts.type:
        return _exception_title(facts.kind, facts.type, language)
    return _kind_title(facts, language)


def _signal_title(program: str | None, signal: str, language: Language) -> str:
    if signal in _ENDED_FROM_OUTSIDE:
        named, nameless = _ENDED_FROM_OUTSIDE[signal]
        return _fill(language.gettext(named if program else nameless), program=program or "")
    reason = language.gettext(SIGNALS[signal]) if signal in SIGNALS else signal
    if program:
        text = language.gettext("%(program)s crashed (%(reason)s)")
        return _fill(text, program=program, reason=reason)
    return _fill(language.gettext("The program crashed (%(reason)s)"), reason=reason)


def _exception_title(kind: str, type_name: str, language: Language) -> str:
    name = re.split(r"[.:$/]", type_name)[-1] or type_name
    reason = language.gettext(EXCEPTIONS[name]) if name in EXCEPTIONS else None
    if kind == "error":
        known, unknown = (
            language.gettext("Program error: %(reason)s (%(name)s)"),
            language.gettext("Program error: %(name)s"),
        )
    else:
        known, unknown = (
            language.gettext("Program exception: %(reason)s (%(name)s)"),
            language.gettext("Program exception: %(name)s"),
        )
    return _fill(unknown, name=name) if reason is None else _fill(known, reason=reason, name=name)


def _kind_title(facts: Facts, language: Language) -> str:
    named, nameless = _KINDS.get(facts.kind, _OTHER_KIND)
    text = language.gettext(named if facts.program else nameless)
    sentence = _fill(text, program=facts.program or "")
    message = " ".join((facts.message or "").split())
    if not message or facts.kind not in _WITH_MESSAGE:
        return sentence
    shown = message if len(message) <= MESSAGE_CHARS else message[: MESSAGE_CHARS - 1] + "…"
    return _fill(language.gettext("%(sentence)s: %(message)s"), sentence=sentence, message=shown)


def _fill(text: str, **values: str) -> str:
    return text % values
