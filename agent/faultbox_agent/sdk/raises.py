"""Which raise of an exception was reported already: one object may be raised many times.

A reported exception carries the id of its fault, the head of its traceback at that moment and the
time. Raised on, its traceback grows outwards by frames that called the marked one; raised anew
(a cached object), it grows by a raise that the traceback already holds, from a frame that called
nobody in it. What is neither, such as a worker's exception raised on in another thread, is taken
for the same fault for a second. The head is kept as a number: a mark must keep no frame alive.
"""

from types import FrameType, TracebackType

SAME_MS = 1_000
_MARK = "__faultbox_id__"
_ENTRIES = 128
_CALLERS = 2_000


def mark_raise(error: BaseException, fault_id: bytes, mono_ms: int) -> None:
    """Remember on the exception that this raise of it was reported."""
    try:
        setattr(error, _MARK, (fault_id, _identify(error.__traceback__), mono_ms))
    except (AttributeError, TypeError):
        return  # an exception that refuses attributes may be reported twice


def find_mark(error: BaseException, mono_ms: int) -> bytes | None:
    """Return the id under which this raise was reported; None for one that was not."""
    mark = getattr(error, _MARK, None)
    if not isinstance(mark, tuple) or len(mark) != 3:
        return None
    fault_id, head, marked_ms = mark
    if not isinstance(fault_id, bytes):
        return None
    recent = mono_ms - marked_ms <= SAME_MS
    newest, marked = _split(error.__traceback__, head)
    if marked is None:
        # Never raised when it was reported, or its traceback was taken away since.
        return fault_id if recent and head is None else None
    if newest is None or _called(newest.tb_frame, marked.tb_frame):
        return fault_id
    return fault_id if recent and not _holds(marked, newest) else None


def _identify(trace: TracebackType | None) -> int | None:
    return None if trace is None else id(trace)


def _split(
    trace: TracebackType | None, head: int | None
) -> tuple[TracebackType | None, TracebackType | None]:
    """Return the entry that joined the marked head first, and the marked head."""
    newest = None
    while trace is not None and id(trace) != head:
        newest, trace = trace, trace.tb_next
    return newest, trace


def _called(caller: FrameType, frame: FrameType) -> bool:
    """Say whether a frame stands somewhere above another."""
    above = frame.f_back
    for _ in range(_CALLERS):
        if above is None or above is caller:
            break
        above = above.f_back
    return above is caller


def _holds(trace: TracebackType, entry: TracebackType) -> bool:
    """Say whether a traceback already holds the instruction of an entry."""
    left: TracebackType | None = trace
    for _ in range(_ENTRIES):
        if left is None:
            break
        if left.tb_frame.f_code is entry.tb_frame.f_code and left.tb_lasti == entry.tb_lasti:
            return True
        left = left.tb_next
    return False
