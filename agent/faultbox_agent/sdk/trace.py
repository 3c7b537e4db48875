"""A Python exception as the wire's `err` map: frames innermost first, the chain as causes.

Reads only code objects and names of the traceback; the one thing it calls in the watched
program is `str(exception)`, guarded, because messages are often computed.
"""

import os
from types import TracebackType

from faultbox_agent.codes import find_code
from faultbox_agent.plain import Plain
from faultbox_protocol import limits

_INNER = limits.FRAMES * 3 // 4
_CAUSE_FRAMES = 32
_STDLIB = os.path.dirname(os.__file__) + os.sep
_FOREIGN = ("site-packages", "dist-packages")
_BUILTIN = ("builtins", "__main__")


def describe_exception(error: BaseException) -> dict[str, Plain]:
    """Return the `err` map of an exception with its chain."""
    message = read_message(error)
    found: dict[str, Plain] = {"type": type_name(error), "msg": message}
    code = find_code(message, failing=True)
    if code is not None:
        found["code"] = code
    frames = list_frames(error.__traceback__, limits.FRAMES)
    if frames:
        found["frames"] = frames
    causes = _list_causes(error)
    if causes:
        found["causes"] = causes
    return found


def list_frames(trace: TracebackType | None, limit: int) -> list[Plain]:
    """Return at most `limit` frames, innermost first, from both ends of a deep stack."""
    entries = []
    while trace is not None:
        entries.append(trace)
        trace = trace.tb_next
    entries.reverse()
    if len(entries) > limit:
        inner = min(_INNER, limit * 3 // 4)
        entries = entries[:inner] + entries[inner - limit :]
    return [_frame(entry) for entry in entries]


def read_message(error: BaseException) -> str:
    """Return the exception's message with its notes, whatever its `__str__` does."""
    try:
        message = str(error)
        notes = getattr(error, "__notes__", None)
        if isinstance(notes, list):
            message = "\n".join([message, *(str(note) for note in notes[:16])])
    except Exception as broken:  # noqa: BLE001 - the watched program's own code
        return f"(its message cannot be read: {type(broken).__name__})"
    return clip(message, limits.MESSAGE_CHARS)


def type_name(error: BaseException) -> str:
    """Return the exception's type as tracebacks write it."""
    kind = type(error)
    name = kind.__qualname__
    return clip(name if kind.__module__ in _BUILTIN else f"{kind.__module__}.{name}", 1024)


def is_own(path: str) -> bool:
    """Say whether a source file is the product's own, neither Python's nor a library's."""
    if path.startswith("<"):
        return not path.startswith("<frozen ")
    return not path.startswith(_STDLIB) and not any(part in path for part in _FOREIGN)


def clip(text: str, limit_chars: int) -> str:
    """Return `text` in at most `limit_chars` characters that the wire accepts."""
    if len(text) > limit_chars:
        half = (limit_chars - 5) // 2
        text = f"{text[:half]} […] {text[-half:]}"
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    return text.replace("\0", "\N{SYMBOL FOR NULL}") if "\0" in text else text


def _frame(entry: TracebackType) -> Plain:
    code = entry.tb_frame.f_code
    module = entry.tb_frame.f_globals.get("__name__")
    path = code.co_filename
    return {
        "fn": clip(code.co_qualname, 1024),
        "mod": clip(module, 1024) if isinstance(module, str) else None,
        "file": clip(path, 1024),
        # None for a frame without a line, which compiled generators have.
        "line": entry.tb_lineno,
        "app": is_own(path),
    }


def _list_causes(error: BaseException) -> list[Plain]:
    """Return the chain behind an exception, then the members of a group, without circles."""
    found: list[Plain] = []
    seen = {id(error)}
    waiting = _behind(error)
    while waiting and len(found) < limits.CAUSES:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        found.append(
            {
                "type": type_name(cause),
                "msg": read_message(cause),
                "frames": list_frames(cause.__traceback__, _CAUSE_FRAMES),
            }
        )
        waiting += _behind(cause)
    return found


def _behind(error: BaseException) -> list[BaseException]:
    """What an exception says caused it: `raise … from` and the members of a group.

    An exception raised *during handling* of another is a fault of its own: the wire's causes end
    in the root cause, and a signature made of the other one would name the wrong fault.
    """
    found = []
    if error.__cause__ is not None:
        found.append(error.__cause__)
    if isinstance(error, BaseExceptionGroup):
        found += list(error.exceptions[: limits.CAUSES])
    return found
