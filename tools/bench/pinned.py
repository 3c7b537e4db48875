"""A server on one core, which tells the names of its threads when it is asked.

Usage: pinned.py CORE NAMES_FILE faultbox|bare ARGUMENTS... CORE may be `-`: no core of its own.
SIGUSR1 writes a map of thread id to name as JSON: the kernel does not know Python's names.
"""

import importlib
import json
import os
import signal
import sys
import threading
from pathlib import Path

_MODULES = {"faultbox": "faultbox_dashboard.cli", "bare": "tools.bench.bare"}


def main() -> None:
    """Take the core, then become the server."""
    core, names, program, *arguments = sys.argv[1:]
    if core != "-":
        os.sched_setaffinity(0, {int(core)})

    def tell(_number: int, _frame: object) -> None:
        found = {one.native_id: one.name for one in threading.enumerate()}
        fresh = Path(f"{names}.new")
        fresh.write_text(json.dumps(found))
        fresh.replace(names)

    signal.signal(signal.SIGUSR1, tell)
    sys.argv = [program, *arguments]
    importlib.import_module(_MODULES[program]).main()


if __name__ == "__main__":
    main()
