"""Native stacks of every printer, and which of several stacks is the one that failed."""

from faultbox_collector.signature.parsers.native import PARSER
from faultbox_collector.signature.trace import Trace, TraceKind
from support.crash_texts import ASAN, GDB

THREADS = """[Current thread is 2 (Thread 0x7f01)]
Thread 2 (Thread 0x7f01 (LWP 12)):
#0  0x0000561a in crash_here () at a.c:1
#1  0x0000561b in worker () at a.c:2

Thread 1 (Thread 0x7f00 (LWP 11)):
#0  0x0000561c in poll () from /lib/libc.so.6
#1  0x0000561d in main () at a.c:9
"""
EU_STACK = """PID 22 - process
TID 22:
#0  0x00007fd912345678 raise - /usr/lib64/libc-2.33.so
#1  0x0000000000401234 die_here - /usr/bin/foo
TID 23:
#0  0x00007fd912345678 poll - /usr/lib64/libc-2.33.so
"""
BACKTRACE = """worker: caught SIGSEGV
./worker(on_signal+0x1f) [0x4011a5]
./worker(decode+0x12) [0x401212]
./worker(+0x1350) [0x401350]
"""
TOMBSTONE = """signal 11 (SIGSEGV), code 1 (SEGV_MAPERR), fault addr 0x0
#00 pc 0000000000012345  /system/lib64/libcam.so (cam_open+24) (BuildId: abcdef0123456789)
#01 pc 0000000000002345  /system/bin/camd (BuildId: 99999f0123456789)
"""


def read(text: str) -> Trace:
    (block,) = PARSER.parse(text.splitlines())
    return block.trace


def functions(trace: Trace) -> list[str | None]:
    return [frame.function for frame in trace.frames]


def test_gdb() -> None:
    trace = read(GDB)
    assert (trace.signal, trace.program) == ("SIGSEGV", "camd")
    assert functions(trace)[1:3] == ["parse_frame", "cam::Reader<char>::next(int) const"]
    assert trace.frames[1].file == "/home/build/camd/frame.c"
    assert trace.frames[1].line == 12


def test_the_first_stack_of_a_sanitizer_is_where_the_fault_is() -> None:
    trace = read(ASAN)
    assert trace.kind is TraceKind.SANITIZER
    assert trace.type == "heap-buffer-overflow READ"
    assert functions(trace)[1] == "decode_block(unsigned char const*, int)"
    assert len(trace.threads) == 1


def test_reading_and_writing_are_two_faults() -> None:
    assert read(ASAN.replace("READ of", "WRITE of")).type == "heap-buffer-overflow WRITE"


def test_the_current_thread_is_the_failing_one() -> None:
    assert functions(read(THREADS))[0] == "crash_here"


def test_a_signal_handler_marks_the_failing_thread() -> None:
    text = THREADS.replace("[Current thread is 2 (Thread 0x7f01)]\n", "")
    marked = text.replace("#1  0x0000561b", "#1  <signal handler called>\n#2  0x0000561b")
    assert functions(read(marked))[1] == "<signal handler called>"


def test_eu_stack() -> None:
    trace = read(EU_STACK)
    assert functions(trace) == ["raise", "die_here"]
    assert trace.frames[1].module == "/usr/bin/foo"


def test_backtrace_symbols() -> None:
    trace = read(BACKTRACE)
    assert trace.signal == "SIGSEGV"
    assert functions(trace) == ["on_signal", "decode", None]
    assert trace.frames[2].offset == 0x1350


def test_a_tombstone_keeps_build_ids() -> None:
    trace = read(TOMBSTONE)
    assert functions(trace) == ["cam_open", None]
    assert trace.frames[1].build_id == "99999f0123456789"
    assert trace.frames[1].offset == 0x2345


def test_undefined_behaviour_without_a_stack_is_a_fault() -> None:
    text = "src/a.c:7:3: runtime error: signed integer overflow: 2147483647 + 1"
    assert read(text).type == "signed-integer-overflow"


def test_a_numbered_list_is_no_stack() -> None:
    assert PARSER.parse(["#1 buy milk", "#2 buy bread (two)"]) == []
