"""The neutral trace: what every parser makes of its own format, and all that keys are made from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MAX_FRAMES = 40
"""Frames kept of one trace or one cause, the innermost."""
_TURNS = 3
MAX_CAUSES = 16
"""Links kept of one exception chain."""


class Ecosystem(StrEnum):
    """Whose conventions the function names of a trace follow."""

    PYTHON = "python"
    JAVA = "java"
    NATIVE = "native"
    NONE = "none"


class TraceKind(StrEnum):
    """The family of a fault; part of every key, so that families never meet in one signature."""

    EXCEPTION = "exception"
    SIGNAL = "signal"
    SANITIZER = "sanitizer"
    OOM = "oom"
    HANG = "hang"
    EXIT = "exit"
    CODE = "code"
    LOG = "log"


FAULT_WORDS: Mapping[TraceKind, str] = {
    TraceKind.EXCEPTION: "crash",
    TraceKind.SIGNAL: "crash",
    TraceKind.SANITIZER: "crash",
    TraceKind.OOM: "oom",
    TraceKind.HANG: "hang",
    TraceKind.EXIT: "crash",
    TraceKind.CODE: "error",
    TraceKind.LOG: "error",
}
"""The wire's word (FaultKind) for each family."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One stack frame as read; `in_app` is None where the source says nothing about it."""

    function: str | None = None
    raw_function: str | None = None
    module: str | None = None
    file: str | None = None
    line: int | None = None
    build_id: str | None = None
    offset: int | None = None
    in_app: bool | None = None
    trusted: bool = True


def bound_frames(frames: Iterable[Frame]) -> tuple[Frame, ...]:
    """Keep the innermost MAX_FRAMES, counting at most three turns of a function calling itself.

    Without that, the callers of a recursion would be there or not by its depth.
    """
    kept: list[Frame] = []
    for frame in frames:
        turns = kept[-_TURNS:]
        again = frame.function is not None and len(turns) == _TURNS
        if again and all(frame.function == turn.function for turn in turns):
            continue
        kept.append(frame)
        if len(kept) == MAX_FRAMES:
            break
    return tuple(kept)


@dataclass(frozen=True, slots=True)
class Cause:
    """One link of an exception chain with its own frames, innermost first."""

    type: str | None
    message: str = ""
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread that did not fail but was listed."""

    name: str
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """One fault in neutral form. Type, message and frames (innermost first) are the root cause's;
    `outer_type` is the type in which the root cause reached the program's edge, if another one.

    `quality` grades how much a signature can rest on it: 3 functions and their own type,
    2 functions or an explicit code, 1 a message, an exit or addresses only, 0 nothing usable.
    """

    ecosystem: Ecosystem
    kind: TraceKind
    type: str | None = None
    outer_type: str | None = None
    message: str = ""
    causes: tuple[Cause, ...] = ()
    threads: tuple[Thread, ...] = ()
    frames: tuple[Frame, ...] = ()
    fields: Mapping[str, str | int] = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    signal: str | None = None
    program: str | None = None
    quality: int = 0
    reasons: tuple[str, ...] = ()
