"""Delivering what a supervised program left, once it has ended.

A short-lived `flush` does it, so that the supervisor never loads what delivery needs. It alone
gets the ingest key: the program's environment is read by everything the program starts.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping

from faultbox_agent.layout import DROP, READY
from faultbox_agent.lock import is_busy

FLUSH_SECONDS = 10
_GRACE_SECONDS = 5
_TOLD_BYTES = 4096


def hand_over(spool: str, environ: Mapping[str, str], *, filed: bool) -> bytes:
    """Deliver what waits unless an agent does it; return what is to be said about it, or nothing.

    Where this run filed a fault (`filed`), it is said when it was not delivered; of older ones
    only what the collector refuses for good.
    """
    if not _waits(spool) or is_busy(spool):
        return b""
    command = [sys.executable, "-I", "-m", "faultbox_agent", "flush"]
    command += ["--timeout", str(FLUSH_SECONDS), *([] if filed else ["--quiet"])]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=dict(environ),
            timeout=FLUSH_SECONDS + _GRACE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        why = error.strerror if isinstance(error, OSError) else "no answer in time"
        line = f"faultbox-agent: kept in {spool}: {why}; will be sent later\n"
        return os.fsencode(line) if filed else b""
    return done.stderr[-_TOLD_BYTES:]


def _waits(spool: str) -> bool:
    for name in (DROP, READY):
        with contextlib.suppress(OSError):
            if any(not entry.startswith(".") for entry in os.listdir(os.path.join(spool, name))):
                return True
    return False
