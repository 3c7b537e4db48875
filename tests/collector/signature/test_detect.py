"""The strongest block of a text wins, wherever it stands."""

import pytest

from faultbox_collector.signature.detect import detect
from faultbox_collector.signature.parsers import load_parsers
from faultbox_collector.signature.trace import Trace
from support.crash_texts import ASAN, CODE_LINE, JAVA, OOM_LINE, PYTHON


def found(text: str) -> Trace:
    block = detect(text).block
    assert block is not None
    return block.trace


def test_every_parser_file_takes_part() -> None:
    assert {"python", "java", "native", "exits", "logline"} <= {p.name for p in load_parsers()}


@pytest.mark.parametrize("order", [1, -1])
def test_a_trace_beats_an_exit_and_a_log_line(order: int) -> None:
    text = "\n".join([CODE_LINE, PYTHON, "process camd exited with status 1"][::order])
    assert found(text).type == "ZeroDivisionError"


@pytest.mark.parametrize("order", [1, -1])
def test_a_code_beats_a_bare_exit_status(order: int) -> None:
    text = "\n".join([CODE_LINE, "process camd exited with status 3"][::order])
    assert found(text).codes == ("E-202",)


@pytest.mark.parametrize("order", [1, -1])
def test_a_signal_beats_a_code(order: int) -> None:
    assert found("\n".join([CODE_LINE, OOM_LINE][::order])).program == "camd"


def test_an_uncaught_exception_beats_one_that_was_only_logged() -> None:
    logged = (
        "WARN retry: java.lang.RuntimeException: again\n\tat com.acme.Retry.run(Retry.java:3)\n"
    )
    assert found(logged + JAVA).type == "java.lang.IllegalStateException"


def test_a_sanitizer_report_beats_a_python_traceback_about_it() -> None:
    assert found(PYTHON + ASAN).type == "heap-buffer-overflow READ"


def test_the_parsers_that_ran_are_told() -> None:
    steps = detect(PYTHON).steps
    assert any("parser python found" in step for step in steps)
    assert detect("nothing to see").block is None
