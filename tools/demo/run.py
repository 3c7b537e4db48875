"""The demonstration: real programs fail on this machine and tickets open by themselves.

With DEMO_EXIT=1 it checks its own outcome, stops everything, and ends with 0 only if every fault
became exactly one ticket with the right count.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tools.demo.steps import Demo, DemoError

ROOT = Path(__file__).resolve().parents[2]
SETTLE_SECONDS = 90.0
WIDTH = 40

EXPECTED: dict[str, tuple[str, int, int]] = {
    # what went wrong: (text in the technical title, occurrences, devices)
    "a C program dies of SIGSEGV": ("SIGSEGV", 3, 1),
    "a Python service fails in one place": ("ZeroDivisionError", 14, 2),
    "a device logs E-202": ("E-202", 3, 1),
    "a worker is killed by signal 9": ("SIGKILL", 1, 1),
}


def main() -> int:
    """Run the demonstration and return its exit status."""
    folder = ROOT / ".demo"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    demo = Demo(folder)
    begun = time.monotonic()

    def step(number: int, text: str) -> None:
        print(f"[{time.monotonic() - begun:5.1f} s] {number}/7 {text}", flush=True)

    try:
        step(1, f"start the server on {demo.url}")
        with demo.server():
            step(2, "start the agent on this machine")
            with demo.agent():
                _cause_faults(demo, step)
                wrong = _settle(demo)
                _print_table(demo)
                if os.environ.get("DEMO_EXIT") == "1":
                    return _conclude(wrong)
                _wait(demo, wrong)
    except DemoError as error:
        print(f"demo: {error}; see the *.out files in {folder}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped")
    return 0


def _cause_faults(demo: Demo, step: Callable[[int, str], None]) -> None:
    step(3, "compile a C program and let it die of SIGSEGV, three times")
    demo.crash_native(3)
    step(4, "a Python service on two devices fails fourteen times, deep in its call stack")
    demo.fail_service("SN2024A3F90017", 9)
    demo.fail_service("SN2024A3F90018", 5)
    step(5, "a device logs 设备启动后报错代码E-202，无法进入系统, three times")
    demo.log_code(3)
    step(6, "a worker is killed by signal 9")
    demo.kill_worker()
    step(7, "wait for the tickets")


def _settle(demo: Demo) -> list[str]:
    """Wait until the tickets are as expected; return what is not."""
    end = time.monotonic() + SETTLE_SECONDS
    while True:
        wrong = _compare(demo.tickets())
        if not wrong or time.monotonic() > end:
            break
        time.sleep(0.3)
    if not wrong:
        time.sleep(2)  # a fault counted twice would show only now
        wrong = _compare(demo.tickets())
    return wrong


def _compare(tickets: list[dict[str, object]]) -> list[str]:
    wrong = []
    for what, (text, occurrences, devices) in EXPECTED.items():
        found = [ticket for ticket in tickets if text in str(ticket["title"])]
        if len(found) != 1:
            wrong.append(f"{what}: {len(found)} tickets instead of one")
        elif (found[0]["occurrences"], found[0]["devices"]) != (occurrences, devices):
            wrong.append(
                f"{what}: {found[0]['occurrences']} times on {found[0]['devices']} devices "
                f"instead of {occurrences} on {devices}"
            )
    if len(tickets) > len(EXPECTED):
        wrong.append(f"{len(tickets)} tickets instead of {len(EXPECTED)}")
    return wrong


def _print_table(demo: Demo) -> None:
    print()
    print(f"{'ticket':17} {'title':{WIDTH}} {'times':>5} {'devices':>7}  page")
    for ticket in reversed(demo.tickets()):
        title = "".join(c if c.isprintable() else "?" for c in str(ticket["title"]))[:WIDTH]
        print(
            f"{ticket['number']!s:17} {title:{WIDTH}} {ticket['occurrences']!s:>5} "
            f"{ticket['devices']!s:>7}  {ticket['url']}"
        )
    print(f"\nlogin: {demo.login}", flush=True)


def _conclude(wrong: list[str]) -> int:
    for line in wrong:
        print(f"wrong: {line}")
    print("demo: as expected" if not wrong else "demo: not as expected")
    return 1 if wrong else 0


def _wait(demo: Demo, wrong: list[str]) -> None:
    for line in wrong:
        print(f"wrong: {line}")
    print("Open the login link, then any ticket. Ctrl-C stops everything.", flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    sys.exit(main())
