"""Python tracebacks in every shape the interpreter gives them."""

from faultbox_collector.signature.parsers.python import PARSER
from faultbox_collector.signature.trace import Trace
from support.crash_texts import PYTHON

KEY_ERROR = """Traceback (most recent call last):
  File "/srv/shop/store.py", line 3, in load
    return rows["id"]
           ~~~~^^^^^^
KeyError: 'id'
"""
EXPLICIT = f"""{KEY_ERROR}
The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/shop/main.py", line 9, in run
    raise LoadError("cannot load") from error
shop.errors.LoadError: cannot load
"""
IMPLICIT = f"""{KEY_ERROR}
During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/shop/main.py", line 9, in complain
    log.eror("lost")
AttributeError: 'Logger' object has no attribute 'eror'
"""
GROUP = """  + Exception Group Traceback (most recent call last):
  |   File "/srv/g.py", line 20, in main
  |     raise ExceptionGroup("many", errors)
  | ExceptionGroup: many (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/srv/g.py", line 5, in one
    |     1/0
    | ZeroDivisionError: division by zero
    +---------------- 2 ----------------
    | Traceback (most recent call last):
    |   File "/srv/g.py", line 9, in two
    |     int("a")
    | ValueError: invalid literal
    +------------------------------------
"""
FATAL = """Fatal Python error: Segmentation fault

Thread 0x00007f01 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 320 in wait

Current thread 0x00007f9d (most recent call first):
  File "/opt/dev/poke.py", line 4 in poke
  File "/opt/dev/poke.py", line 9 in <module>

Extension modules: numpy (total: 1)
"""


def read(text: str) -> Trace:
    blocks = PARSER.parse(text.splitlines())
    return max(blocks, key=lambda block: block.score).trace


def functions(trace: Trace) -> list[str | None]:
    return [frame.function for frame in trace.frames]


def test_the_innermost_frame_comes_first() -> None:
    assert functions(read(PYTHON)) == ["ratio", "wrapper", "total", "main"]
    assert read(PYTHON).type == "ZeroDivisionError"
    assert read(PYTHON).message == "division by zero"


def test_an_explicit_chain_rests_on_its_first_exception() -> None:
    trace = read(EXPLICIT)
    assert (trace.type, trace.outer_type) == ("KeyError", "shop.errors.LoadError")
    assert functions(trace) == ["load"]
    assert [cause.type for cause in trace.causes] == ["shop.errors.LoadError"]


def test_a_fault_while_handling_another_is_a_fault_of_its_own() -> None:
    trace = read(IMPLICIT)
    assert (trace.type, functions(trace)) == ("AttributeError", ["complain"])


def test_a_group_rests_on_its_first_member() -> None:
    trace = read(GROUP)
    assert (trace.type, trace.outer_type) == ("ZeroDivisionError", "ExceptionGroup")
    assert functions(trace) == ["one"]
    assert "ValueError" in [cause.type for cause in trace.causes]


def test_a_traceback_without_its_end_still_has_frames() -> None:
    trace = read("\n".join(PYTHON.splitlines()[:5]))
    assert trace.type is None
    assert functions(trace) == ["total", "main"]
    assert trace.quality == 1


def test_a_traceback_without_its_first_line_is_read() -> None:
    assert read("\n".join(PYTHON.splitlines()[1:])).type == "ZeroDivisionError"


def test_a_syntax_error_names_its_file() -> None:
    trace = read(
        '  File "/srv/bad.py", line 3\n    def f(:\n          ^\nSyntaxError: invalid syntax'
    )
    assert trace.type == "SyntaxError"
    assert trace.frames[0].file == "/srv/bad.py"


def test_a_dying_interpreter_names_its_signal() -> None:
    assert read(FATAL).signal == "SIGSEGV"


def test_the_current_thread_of_a_dying_interpreter_is_taken() -> None:
    assert functions(read(FATAL)) == ["poke", "<module>"]


def test_output_of_others_between_the_lines_does_no_harm() -> None:
    lines = PYTHON.splitlines()
    lines.insert(3, "INFO  scheduler: tick 12 done")
    assert read("\n".join(lines)).type == "ZeroDivisionError"


def test_an_exception_of_a_library_written_small_is_read() -> None:
    text = PYTHON.replace("ZeroDivisionError: division by zero", "socket.timeout: timed out")
    assert read(text).type == "socket.timeout"
