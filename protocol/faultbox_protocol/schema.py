"""Head and evidence, version 1: records to plain maps and back.

Additive within a version: a field never changes type or unit, unknown names are listed and
otherwise left alone, and a word unknown to a closed vocabulary reads as "other".
"""

from dataclasses import fields as record_fields
from dataclasses import is_dataclass

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
    crit = read.texts("crit", limits.CRIT_NAMES)
    strange = [name for name in crit if name not in KNOWN_CRIT]
    if strange:
        raise Invalid("unknown_crit", ", ".join(strange)[:200])
    err = read.child("err")
    where = read.child("where")
    return Head(
        v=version,
        id=read.need("id", read.bundle_id("id")),
        kind=read.need("kind", read.word("kind", FaultKind, FaultKind.OTHER)),
        prod=_product(read.need("prod", read.child("prod"))),
        seq=read.integer("seq"),
        sev=read.word("sev", Severity, Severity.OTHER),
        t_ms=read.integer("t_ms", low=-MAX_INT),
        clk=read.word("clk", ClockQuality, ClockQuality.OTHER),
        mono_ms=read.integer("mono_ms"),
        boot=read.text("boot", limits.BOOT_CHARS),
        n=read.integer("n", low=1, high=2**31) or 1,
        t0_ms=read.integer("t0_ms", low=-MAX_INT),
        t1_ms=read.integer("t1_ms", low=-MAX_INT),
        where=_where(where) if where else None,
        err=_err(err) if err else None,
        fp=_fingerprint(read.child("fp")),
        att=read.children("att", limits.ATTACHMENTS, _attachment),
        form=read.text_table("form", limits.EXTRA_KEYS, limits.MESSAGE_CHARS),
        drops=read.count_table("drops", limits.DROP_REASONS),
        scrub=_scrub(read.child("scrub")),
        of=read.bundle_id("of"),
        crit=crit,
        unknown=read.unknown(),
    )


def evidence_to_map(evidence: Evidence) -> dict[str, Plain]:
    """Return the evidence as a plain map, empty parts left out; a log line is a list of four."""
    found = _record_to_map(evidence)
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
        sys=read.table("sys", limits.EXTRA_KEYS),
        crumbs=_maps(read, "crumbs", limits.CRUMBS),
        threads=_maps(read, "threads", limits.ARRAY_ITEMS),
        modules=_maps(read, "modules", limits.ARRAY_ITEMS),
        form=read.text_table("form", limits.EXTRA_KEYS, limits.STRING_BYTES),
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
        sig_no=read.integer("sig_no", high=255),
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


def _fingerprint(read: Fields | None) -> Fingerprint | None:
    if read is None:
        return None
    return Fingerprint(
        alg=read.need("alg", read.integer("alg")),
        sig=read.need("sig", read.text("sig", 64)),
        parts=read.texts("parts", limits.FINGERPRINT_PARTS),
    )


def _attachment(read: Fields) -> Attachment:
    return Attachment(
        name=read.need("name", read.text("name")),
        ctype=read.need("ctype", read.text("ctype")),
        raw_b=read.need("raw_b", read.integer("raw_b")),
        sha256=read.need("sha256", read.text("sha256", 64)),
        i=read.integer("i", high=limits.BLOBS - 1),
        up=read.text("up", 64),
    )


def _scrub(read: Fields | None) -> Scrub | None:
    if read is None:
        return None
    return Scrub(v=read.need("v", read.integer("v")), hits=read.need("hits", read.integer("hits")))


def _log_line(item: Plain) -> LogLine:
    if not isinstance(item, list) or len(item) != 4:
        raise Invalid("bad_field", "log: a list of four is expected for each line")
    named = dict(zip(("dt_ms", "sev", "unit", "text"), item, strict=True))
    read = Fields(named, "log[].")
    return LogLine(
        dt_ms=read.integer("dt_ms", low=-MAX_INT),
        sev=read.text("sev", 16),
        unit=read.text("unit"),
        text=read.need("text", read.text("text", limits.LOG_LINE_CHARS)),
    )


def _maps(read: Fields, name: str, limit: int) -> tuple[dict[str, Plain], ...]:
    found = []
    for item in read.items(name, limit):
        if not isinstance(item, dict):
            raise Invalid("bad_field", f"{name}: a list of maps is expected")
        found.append(item)
    return tuple(found)


def _record_to_map(record: object) -> dict[str, Plain]:
    """Return a record's fields that say something; None and empty parts are left out."""
    found: dict[str, Plain] = {}
    for field in record_fields(record):  # type: ignore[arg-type]
        value = getattr(record, field.name)
        if value is None or (isinstance(value, tuple | dict) and not value):
            continue
        found[field.name] = _value_to_plain(value)
    return found


def _value_to_plain(value: object) -> Plain:
    if is_dataclass(value):
        return _record_to_map(value)
    if isinstance(value, tuple | list):
        return [_value_to_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _value_to_plain(item) for key, item in value.items()}
    if isinstance(value, str):
        return str(value)  # a StrEnum's plain text
    if value is None or isinstance(value, bool | int | float | bytes):
        return value
    raise TypeError(f"a report cannot hold a {type(value).__name__}")
