"""Which software this machine runs: release, kernel, Python."""

import os
import sys

from faultbox_agent.__about__ import VERSION
from faultbox_agent.fault import PlainMap

_RELEASES = ("/etc/os-release", "/usr/lib/os-release")


def describe_software() -> PlainMap:
    """Return names and versions of the operating system and of the agent."""
    kernel = os.uname()
    return {
        "os": read_release() or kernel.sysname,
        "kernel": f"{kernel.sysname} {kernel.release}",
        "machine": kernel.machine,
        "python": sys.version.split()[0],
        "agent": VERSION,
    }


def read_release() -> str | None:
    """Return the release's own name, as `Debian GNU/Linux 12 (bookworm)`."""
    for path in _RELEASES:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                lines = file.read(16_384).splitlines()
        except OSError:
            continue
        for line in lines:
            name, mark, value = line.partition("=")
            if mark and name == "PRETTY_NAME":
                return value.strip().strip("\"'")[:256] or None
    return None
