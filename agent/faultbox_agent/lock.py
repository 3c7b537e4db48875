"""The lock of a spool: one process at a time writes bundles, state and sequence numbers."""

import fcntl
import os

from faultbox_agent.layout import LOCK


class SpoolBusy(RuntimeError):
    """Another agent holds this spool."""


def take_lock(root: str) -> int:
    """Return the open lock file of a spool.

    Raises:
        SpoolBusy: another process holds it.
    """
    flags = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(os.path.join(root, LOCK), flags, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise SpoolBusy(f"another agent works on {root}") from None
    return file


def is_busy(root: str) -> bool:
    """Say whether an agent holds this spool."""
    try:
        os.close(take_lock(root))
    except (SpoolBusy, PermissionError):
        return True  # another user's spool has an agent of its own
    except OSError:
        return False
    return False
