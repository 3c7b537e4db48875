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
        (end(0, None, 2), False),
        (end(None, 2, 2), False),
    ],
)
def test_an_end_that_was_asked_for_is_no_fault(exit_: Exit, fault: bool) -> None:
    assert is_fault(exit_) is fault


@pytest.mark.parametrize(
    ("status", "signal_number", "fault"),
    [
        (0, None, False),
        (1, None, False),
        (255, None, False),
        (137, None, False),
        (None, 9, False),
        (None, 15, False),
        (139, None, True),
        *((None, number, True) for number in (4, 6, 7, 8, 11)),
    ],
)
def test_on_the_way_down_only_a_crash_is_a_fault(
    status: int | None, signal_number: int | None, fault: bool
) -> None:
    asked = frozenset({15})
    stopping = Exit("prog", 5, status, signal_number, asked=asked, stopping=True)
    assert is_fault(stopping) is fault


def test_long_after_a_signal_only_its_own_end_is_expected() -> None:
    assert is_fault(end(1, None, 2))
    assert not is_fault(end(130, None, 2))


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
