"""A step that hangs ends the process, even where it holds the interpreter."""

import subprocess
import sys

import pytest

HOLDING = "import ctypes; ctypes.PyDLL(None).sleep(30)"  # PyDLL keeps the interpreter's lock
WAITING = "import threading; threading.Event().wait(30)"


def run(seconds: str, body: str) -> "subprocess.CompletedProcess[str]":
    """Run a block under the watch in a process of its own."""
    program = (
        "from faultbox_collector.digest.watchdog import end_when_hung\n"
        f"with end_when_hung({seconds}):\n    {body}\nprint('over')\n"
        "import time; time.sleep(0.6); print('alive')\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=25, check=False
    )


@pytest.mark.parametrize("body", [HOLDING, WAITING], ids=["holding", "waiting"])
def test_it_ends_and_says_where(body: str) -> None:
    done = run("0.3", body)
    assert done.returncode == 1
    assert 'File "<string>", line 3' in done.stderr
    assert "over" not in done.stdout


@pytest.mark.parametrize("seconds", ["0.3", "None"])
def test_what_is_over_in_time_goes_on(seconds: str) -> None:
    done = run(seconds, "pass")
    assert (done.returncode, done.stdout) == (0, "over\nalive\n")
