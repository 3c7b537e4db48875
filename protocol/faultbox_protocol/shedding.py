"""Making a trimmed report smaller, step by step, until its section fits its frame.

Each limit holds for itself after trimming, but their sum may not: 32 Ki characters of Chinese crash
text alone are 96 KiB. The least useful part goes first and what names the fault goes never.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from faultbox_protocol import limits
from faultbox_protocol.report import Cause, Err, Evidence, Head, Product
from faultbox_protocol.trimming import both_ends, trim_form, trim_text

_KEPT_LOG_LINES = 100
"""The newest lines outlive breadcrumbs and system state; older ones do not."""


def smaller_heads(head: Head) -> Iterator[Head]:
    """Yield the head, then ever smaller ones; the last fits whatever the first held."""
    yield head
    for shed in _HEAD_STEPS:
        head = shed(head)
        yield head


def smaller_evidence(evidence: Evidence) -> Iterator[Evidence]:
    """Yield the evidence, then ever smaller ones; the last is empty."""
    yield evidence
    evidence = replace(evidence, modules=())
    yield evidence
    evidence = replace(evidence, threads=both_ends(evidence.threads, 32))
    yield evidence
    while len(evidence.log) > _KEPT_LOG_LINES:
        evidence = replace(evidence, log=evidence.log[len(evidence.log) // 2 :])
        yield evidence
    evidence = replace(evidence, threads=(), form=trim_form(evidence.form, 1024))
    yield evidence
    evidence = replace(evidence, sys={}, x={}, crumbs=())
    yield evidence
    while evidence.log:
        evidence = replace(evidence, log=evidence.log[len(evidence.log) // 2 + 1 :])
        yield evidence
    yield Evidence()


def _with_err(change: Callable[[Err], Err]) -> Callable[[Head], Head]:
    return lambda head: replace(head, err=change(head.err)) if head.err else head


def _cut_text(limit_chars: int) -> Callable[[Head], Head]:
    return _with_err(lambda err: replace(err, text=trim_text(err.text or "", limit_chars) or None))


def _cut_message(limit_chars: int) -> Callable[[Head], Head]:
    return _with_err(lambda err: replace(err, msg=trim_text(err.msg or "", limit_chars) or None))


def _cut_frames(limit: int) -> Callable[[Head], Head]:
    return _with_err(lambda err: replace(err, frames=both_ends(err.frames, limit)))


def _cut_causes(frames: int, message_chars: int) -> Callable[[Head], Head]:
    def cut(cause: Cause) -> Cause:
        message = trim_text(cause.msg or "", message_chars) or None
        return replace(cause, msg=message, frames=both_ends(cause.frames, frames))

    return _with_err(lambda err: replace(err, causes=tuple(cut(one) for one in err.causes)))


def _cut_form(limit_chars: int) -> Callable[[Head], Head]:
    return lambda head: replace(head, form=trim_form(head.form, limit_chars))


def _keep_bare(head: Head) -> Head:
    """Keep ids, clocks, the product, what the fault is called, and the losses it carries."""
    err = head.err
    if err is not None:
        err = Err(code=_name(err.code), type=_name(err.type), msg=_name(err.msg), sig_no=err.sig_no)
    prod = head.prod
    return replace(
        head,
        prod=Product(
            name=prod.name,
            model=_name(prod.model),
            serial=_name(prod.serial),
            hw=_name(prod.hw),
            fw=_name(prod.fw),
            app=_name(prod.app),
        ),
        where=None,
        err=err,
        fp=replace(head.fp, parts=()) if head.fp else None,
        att=(),
        form={},
    )


def _name(text: str | None) -> str | None:
    return None if text is None else trim_text(text, limits.SHORT_TEXT_CHARS)


_HEAD_STEPS: tuple[Callable[[Head], Head], ...] = (
    _cut_causes(frames=32, message_chars=2048),
    _cut_text(16 * 1024),
    _cut_frames(64),
    _cut_causes(frames=8, message_chars=512),
    _cut_text(8 * 1024),
    _cut_form(1024),
    _cut_message(2048),
    _cut_frames(32),
    _cut_text(4 * 1024),
    _with_err(lambda err: replace(err, causes=())),
    _cut_text(1024),
    _cut_form(128),
    _cut_message(512),
    _cut_frames(16),
    _keep_bare,
)
