"""Claims: what a supervised program says about its own end in the supervisor's folder.

Any user may write there, because the program may run as another one. So nothing is opened that
could block, a claim counts only from those who may speak for the program, and it explains only
the end it is about: an uncaught exception an exit status, never a death by signal.
"""

import contextlib
import os
import stat
import tempfile
from collections.abc import Collection, Mapping
from itertools import islice

from faultbox_agent.sources.exitwatch import Exit

CLAIM_VARIABLE = "FAULTBOX_CLAIM"
CLAIM_MS = 2_000
"""How old the claim of a program's descendant may be to explain the program's end."""
OWN_CLAIM_MS = 60_000
"""How old the program's own may be: after an uncaught exception it still waits for its threads."""
_CLAIM_BYTES = 64
_MOST_CLAIMS = 4096
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def make_claim_folder() -> str:
    """Return a folder for claims, empty where there is none to be had: the program runs anyway."""
    try:
        folder = tempfile.mkdtemp(prefix="faultbox-exec-")
        os.chmod(folder, 0o1733)  # noqa: S103 - the program may run as another user
    except OSError:
        return ""
    return folder


def has_claim(folder: str, end: Exit, now_ms: int, owners: Collection[int]) -> bool:
    """Say whether the program, or one it started, has filed this end itself.

    `now_ms` is the monotonic time of the end, `owners` are the users whose word counts.
    """
    if not folder:
        return False
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in islice(entries, _MOST_CLAIMS):
            # Made by anybody: a claim that cannot be read is none.
            with contextlib.suppress(OSError, ValueError):
                own = entry.name.startswith(f"{end.pid}-")
                age_ms = OWN_CLAIM_MS if own else CLAIM_MS
                if _explains(_read_claim(entry.path, owners), end, now_ms, age_ms):
                    return True
    return False


def claim_end(environ: Mapping[str, str], end: Exit, mono_ms: int) -> None:
    """Tell a supervisor around this one that the end is filed."""
    folder = environ.get(CLAIM_VARIABLE)
    if folder:
        path = os.path.join(folder, f"{os.getpid()}-exec")
        with contextlib.suppress(OSError), open(path, "x", encoding="ascii") as file:
            file.write(f"{mono_ms} {end.shell_status}")


def _read_claim(path: str, owners: Collection[int]) -> list[int]:
    """Return the numbers of a claim: its time, and the exit code where it is about one only."""
    file = os.open(path, _READ)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_uid not in owners:
            raise ValueError("not a claim of the program")
        return [int(word) for word in os.read(file, _CLAIM_BYTES).split()]
    finally:
        os.close(file)


def _explains(claim: list[int], end: Exit, now_ms: int, age_ms: int) -> bool:
    if not claim or not 0 <= now_ms - claim[0] <= age_ms:
        return False
    if len(claim) > 1:
        return claim[1] == end.shell_status
    return end.death_signal is None
