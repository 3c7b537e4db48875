"""A step that never ends, ended: the process writes where it hangs and exits.

A thread cannot be stopped from outside, and one that holds the interpreter stops the intake as
well. So the watch is kept in C, beside the interpreter; whoever restarts the process finds the
batch in the note of `digest.attempts`.
"""

import faulthandler
from collections.abc import Iterator
from contextlib import contextmanager

HANG_SECONDS = 300.0
"""A full batch takes a fifth of a second; nobody waits that long for one that goes on."""
_STDERR = 2


@contextmanager
def end_when_hung(seconds: float | None) -> Iterator[None]:
    """End the process with status 1 where the block takes longer; None keeps no watch."""
    if seconds is None:
        yield
        return
    faulthandler.dump_traceback_later(seconds, exit=True, file=_STDERR)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
