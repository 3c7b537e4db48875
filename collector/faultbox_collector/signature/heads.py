"""From the head of a bundle to a trace: what the device says in fields outranks any text.

An explicit code outranks codes found in words, and alone names the fault unless an exception came
with it: a log call that states E-202 has a frame too, but the code is what it is about. Frames
that came as fields are taken as they are; without them the crash text is parsed like a pasted
one. Causes come outermost first, so the last one that has frames is the root cause.
"""

from faultbox_collector.signature.codes import spell_code
from faultbox_collector.signature.detect import detect
from faultbox_collector.signature.normalise import base_name
from faultbox_collector.signature.parsers.exits import PARSER as EXITS
from faultbox_collector.signature.parsers.exits import make_exit
from faultbox_collector.signature.signals import SIGNALS, name_signal
from faultbox_collector.signature.trace import (
    MAX_CAUSES,
    Cause,
    Ecosystem,
    Frame,
    Trace,
    TraceKind,
    bound_frames,
)
from faultbox_protocol.report import Cause as WireCause
from faultbox_protocol.report import Err, Head
from faultbox_protocol.report import Frame as WireFrame
from faultbox_protocol.words import FaultKind

_JVM_SOURCES = (".java", ".kt", ".scala", ".groovy")
_NO_PROGRAM_ENDS = ("Error", "Exception", "Warning", "Exit", "Interrupt", "Timeout")
_ENDS = frozenset({FaultKind.CRASH, FaultKind.OOM})


def _as_frame(frame: WireFrame) -> Frame:
    return Frame(
        function=frame.fn,
        raw_function=frame.fn,
        module=frame.mod,
        file=frame.file,
        line=frame.line,
        build_id=frame.build_id,
        offset=frame.off,
        in_app=frame.app,
    )


def _guess_ecosystem(frames: tuple[Frame, ...], signal: int | None) -> Ecosystem:
    for frame in frames:
        file = (frame.file or "").lower()
        if file.endswith((".py", ".pyx", ".pyc")) or file.startswith("<frozen"):
            return Ecosystem.PYTHON
        if file.endswith(_JVM_SOURCES):
            return Ecosystem.JAVA
    if signal or any(frame.build_id or frame.offset is not None for frame in frames):
        return Ecosystem.NATIVE
    return Ecosystem.PYTHON if any(frame.file for frame in frames) else Ecosystem.NATIVE


def _name_program(err: Err) -> str | None:
    """The failing program: of the first line of the text, the type, or the innermost module.

    A supervisor puts the sentence `camd: killed by signal 11` first; a type that is neither a
    signal nor an exit nor an exception names a program or unit.
    """
    for text in (err.text, err.msg):
        for block in EXITS.parse([text[:512].partition("\n")[0]]) if text else ():
            if block.trace.program:
                return block.trace.program
    kind = err.type or ""
    if kind and name_signal(kind) is None and not kind.endswith(_NO_PROGRAM_ENDS):
        return None if kind.startswith(("exit ", "signal ", "SIG")) else base_name(kind) or None
    return next((base_name(frame.mod) for frame in err.frames if frame.mod), None)


def _choose_root(err: Err) -> WireCause | None:
    """The last cause that has frames; of an exception group the first member that is none."""
    causes = [cause for cause in err.causes[:MAX_CAUSES] if cause.frames]
    if "Group" in (err.type or ""):
        return next((cause for cause in causes if "Group" not in cause.type), None)
    return causes[-1] if causes else None


def _choose_kind(head: Head, err: Err) -> TraceKind:
    if err.sig_no:
        return TraceKind.SIGNAL
    if head.kind is FaultKind.HANG:
        return TraceKind.HANG
    return TraceKind.EXCEPTION if err.type or err.causes else TraceKind.LOG


def _read_frames(head: Head, err: Err) -> Trace:
    root = _choose_root(err)
    wire = root.frames if root else err.frames
    frames = bound_frames(map(_as_frame, wire))
    signal = SIGNALS.get(err.sig_no) if err.sig_no else None
    kind = root.type if root else err.type
    reasons = [f"{len(frames)} frames came as fields of the bundle"]
    if root is not None:
        reasons.append(f"{root.type} is the root cause inside {err.type}")
    return Trace(
        ecosystem=_guess_ecosystem(frames, err.sig_no),
        kind=_choose_kind(head, err),
        type=signal or kind,
        outer_type=err.type if root else None,
        message=(root.msg if root else err.msg) or "",
        causes=tuple(Cause(cause.type, cause.msg or "") for cause in err.causes[:MAX_CAUSES]),
        frames=frames,
        codes=(spell_code(err.code),) if err.code else (),
        signal=signal,
        quality=3 if any(frame.function for frame in frames) else 1,
        reasons=tuple(reasons),
    )


def _read_code(err: Err, code: str) -> Trace:
    return Trace(
        ecosystem=Ecosystem.NONE,
        kind=TraceKind.CODE,
        type=None,
        message=err.msg or err.text or "",
        codes=(spell_code(code),),
        program=_name_program(err),
        quality=2,
        reasons=("the bundle names its error code, which outranks codes found in text",),
    )


def _read_exit(head: Head, err: Err) -> Trace:
    signal = SIGNALS.get(err.sig_no or 0, f"signal {err.sig_no}")
    program = _name_program(err)
    return make_exit(program, signal=signal, oom=head.kind is FaultKind.OOM)


def _read_text(head: Head, err: Err) -> Trace | None:
    """Parse the words of a bundle; a trace in them beats the bare signal of its exit."""
    for text in (err.text, err.msg):
        found = detect(text).block if text else None
        if found is None:
            continue
        if found.trace.frames or err.sig_no is None:
            return found.trace
    if err.sig_no is not None:
        return _read_exit(head, err)
    if err.type is None and not err.msg:
        return None
    return Trace(
        ecosystem=Ecosystem.NONE,
        kind=TraceKind.HANG if head.kind is FaultKind.HANG else TraceKind.LOG,
        type=err.type,
        message=err.msg or "",
        quality=1,
        reasons=("only a type and a message are known",),
    )


def read_head(head: Head) -> Trace | None:
    """Make the trace of a head; None where it states no fault that could be told from another."""
    err = head.err
    if err is None:
        return None
    if err.code and err.type is None and err.sig_no is None:
        return _read_code(err, err.code)
    if any(frame.fn or frame.off is not None for frame in err.frames) or _choose_root(err):
        return _read_frames(head, err)
    if err.code and (head.kind not in _ENDS or err.sig_no is None):
        return _read_code(err, err.code)
    return _read_text(head, err)
