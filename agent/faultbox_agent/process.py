"""What /proc says about one process, by plain reads: cheap enough for a watched program."""

import os

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def read_start_ticks(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot; with the pid it names it."""
    fields = _read_stat(pid)
    return int(fields[19]) if len(fields) > 19 else None


def read_parent(pid: int) -> int | None:
    """Return the parent's pid."""
    fields = _read_stat(pid)
    return int(fields[1]) if len(fields) > 1 else None


def read_resident_bytes(pid: int) -> int | None:
    """Return how much memory a process occupies."""
    try:
        file = os.open(f"/proc/{pid}/statm", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return int(os.read(file, 128).split()[1]) * _PAGE_BYTES
        finally:
            os.close(file)
    except (OSError, ValueError, IndexError):
        return None


def read_program(pid: int) -> str | None:
    """Return the path of the program that a process runs."""
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return None


def _read_stat(pid: int) -> list[str]:
    """Return the fields after the name, which may itself hold blanks and parentheses."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read(4096).rpartition(")")[2].split()
    except OSError:
        return []
