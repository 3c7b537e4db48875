"""The title of a fault: one sentence in the reader's language, made from its facts.

Support reads this line first; the technical line below it is the same in every language. What
is tried, in this order: an error code, a signal, an exception, then the kind of fault alone.
"""

import re
from collections.abc import Mapping

from faultbox_collector.queries.records import Facts
from faultbox_dashboard.text.language import Language, gettext_noop

MESSAGE_CHARS = 80

SIGNALS: Mapping[str, str] = {
    "SIGSEGV": gettext_noop("segmentation fault"),
    "SIGABRT": gettext_noop("aborted by itself"),
    "SIGBUS": gettext_noop("bus error"),
    "SIGFPE": gettext_noop("arithmetic error"),
    "SIGILL": gettext_noop("illegal instruction"),
    "SIGTRAP": gettext_noop("trap"),
    "SIGSYS": gettext_noop("bad system call"),
    "SIGPIPE": gettext_noop("broken pipe"),
    "SIGXCPU": gettext_noop("processor time limit"),
    "SIGXFSZ": gettext_noop("file size limit"),
}
_ENDED_FROM_OUTSIDE = frozenset({"SIGKILL", "SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP"})

EXCEPTIONS: Mapping[str, str] = {
    "ZeroDivisionError": gettext_noop("division by zero"),
    "ArithmeticException": gettext_noop("arithmetic error"),
    "OverflowError": gettext_noop("number out of range"),
    "KeyError": gettext_noop("key not found"),
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
    "TimeoutError": gettext_noop("timed out"),
    "TimeoutException": gettext_noop("timed out"),
    "SocketTimeoutException": gettext_noop("timed out"),
    "OSError": gettext_noop("system call failed"),
    "IOException": gettext_noop("read or write failed"),
    "EOFError": gettext_noop("unexpected end of data"),
    "MemoryError": gettext_noop("out of memory"),
    "OutOfMemoryError": gettext_noop("out of memory"),
    "RecursionError": gettext_noop("recursion too deep"),
    "StackOverflowError": gettext_noop("recursion too deep"),
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
    "crash": (gettext_noop("Program %(program)s crashed"), gettext_noop("A program crashed")),
    "hang": (
        gettext_noop("Program %(program)s stopped responding"),
        gettext_noop("A program stopped responding"),
    ),
    "oom": (
        gettext_noop("Program %(program)s was killed: out of memory"),
        gettext_noop("A program was killed: out of memory"),
    ),
    "error": (
        gettext_noop("Program %(program)s logged an error"),
        gettext_noop("A program logged an error"),
    ),
    "reboot": (gettext_noop("Device restarted unexpectedly"),) * 2,
    "anomaly": (gettext_noop("Device state out of range"),) * 2,
    "feedback": (gettext_noop("Customer feedback"),) * 2,
}
_OTHER_KIND = (gettext_noop("Fault in program %(program)s"), gettext_noop("Fault of another kind"))


def write_title(facts: Facts, language: Language) -> str:
    """Return the title sentence, as 程序 worker 崩溃（段错误）."""
    if facts.code:
        return _fill(language.gettext("Device reported error code %(code)s"), code=facts.code)
    signal = facts.signal or (facts.type if (facts.type or "").startswith("SIG") else None)
    if facts.kind == "oom":
        return _kind_title(facts, language)
    if signal:
        return _signal_title(facts, signal, language)
    if facts.type:
        return _exception_title(facts.type, language)
    return _kind_title(facts, language)


def _signal_title(facts: Facts, signal: str, language: Language) -> str:
    if signal in _ENDED_FROM_OUTSIDE:
        if facts.program:
            text = language.gettext("Program %(program)s was killed (%(signal)s)")
            return _fill(text, program=facts.program, signal=signal)
        return _fill(language.gettext("A program was killed (%(signal)s)"), signal=signal)
    reason = language.gettext(SIGNALS[signal]) if signal in SIGNALS else signal
    if facts.program:
        text = language.gettext("Program %(program)s crashed (%(reason)s)")
        return _fill(text, program=facts.program, reason=reason)
    return _fill(language.gettext("A program crashed (%(reason)s)"), reason=reason)


def _exception_title(type_name: str, language: Language) -> str:
    name = re.split(r"[.:$/]", type_name)[-1] or type_name
    if name in EXCEPTIONS:
        text = language.gettext("Program error: %(reason)s (%(name)s)")
        return _fill(text, reason=language.gettext(EXCEPTIONS[name]), name=name)
    return _fill(language.gettext("Program error (%(name)s)"), name=name)


def _kind_title(facts: Facts, language: Language) -> str:
    named, nameless = _KINDS.get(facts.kind, _OTHER_KIND)
    text = language.gettext(named if facts.program else nameless)
    sentence = _fill(text, program=facts.program or "")
    message = " ".join((facts.message or "").split())
    if not message or facts.kind == "oom":
        return sentence
    shown = message if len(message) <= MESSAGE_CHARS else message[: MESSAGE_CHARS - 1] + "…"
    return _fill(language.gettext("%(sentence)s: %(message)s"), sentence=sentence, message=shown)


def _fill(text: str, **values: str) -> str:
    return text % values
