"""Cutting a report down to the limits of the wire, so that a long text never costs the report.

The decoder refuses what is too long; whoever *writes* a report trims it first. Long texts keep
their beginning and their end, long stacks keep both ends (the fault and the entry point), logs
keep their newest lines. A number out of range is left out: a wrong one would mislead. What is
within its limits already passes through as the same object, because nearly everything is.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar, cast

from faultbox_protocol import limits
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
    Scalar,
    Scrub,
    Where,
)

T = TypeVar("T")
_GAP = " […] "
_MAX_INT = 2**63 - 1
_PLAIN_DEPTH = limits.DEPTH - 3
"""Below the root of the evidence, its part and the part's list."""
_PLAIN_TEXT_BYTES = limits.STRING_BYTES // 4
"""In characters it fits the limit in bytes whatever the characters are."""


def trim_text(text: str, limit_chars: int) -> str:
    """Return `text` in at most `limit_chars` characters, without NUL and lone surrogates."""
    if "\0" in text:
        text = text.replace("\0", "\N{SYMBOL FOR NULL}")
    if len(text) > limit_chars:
        head = (limit_chars - len(_GAP)) * 2 // 3
        text = text[:head] + _GAP + text[-(limit_chars - len(_GAP) - head) :]
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode()
    return text


def both_ends(items: tuple[T, ...], limit: int) -> tuple[T, ...]:
    """Return at most `limit` items: the first three quarters of them and the last quarter."""
    if len(items) <= limit:
        return items
    tail = limit // 4
    return items[: limit - tail] + items[len(items) - tail :]


def trim_head(head: Head) -> Head:
    """Return the head with every text, list and number within its limit."""
    return replace(
        head,
        prod=_trim_product(head.prod),
        seq=_in_range(head.seq),
        t_ms=_in_range(head.t_ms, low=-_MAX_INT),
        mono_ms=_in_range(head.mono_ms),
        boot=_short(head.boot, limits.BOOT_CHARS),
        n=min(max(head.n, 1), limits.FOLDED),
        t0_ms=_in_range(head.t0_ms, low=-_MAX_INT),
        t1_ms=_in_range(head.t1_ms, low=-_MAX_INT),
        where=_trim_where(head.where),
        err=_trim_err(head.err) if head.err else None,
        fp=_trim_fingerprint(head.fp),
        att=tuple(_trim_attachment(one) for one in head.att[: limits.ATTACHMENTS]),
        form=trim_form(head.form, limits.MESSAGE_CHARS),
        drops={
            trim_text(reason, limits.WORD_CHARS): min(max(count, 0), _MAX_INT)
            for reason, count in list(head.drops.items())[: limits.DROP_REASONS]
        },
        scrub=_trim_scrub(head.scrub),
        crit=tuple(trim_text(name, limits.WORD_CHARS) for name in head.crit[: limits.CRIT_NAMES]),
    )


def trim_evidence(evidence: Evidence) -> Evidence:
    """Return the evidence with its newest log lines and everything else within its limit."""
    system = _plain_map(evidence.sys, 1, limits.EXTRA_KEYS)
    if isinstance(processes := system.get("procs"), list):
        system["procs"] = processes[: limits.PROCESSES]
    return Evidence(
        log=tuple(_trim_line(line) for line in evidence.log[-limits.LOG_LINES :]),
        sys=system,
        crumbs=_plain_maps(evidence.crumbs[-limits.CRUMBS :]),
        threads=_plain_maps(evidence.threads[: limits.ARRAY_ITEMS]),
        modules=_plain_maps(evidence.modules[: limits.ARRAY_ITEMS]),
        form=trim_form(evidence.form, _PLAIN_TEXT_BYTES),
        x=_scalars(evidence.x),
    )


def trim_form(form: Mapping[str, str], limit_chars: int) -> dict[str, str]:
    """Return a map of texts with each at most `limit_chars` characters long."""
    return {
        trim_text(name, limits.WORD_CHARS): trim_text(value, limit_chars)
        for name, value in list(form.items())[: limits.EXTRA_KEYS]
    }


def _short(text: str | None, limit_chars: int = limits.SHORT_TEXT_CHARS) -> str | None:
    return None if text is None else trim_text(text, limit_chars)


def _in_range(number: int | None, low: int = 0, high: int = _MAX_INT) -> int | None:
    return number if number is not None and low <= number <= high else None


def _trim_product(prod: Product) -> Product:
    return Product(
        name=trim_text(prod.name, limits.SHORT_TEXT_CHARS) or "unknown",
        model=_short(prod.model),
        serial=_short(prod.serial),
        batch=_short(prod.batch),
        hw=_short(prod.hw),
        fw=_short(prod.fw),
        app=_short(prod.app),
        build_id=_short(prod.build_id),
        channel=_short(prod.channel),
    )


def _trim_where(where: Where | None) -> Where | None:
    if where is None:
        return None
    return Where(env=where.env, site=_short(where.site), host=_short(where.host))


def _trim_err(err: Err) -> Err:
    return Err(
        code=_short(err.code),
        type=_short(err.type, limits.FRAME_TEXT_CHARS),
        msg=_short(err.msg, limits.MESSAGE_CHARS),
        sig_no=_in_range(err.sig_no, high=limits.SIGNAL_NUMBER),
        frames=_trim_frames(err.frames),
        causes=tuple(_trim_cause(cause) for cause in both_ends(err.causes, limits.CAUSES)),
        text=_short(err.text, limits.CRASH_TEXT_CHARS),
    )


def _trim_cause(cause: Cause) -> Cause:
    return Cause(
        type=trim_text(cause.type, limits.FRAME_TEXT_CHARS),
        msg=_short(cause.msg, limits.MESSAGE_CHARS),
        frames=_trim_frames(cause.frames),
    )


def _trim_frames(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    return tuple(_trim_frame(frame) for frame in both_ends(frames, limits.FRAMES))


def _trim_frame(frame: Frame) -> Frame:
    trimmed = (
        _short(frame.fn, limits.FRAME_TEXT_CHARS),
        _short(frame.mod, limits.FRAME_TEXT_CHARS),
        _short(frame.file, limits.FRAME_TEXT_CHARS),
        _in_range(frame.line),
        _in_range(frame.off),
        _short(frame.build_id),
    )
    if trimmed == (frame.fn, frame.mod, frame.file, frame.line, frame.off, frame.build_id):
        return frame
    return Frame(*trimmed, app=frame.app)


def _trim_fingerprint(fp: Fingerprint | None) -> Fingerprint | None:
    if fp is None:
        return None
    return Fingerprint(
        alg=_in_range(fp.alg) or 0,
        sig=trim_text(fp.sig, limits.WORD_CHARS),
        parts=tuple(
            trim_text(part, limits.SHORT_TEXT_CHARS)
            for part in fp.parts[: limits.FINGERPRINT_PARTS]
        ),
    )


def _trim_attachment(one: Attachment) -> Attachment:
    return Attachment(
        name=trim_text(one.name, limits.SHORT_TEXT_CHARS),
        ctype=trim_text(one.ctype, limits.SHORT_TEXT_CHARS),
        raw_b=_in_range(one.raw_b) or 0,
        sha256=trim_text(one.sha256, limits.WORD_CHARS),
        i=_in_range(one.i, high=limits.BLOBS - 1),
        up=_short(one.up, limits.WORD_CHARS),
    )


def _trim_scrub(scrub: Scrub | None) -> Scrub | None:
    if scrub is None:
        return None
    return Scrub(v=_in_range(scrub.v) or 0, hits=_in_range(scrub.hits) or 0)


def _trim_line(line: LogLine) -> LogLine:
    text = trim_text(line.text, limits.LOG_LINE_CHARS)
    severity = _short(line.sev, limits.LOG_SEVERITY_CHARS)
    unit = _short(line.unit)
    dt_ms = _in_range(line.dt_ms, low=-_MAX_INT)
    if text == line.text and severity == line.sev and unit == line.unit and dt_ms == line.dt_ms:
        return line
    return LogLine(dt_ms, severity, unit, text)


def _plain_maps(items: tuple[Mapping[str, Plain], ...]) -> tuple[dict[str, Plain], ...]:
    return tuple(_plain_map(item, 2, limits.MAP_ITEMS) for item in items)


def _plain_map(source: Mapping[str, Plain], depth: int, limit: int) -> dict[str, Plain]:
    return {
        trim_text(key, limits.SHORT_TEXT_CHARS): _plain(value, depth + 1)
        for key, value in list(source.items())[:limit]
    }


def _plain(value: Plain, depth: int) -> Plain:
    """Return a free value as the wire can carry it; what lies too deep becomes a short text."""
    if isinstance(value, Mapping | list) and depth > _PLAIN_DEPTH:
        return _GAP.strip()
    if isinstance(value, Mapping):
        return _plain_map(value, depth, limits.MAP_ITEMS)
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value[: limits.ARRAY_ITEMS]]
    if isinstance(value, bytes):
        return value if len(value) <= limits.BINARY_BYTES else _plain(value.hex(), depth)
    return _scalar(value)


def _scalar(value: Scalar) -> Scalar:
    if isinstance(value, str):
        return trim_text(value, _PLAIN_TEXT_BYTES)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and not -_MAX_INT <= value <= _MAX_INT:
        return None
    return value


def _scalars(source: Mapping[str, Scalar]) -> dict[str, Scalar]:
    return cast(
        dict[str, Scalar], _plain_map(cast(Mapping[str, Plain], source), 1, limits.EXTRA_KEYS)
    )
