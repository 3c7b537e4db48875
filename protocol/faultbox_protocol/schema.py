"""Head and evidence, version 1: records to plain maps and back.

Additive within a version: a field never changes type or unit, unknown names are listed and
otherwise left alone, and a word unknown to a closed vocabulary reads as "other".
"""

from collections.abc import Hashable, Mapping
from dataclasses import fields as record_fields
from dataclasses import is_dataclass, replace
from functools import cache
from typing import cast

from faultbox_protocol import limits
from faultbox_protocol.errors import Invalid
from faultbox_protocol.fields import MAX_INT, Fields
from faultbox_protocol.report import (
    Attachment,
    Cause,
    Err,
    Evidence,
    Fingerprint,
    Frame,
    Head,
    LogLine,
    Plain,
    Product,
    Scrub,
    Where,
)
from faultbox_protocol.words import ClockQuality, FaultKind, Place, Severity

VERSION = 1
_HEAD_NAMES = frozenset(field.name for field in record_fields(Head)) - {"unknown"}
_SCALARS = frozenset({str, int, float, bool, bytes, type(None)})
KNOWN_CRIT: frozenset[str] = frozenset()
"""Features that a bundle may demand of its reader; version 1 has none yet."""


def head_to_map(head: Head) -> dict[str, Plain]:
    """Return the head as a plain map, absent fields left out."""
    found = _record_to_map(head)
    found.pop("unknown", None)
    return found


def head_from_map(source: dict[str, Plain]) -> Head:
    """Read and check a head.

    Raises:
        Invalid: a field is missing, wrong, too long, or demands an unknown feature.
    """
    read = Fields(source)
    version = read.need("v", read.integer("v"))
    if version != VERSION:
        raise Invalid("unknown_version", f"v is {version}, this reader knows {VERSION}")
    crit = read.texts("crit", limits.CRIT_NAMES, limits.WORD_CHARS)
    strange = [name for name in crit if name not in KNOWN_CRIT]
    if strange:
        raise Invalid("unknown_crit", ", ".join(strange)[:200])
    return Head(
        v=version,
        id=read.need("id", read.bundle_id("id")),
        kind=read.need("kind", read.word("kind", FaultKind, FaultKind.OTHER)),
        prod=read.need("prod", read.child("prod", _product)),
        seq=read.integer("seq"),
        sev=read.word("sev", Severity, Severity.OTHER),
        t_ms=read.integer("t_ms", low=-MAX_INT),
        clk=read.word("clk", ClockQuality, ClockQuality.OTHER),
        mono_ms=read.integer("mono_ms"),
        boot=read.text("boot", limits.BOOT_CHARS),
        n=read.integer("n", low=1, high=limits.FOLDED) or 1,
        t0_ms=read.integer("t0_ms", low=-MAX_INT),
        t1_ms=read.integer("t1_ms", low=-MAX_INT),
        where=read.child("where", _where),
        err=read.child("err", _err),
        fp=read.child("fp", _fingerprint),
        att=read.children("att", limits.ATTACHMENTS, _attachment),
        form=read.text_table("form", limits.EXTRA_KEYS, limits.MESSAGE_CHARS),
        drops=read.count_table("drops", limits.DROP_REASONS),
        scrub=read.child("scrub", _scrub),
        of=read.bundle_id("of"),
        crit=crit,
        unknown=read.unknown(_HEAD_NAMES),
    )


def evidence_to_map(evidence: Evidence) -> dict[str, Plain]:
    """Return the evidence as a plain map, empty parts left out; a log line is a list of four."""
    found = _record_to_map(replace(evidence, log=()) if evidence.log else evidence)
    if evidence.log:
        found["log"] = [[line.dt_ms, line.sev, line.unit, line.text] for line in evidence.log]
    return found


def evidence_from_map(source: dict[str, Plain]) -> Evidence:
    """Read and check the evidence.

    Raises:
        Invalid: a part is wrong or too long.
    """
    read = Fields(source)
    return Evidence(
        log=tuple(_log_line(item) for item in read.items("log", limits.LOG_LINES)),
        sys=_system_state(read),
        crumbs=read.maps("crumbs", limits.CRUMBS),
        threads=read.maps("threads", limits.ARRAY_ITEMS),
        modules=read.maps("modules", limits.ARRAY_ITEMS),
        form=read.text_table("form", limits.EXTRA_KEYS, limits.LONG_TEXT_CHARS),
        x=read.scalar_table("x", limits.EXTRA_KEYS),
    )


def _product(read: Fields) -> Product:
    return Product(
        name=read.need("name", read.text("name") or None),
        model=read.text("model"),
        serial=read.text("serial"),
        batch=read.text("batch"),
        hw=read.text("hw"),
        fw=read.text("fw"),
        app=read.text("app"),
        build_id=read.text("build_id"),
        channel=read.text("channel"),
    )


def _where(read: Fields) -> Where:
    return Where(
        env=read.word("env", Place, Place.OTHER), site=read.text("site"), host=read.text("host")
    )


def _err(read: Fields) -> Err:
    return Err(
        code=read.text("code"),
        type=read.text("type", limits.FRAME_TEXT_CHARS),
        msg=read.text("msg", limits.MESSAGE_CHARS),
        sig_no=read.integer("sig_no", high=limits.SIGNAL_NUMBER),
        frames=read.children("frames", limits.FRAMES, _frame),
        causes=read.children("causes", limits.CAUSES, _cause),
        text=read.text("text", limits.CRASH_TEXT_CHARS),
    )


def _frame(read: Fields) -> Frame:
    return Frame(
        fn=read.text("fn", limits.FRAME_TEXT_CHARS),
        mod=read.text("mod", limits.FRAME_TEXT_CHARS),
        file=read.text("file", limits.FRAME_TEXT_CHARS),
        line=read.integer("line"),
        off=read.integer("off"),
        build_id=read.text("build_id"),
        app=read.flag("app"),
    )


def _cause(read: Fields) -> Cause:
    return Cause(
        type=read.need("type", read.text("type", limits.FRAME_TEXT_CHARS)),
        msg=read.text("msg", limits.MESSAGE_CHARS),
        frames=read.children("frames", limits.FRAMES, _frame),
    )


def _fingerprint(read: Fields) -> Fingerprint:
    return Fingerprint(
        alg=read.need("alg", read.integer("alg")),
        sig=read.need("sig", read.text("sig", limits.WORD_CHARS)),
        parts=read.texts("parts", limits.FINGERPRINT_PARTS, limits.FRAME_TEXT_CHARS),
    )


def _attachment(read: Fields) -> Attachment:
    return Attachment(
        name=read.need("name", read.text("name")),
        ctype=read.need("ctype", read.text("ctype")),
        raw_b=read.need("raw_b", read.integer("raw_b")),
        sha256=read.need("sha256", read.text("sha256", limits.WORD_CHARS)),
        i=read.integer("i", high=limits.BLOBS - 1),
        up=read.text("up", limits.WORD_CHARS),
    )


def _scrub(read: Fields) -> Scrub:
    return Scrub(v=read.need("v", read.integer("v")), hits=read.need("hits", read.integer("hits")))


def _system_state(read: Fields) -> dict[str, Plain]:
    state = read.table("sys", limits.EXTRA_KEYS)
    if "procs" in state:
        read.child("sys", lambda inside: inside.items("procs", limits.PROCESSES))
    return state


def _log_line(item: Plain) -> LogLine:
    if not isinstance(item, list) or len(item) != 4:
        raise Invalid("bad_field", "log: a list of four is expected for each line")
    dt_ms, severity, unit, text = item
    if type(text) is not str or (dt_ms is not None and type(dt_ms) is not int):
        raise Invalid("bad_field", "log: a number and a text are expected in each line")
    if len(text) > limits.LOG_LINE_CHARS:
        raise Invalid("field_too_long", f"log: at most {limits.LOG_LINE_CHARS} characters a line")
    severity_text = _short(severity, limits.LOG_SEVERITY_CHARS)
    return LogLine(dt_ms, severity_text, _short(unit, limits.SHORT_TEXT_CHARS), text)


def _short(value: Plain, limit_chars: int) -> str | None:
    if value is None:
        return None
    if type(value) is not str or len(value) > limit_chars:
        raise Invalid("bad_field", "log: severity and unit are short texts")
    return value


def _record_to_map(record: object) -> dict[str, Plain]:
    """Return a record's fields that say something; None and empty parts are left out."""
    found: dict[str, Plain] = {}
    for name in _names_of(cast(Hashable, type(record))):
        value = getattr(record, name)
        if value is None or value in ((), {}):
            continue
        found[name] = _value_to_plain(value)
    return found


@cache
def _names_of(record: Hashable) -> tuple[str, ...]:
    return tuple(field.name for field in record_fields(cast(type, record)))


def _value_to_plain(value: object) -> Plain:
    if type(value) in _SCALARS:
        return cast(Plain, value)
    if isinstance(value, tuple | list):
        return [_value_to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _value_to_plain(item) for key, item in value.items()}
    if isinstance(value, str):
        return str(value)  # a StrEnum's plain text
    if is_dataclass(value):
        return _record_to_map(value)
    raise TypeError(f"a report cannot hold a {type(value).__name__}")
