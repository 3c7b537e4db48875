"""Where things lie in the spool folder, and who may reach them.

spool/            0711  others pass through, and cannot look around
  tmp/ ready/ dead/   0700  the agent's own
  drop/           1733  any program of the device leaves records here, nobody lists them
  agent.lock      held by the one process that writes the rest
  agent.sock      datagrams from programs whose process goes on
  state.json      sequence number, folded faults, log positions, losses, ends of bundles whose
                  files may still be there, heartbeats, delivery
"""

import os

TMP, READY, DEAD, DROP = "tmp", "ready", "dead", "drop"
RECORD_SUFFIX = ".json"
LOCK, SOCKET, STATE = "agent.lock", "agent.sock", "state.json"
DROP_MODE = 0o1733
SYSTEM_SPOOL = "/var/lib/faultbox/spool"
_USER_SPOOL = "~/.local/state/faultbox/spool"


def default_spool() -> str:
    """Return the spool folder where no setting names one: the system's for root, else own."""
    return SYSTEM_SPOOL if os.geteuid() == 0 else os.path.expanduser(_USER_SPOOL)


def make_drop_folder(spool: str) -> None:
    """Create the spool folder and its drop folder.

    Raises:
        OSError: it cannot be made.
    """
    _make(spool, 0o711)
    _make(os.path.join(spool, DROP), DROP_MODE)


def make_spool(spool: str) -> None:
    """Create the whole spool folder.

    Raises:
        OSError: it cannot be made.
    """
    make_drop_folder(spool)
    for name in (TMP, READY, DEAD):
        _make(os.path.join(spool, name), 0o700)


def sync_folder(path: str) -> None:
    """Make renames and deletions in a folder durable.

    Raises:
        OSError: the folder cannot be opened or synced.
    """
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _make(path: str, mode: int) -> None:
    if not os.path.isdir(path):
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
