"""Which ends of a program are faults, and what they are called."""

import pytest

from faultbox_agent.sources.exitwatch import Exit, describe_end, is_fault, program_name, signal_name


def end(status: int | None = None, signal_number: int | None = None, *asked: int) -> Exit:
    return Exit("prog", 5, status, signal_number, asked=frozenset(asked))


@pytest.mark.parametrize(
    ("exit_", "fault"),
    [
        (end(0), False),
        (end(1), True),
        (end(None, 9), True),
        (end(None, 15, 15), False),
        (end(143, None, 15), False),
        (end(None, 11, 15), True),
        (end(1, None, 2), True),
        (end(0, None, 2), False),
        (end(None, 2, 2), False),
    ],
)
def test_an_end_that_was_asked_for_is_no_fault(exit_: Exit, fault: bool) -> None:
    assert is_fault(exit_) is fault


def test_ends_have_names() -> None:
    assert describe_end(end(None, 9)) == ("SIGKILL", "prog: killed by signal 9 (SIGKILL)")
    assert describe_end(end(3)) == ("exit status 3", "prog: exit status 3")
    assert signal_name(50) == "SIG50"


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["/usr/bin/prog", "x"], "prog"),
        (["python3", "/opt/app.py"], "app.py"),
        (["/usr/bin/python3.11", "app.py"], "app.py"),
        (["python", "-m", "app"], "python"),
        (["sh", "-c", "exit 1"], "sh"),
        (["python"], "python"),
        (["node", "server.js"], "server.js"),
    ],
)
def test_a_script_goes_by_its_own_name(command: list[str], name: str) -> None:
    assert program_name(command) == name
