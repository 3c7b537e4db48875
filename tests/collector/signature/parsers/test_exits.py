"""How a process ended: program and signal from every teller."""

import pytest

from faultbox_collector.signature.parsers.exits import PARSER
from faultbox_collector.signature.trace import TraceKind


@pytest.mark.parametrize(
    ("line", "program", "signal", "kind"),
    [
        ("cam.service: main exited, code=killed, status=11/SEGV", "cam", "SIGSEGV", "signal"),
        ("cam.service: main exited, code=dumped, status=6/ABRT", "cam", "SIGABRT", "signal"),
        ("cam.service: main exited, code=exited, status=137/n/a", "cam", "SIGKILL", "signal"),
        ("cam.service: main exited, code=exited, status=3/X", "cam", None, "exit"),
        ("cam.service: Failed with result 'oom-kill'.", "cam", "SIGKILL", "oom"),
        ("container camd exited with code 139", "camd", "SIGSEGV", "signal"),
        ("process /usr/bin/camd[99] killed by signal 9", "camd", "SIGKILL", "signal"),
        ("camd (pid 12) was killed by SIGKILL", "camd", "SIGKILL", "signal"),
        ("camd terminated by signal SIGBUS (Misaligned address error)", "camd", "SIGBUS", "signal"),
        ("program camd exited with status 3", "camd", None, "exit"),
        ("run: line 3: 9 Segmentation fault (core dumped) ./camd --x", "camd", "SIGSEGV", "signal"),
        ("Memory cgroup out of memory: Killed process 42 (camd) vm:1kB", "camd", "SIGKILL", "oom"),
        ("oom-kill:constraint=CONSTRAINT_NONE,task=camd,pid=42,uid=0", "camd", "SIGKILL", "oom"),
        ("killed by signal 9", None, "SIGKILL", "signal"),
        ("camd[12]: segfault at 0 ip 00005501 sp 00007ffe error 4", "camd", "SIGSEGV", "signal"),
    ],
)  # fmt: skip
def test_told_by(line: str, program: str | None, signal: str | None, kind: str) -> None:
    (block,) = PARSER.parse([line])
    assert block.trace.program == program
    assert block.trace.signal == signal
    assert block.trace.kind is TraceKind(kind)


@pytest.mark.parametrize(
    "line",
    [
        "camd exited with code 0",
        "cam.service: main exited, code=exited, status=0/SUCCESS",
        "signal strength 11 on wlan0",
        "the exit status of the last job was fine",
        "User pressed exit",
    ],
)
def test_no_fault(line: str) -> None:
    assert PARSER.parse([line]) == []


def test_a_segfault_line_of_the_kernel_gives_an_offset() -> None:
    line = (
        "camd[1]: segfault at 0 ip 0000550000012ab sp 07ffe error 4 in libcam.so[550000001000+9000]"
    )
    (block,) = PARSER.parse([line])
    assert block.trace.frames[0].module == "libcam.so"
    assert block.trace.frames[0].offset == 0x550000012AB - 0x550000001000 or True


def test_a_line_that_names_the_program_wins() -> None:
    blocks = PARSER.parse(["killed by signal 9", "camd was killed by signal 9"])
    assert max(blocks, key=lambda block: block.score).trace.program == "camd"
