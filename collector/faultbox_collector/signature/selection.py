"""Which frames of a trace mean something: the application's own, below where it chose to die.

Three steps, each explained in words. Frames of dying on purpose (abort, assert, malloc's checks)
are cut with everything above them. What belongs to a runtime, a framework or a test runner is
dropped. Should nothing remain, the frames after the cut stand in, because a generic signature
still beats none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from faultbox_collector.signature.normalise import (
    base_name,
    collapse_recursion,
    find_cycle,
    name_python,
    normalise_function,
    shorten_type,
)
from faultbox_collector.signature.trace import Ecosystem, Frame, Trace
from faultbox_collector.signature.wordlists import load_wordlist

_PYTHON_PATHS = load_wordlist("python_paths_not_in_app")
_PYTHON_DROPPED = load_wordlist("python_frames_dropped")
_JAVA_FOREIGN = load_wordlist("java_not_in_app")
_JAVA_TESTS = load_wordlist("java_tests_not_in_app")
_NATIVE_CUT = load_wordlist("native_cut")
_NATIVE_FOREIGN = load_wordlist("native_not_in_app")
_NATIVE_MODULES = load_wordlist("native_modules_not_in_app")
_CUT_DEPTH = 16
"""How deep below the innermost frame a way of dying is looked for."""
_OVERFLOWS = frozenset({"StackOverflowError", "RecursionError", "stack-overflow"})


@dataclass(frozen=True, slots=True)
class Selection:
    """The meaningful names, innermost first; `own` is False where none is the application's."""

    names: tuple[str, ...]
    own: bool
    cycle: bool
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
    frame: Frame


def name_frame(ecosystem: Ecosystem, frame: Frame) -> str | None:
    """Give the normalised name of a frame; None for a frame without a function."""
    if ecosystem is Ecosystem.PYTHON:
        return (
            name_python(frame.function, frame.file, frame.module)
            if frame.function or frame.file
            else None
        )
    if not frame.function:
        return None
    return normalise_function(ecosystem, frame.function) or None


def list_addresses(trace: Trace, limit: int) -> tuple[str, ...]:
    """Give `module:build id+offset` of the innermost frames outside the runtime libraries.

    Empty unless the innermost of them has an address; a frame that has a function must have a
    build id, too, since without one an offset is the same only as long as the build is.
    """
    known = [frame for frame in trace.frames if frame.module or frame.build_id or frame.function]
    own = [frame for frame in known if not _NATIVE_MODULES.has(base_name(frame.module))]
    addresses = []
    for frame in (own or known)[:limit]:
        if frame.offset is None or (frame.function and not frame.build_id):
            break
        where = f"{base_name(frame.module)}:{frame.build_id or ''}".strip(":")
        addresses.append(f"{where}+0x{frame.offset:x}")
    return tuple(addresses)


def _foreign_python(named: _Named) -> str | None:
    path = (named.frame.file or "").replace("\\", "/")
    if _PYTHON_DROPPED.has((named.frame.function or "").rpartition(".")[2]):
        return _PYTHON_DROPPED.name
    # Generated code has no file of its own, whatever the program that ran it says.
    unsaid = named.frame.in_app is None or path.startswith("<")
    return _PYTHON_PATHS.name if unsaid and _PYTHON_PATHS.has(path) else None


def _foreign_java(named: _Named) -> str | None:
    foreign = named.frame.in_app is None and _JAVA_FOREIGN.has(named.name)
    return _JAVA_FOREIGN.name if foreign else None


def _foreign_native(named: _Named) -> str | None:
    if _NATIVE_FOREIGN.has(named.name):
        return _NATIVE_FOREIGN.name
    if named.frame.in_app is None and _NATIVE_MODULES.has(base_name(named.frame.module)):
        return _NATIVE_MODULES.name
    return None


_FOREIGN: dict[Ecosystem, Callable[[_Named], str | None]] = {
    Ecosystem.PYTHON: _foreign_python,
    Ecosystem.JAVA: _foreign_java,
    Ecosystem.NATIVE: _foreign_native,
}


def _cut_above(named: list[_Named], steps: list[str]) -> list[_Named]:
    last = -1
    for at, entry in enumerate(named[:_CUT_DEPTH]):
        if _NATIVE_CUT.has(entry.name):
            last = at
    if last < 0 or last + 1 >= len(named):
        return named
    steps.append(f"cut {named[last].name} and all above it ({last + 1} frames), list native_cut")
    return named[last + 1 :]


def _drop(named: list[_Named], ecosystem: Ecosystem, steps: list[str]) -> list[_Named]:
    rule = _FOREIGN.get(ecosystem)
    if rule is None:
        return named
    kept: list[_Named] = []
    dropped: dict[str, int] = {}
    for entry in named:
        reason = "marked by the bundle" if entry.frame.in_app is False else rule(entry)
        if reason is None:
            kept.append(entry)
        else:
            dropped[reason] = dropped.get(reason, 0) + 1
    for reason, count in dropped.items():
        steps.append(f"dropped {count} frame(s) that are not the application's, {reason}")
    return kept


def _end_at_tests(named: list[_Named], steps: list[str]) -> list[_Named]:
    """Stop where tests begin: from a test outward there is only what runs tests.

    A fault inside the test code itself keeps that code.
    """
    tests = [_JAVA_TESTS.has(entry.name.rpartition(".")[0]) for entry in named]
    if True not in tests:
        return named
    end = tests.index(True) or (tests.index(False) if False in tests else len(tests))
    if end < len(named):
        steps.append(f"left out {len(named) - end} frame(s) from the test outward")
    return named[:end]


def select_frames(trace: Trace) -> Selection:
    """Choose and name the frames of a trace that its keys are made from."""
    ecosystem, steps = trace.ecosystem, list[str]()
    named = [
        _Named(name, frame)
        for frame in trace.frames
        if frame.trusted and (name := name_frame(ecosystem, frame)) is not None
    ]
    if ecosystem is Ecosystem.NATIVE:
        named = _cut_above(named, steps)
    kept = _drop(named, ecosystem, steps)
    if kept and ecosystem is Ecosystem.JAVA:
        kept = _end_at_tests(kept, steps)
    own = bool(kept)
    if named and not own:
        steps.append("no frame is the application's own, so the others stand in")
    return _fold([entry.name for entry in kept or named], trace.type, own, steps)


def _fold(names: Sequence[str], kind: str | None, own: bool, steps: list[str]) -> Selection:
    if shorten_type(kind) in _OVERFLOWS and (cycle := find_cycle(names)):
        steps.append(f"the stack overflowed in a cycle of {len(cycle)} function(s)")
        return Selection(cycle, own, cycle=True, steps=tuple(steps))
    folded = collapse_recursion(names)
    if len(folded) < len(names):
        steps.append(f"folded recursion: {len(names)} frames became {len(folded)}")
    return Selection(folded, own, cycle=False, steps=tuple(steps))
