"""A process that has imported everything and forks one driver after the other.

A driver that is killed at every system call in turn starts a few hundred times: forked, it is
there in ten milliseconds. Orders come as JSON lines on standard input, answers go out as lines:
`ready <process> <thread>` when a driver waits to be let go, `ended <status>` when it is gone.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from torture.drivers import DRIVERS, Told


def main() -> None:
    """Serve orders until standard input ends."""
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            os._exit(_drive(order))
        _say(f"ended {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}")


def _drive(order: dict[str, str]) -> int:
    told = os.open(order["told"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def tell(line: str) -> None:
        os.write(told, f"{line}\n".encode())

    try:
        DRIVERS[order["driver"]](Path(order["folder"]), Told(tell, _gate(order)))
    except BaseException:  # noqa: BLE001 - a driver's failure is a status, and is shown
        traceback.print_exc()
        return 1
    return 0


def _gate(order: dict[str, str]) -> Callable[[str, int], None]:
    """Return what a driver calls where it may be attached to: it waits there to be let go."""

    def gate(name: str, thread: int) -> None:
        if name != order["gate"]:
            return
        # Opened for both ways, a named pipe opens at once and the first byte comes when it comes.
        go = os.open(order["go"], os.O_RDWR)
        _say(f"ready {os.getpid()} {thread}")
        os.read(go, 1)
        os.close(go)

    return gate


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    main()
