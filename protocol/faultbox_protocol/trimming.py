"""Cutting a report down to the limits of the wire, so that a long text never costs the report.

The decoder refuses what is too long; whoever *writes* a report trims it first. Long texts keep
their beginning and their end, long stacks keep both ends (the fault and the entry point).
"""

from dataclasses import replace
from typing import TypeVar

from faultbox_protocol import limits
from faultbox_protocol.report import Cause, Err, Evidence, Frame, Head, LogLine, Product, Where

T = TypeVar("T")
_GAP = " […] "


def trim_text(text: str, limit_chars: int) -> str:
    """Return `text` in at most `limit_chars` characters, without NUL and lone surrogates."""
    if "\0" in text:
        text = text.replace("\0", "\N{SYMBOL FOR NULL}")
    if len(text) > limit_chars:
        head = (limit_chars - len(_GAP)) * 2 // 3
        text = text[:head] + _GAP + text[-(limit_chars - len(_GAP) - head) :]
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode()
    return text


def trim_head(head: Head) -> Head:
    """Return the head with every text and list within its limit."""
    return replace(
        head,
        prod=_trim_product(head.prod),
        boot=_short(head.boot, limits.BOOT_CHARS),
        where=_trim_where(head.where),
        err=_trim_err(head.err) if head.err else None,
        att=head.att[: limits.ATTACHMENTS],
        form={
            trim_text(key, 64): trim_text(value, limits.MESSAGE_CHARS)
            for key, value in list(head.form.items())[: limits.EXTRA_KEYS]
        },
        drops=dict(list(head.drops.items())[: limits.DROP_REASONS]),
    )


def trim_evidence(evidence: Evidence) -> Evidence:
    """Return the evidence with its newest log lines and everything else within its limit."""
    return replace(
        evidence,
        log=tuple(_trim_line(line) for line in evidence.log[-limits.LOG_LINES :]),
        crumbs=evidence.crumbs[-limits.CRUMBS :],
        form={
            trim_text(key, 64): trim_text(value, limits.STRING_BYTES // 4)
            for key, value in list(evidence.form.items())[: limits.EXTRA_KEYS]
        },
        x=dict(list(evidence.x.items())[: limits.EXTRA_KEYS]),
    )


def _short(text: str | None, limit_chars: int = limits.SHORT_TEXT_CHARS) -> str | None:
    return None if text is None else trim_text(text, limit_chars)


def _trim_product(prod: Product) -> Product:
    return Product(
        name=trim_text(prod.name, limits.SHORT_TEXT_CHARS),
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
    return replace(where, site=_short(where.site), host=_short(where.host))


def _trim_err(err: Err) -> Err:
    return replace(
        err,
        code=_short(err.code),
        type=_short(err.type, limits.FRAME_TEXT_CHARS),
        msg=_short(err.msg, limits.MESSAGE_CHARS),
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
    return tuple(
        replace(
            frame,
            fn=_short(frame.fn, limits.FRAME_TEXT_CHARS),
            mod=_short(frame.mod, limits.FRAME_TEXT_CHARS),
            file=_short(frame.file, limits.FRAME_TEXT_CHARS),
            build_id=_short(frame.build_id),
        )
        for frame in both_ends(frames, limits.FRAMES)
    )


def _trim_line(line: LogLine) -> LogLine:
    return replace(
        line,
        sev=_short(line.sev, 16),
        unit=_short(line.unit),
        text=trim_text(line.text, limits.LOG_LINE_CHARS),
    )


def both_ends(items: tuple[T, ...], limit: int) -> tuple[T, ...]:
    """Return at most `limit` items: the first three quarters of them and the last quarter."""
    if len(items) <= limit:
        return items
    tail = limit // 4
    return items[: limit - tail] + items[-tail:]
