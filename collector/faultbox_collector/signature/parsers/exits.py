"""How a process ended, as systemd, a container runtime, a shell, a supervisor or the kernel say it.

Without a stack the program's name and the signal are all there is, so both must be found: a
signature that says only SIGKILL would collect every program of a product.
"""

import re
from collections.abc import Sequence

from faultbox_collector.signature.normalise import base_name
from faultbox_collector.signature.parsers.base import Block
from faultbox_collector.signature.signals import name_exit_status, name_signal
from faultbox_collector.signature.trace import Ecosystem, Frame, Trace, TraceKind

_UNIT = r"(?<![\w@:.\\-])([\w@:.\\-]{1,100})\.service"
_NAME = r"(?<![\w./@+-])([\w./@+-]{1,200})"
"""Names begin where no name runs already, or a line of one long word would cost its square."""
_SYSTEMD = re.compile(rf"{_UNIT}: .{{0,60}}code=(killed|dumped|exited), status=(\d{{1,3}})")
_SYSV = re.compile(
    rf"(?:service )?{_NAME}: main process exited, code=(killed|dumped|exited), status=(\d{{1,3}})"
)
_UNIT_OOM = re.compile(rf"{_UNIT}: .{{0,80}}(?:killed by the OOM killer|result 'oom-kill')")
_KERNEL_OOM = re.compile(r"[Oo]ut of memory: Kill(?:ed)? process \d{1,9} \(([^()]{1,64})\)")
_OOM_TASK = re.compile(r"oom-kill:.{0,400}[,:]task=([^,\s]{1,64}),pid=")
_POD_OOM = re.compile(
    r"(?:(?:container|pod|Container|Pod) \"?([\w./-]{1,120})\"?.{0,60})?OOMKilled"
)
_SEGFAULT = re.compile(
    r"(?:^|\s)([^\s\[\]]{1,64})\[\d{1,9}\]: segfault at [0-9a-f]{1,16} ip ([0-9a-f]{1,16}) "
    r"sp [0-9a-f]{1,16} error [0-9a-f]{1,4}(?: in ([^\s\[\]]{1,200})\[([0-9a-f]{1,16})\+)?"
)
_WHO = (
    rf"(?:(?:container |process |program |command |service )?[\"'`]?{_NAME}[\"'`]?"
    r"(?: \(?(?:pid[ =:]?)?\d{1,9}\)?|\[\d{1,9}\])?:? "
)
_BY_SIGNAL = re.compile(
    _WHO + r"(?:was |has been |got )?)?(?:killed|terminated|died|crashed|exited|ended)"
    r" (?:by|with|on|of|due to) (?:signal:? ?)?"
    r"\(?(SIG[A-Z]{2,8}|(?<=signal )\d{1,2}|(?<=signal: )\d{1,2})\b"
)
_BY_STATUS = re.compile(
    _WHO + r"(?:has )?)?(?:exited|exit|terminated|failed|ended)"
    r" (?:with )?(?:non-zero )?(?:exit )?(?:code|status):? ?(\d{1,3})\b"
)
_SHELL = re.compile(
    r"(?:^|: |\d )(Segmentation fault|Aborted|Bus error|Floating point exception"
    r"|Illegal instruction|Killed|Bad system call|Trace/breakpoint trap)"
    r"(?: *\(core dumped\))?(?: +([^\s].{0,200}))?$"
)
_NOT_A_PROGRAM = frozenset({
    "process", "program", "command", "service", "container", "child", "was", "it", "is",
    "main", "and", "has", "task", "job", "script", "pid", "subprocess",
    "been", "got", "unexpectedly",
})  # fmt: skip


def _bare(name: str | None) -> str | None:
    """Give the program that a word of a sentence names; None for a word that names none."""
    words = (name or "").split()
    name = base_name(words[0].rstrip("/:,")).strip("\"'`()-") if words else ""
    return None if not name or name.lower() in _NOT_A_PROGRAM or name.isdecimal() else name


def make_exit(
    program: str | None, *, signal: str | None = None, status: int | None = None, oom: bool = False
) -> Trace:
    """Describe an exit neutrally; a status of 128 + n counts as signal n."""
    if signal is None and status is not None:
        signal = name_exit_status(status)
    if oom:
        kind, what = TraceKind.OOM, "out of memory"
    elif signal is not None:
        kind, what = TraceKind.SIGNAL, signal
    else:
        kind, what = TraceKind.EXIT, f"exit {status}"
    return Trace(
        ecosystem=Ecosystem.NONE,
        kind=kind,
        type=signal or ("OOM" if oom else what),
        message=what,
        fields={} if status is None else {"exit": status},
        signal=signal,
        program=base_name(program) or None,
        quality=1,
    )


def _read_oom(line: str) -> Trace | None:
    for pattern in (_KERNEL_OOM, _OOM_TASK, _UNIT_OOM):
        hit = pattern.search(line)
        if hit is not None:
            return make_exit(_bare(hit.group(1)), signal="SIGKILL", oom=True)
    hit = _POD_OOM.search(line) if "OOMKilled" in line else None
    return make_exit(_bare(hit.group(1)), signal="SIGKILL", oom=True) if hit else None


def _read_segfault(line: str) -> Trace | None:
    hit = _SEGFAULT.search(line)
    if hit is None:
        return None
    program, pointer, module, base = hit.groups()
    trace = make_exit(_bare(program), signal="SIGSEGV")
    if module is None:
        return trace
    frame = Frame(module=module, offset=max(0, int(pointer, 16) - int(base, 16)))
    return Trace(
        ecosystem=Ecosystem.NATIVE,
        kind=TraceKind.SIGNAL,
        type=trace.type,
        message=trace.message,
        frames=(frame,),
        signal=trace.signal,
        program=trace.program,
        quality=1,
    )


def _read_exit(line: str) -> Trace | None:
    if "code=" in line:
        hit = _SYSTEMD.search(line) or _SYSV.search(line)
        if hit is not None:
            program, code, number = hit.groups()
            if code == "exited":
                return _read_status(program, int(number))
            return make_exit(_bare(program), signal=name_signal(number) or f"signal {number}")
    hit = _BY_SIGNAL.search(line)
    if hit is not None:
        signal = name_signal(hit.group(2))
        return make_exit(_bare(hit.group(1)), signal=signal) if signal else None
    hit = _BY_STATUS.search(line)
    if hit is not None:
        return _read_status(hit.group(1), int(hit.group(2)))
    hit = _SHELL.search(line)
    return make_exit(_bare(hit.group(2)), signal=name_signal(hit.group(1))) if hit else None


def _read_status(program: str | None, status: int) -> Trace | None:
    return make_exit(_bare(program), status=status) if status else None


_MAX_CHARS = 512
_MAX_BLOCKS = 64


def _read_line(line: str) -> Trace | None:
    return _read_oom(line) or _read_segfault(line) or _read_exit(line)


class ExitParser:
    """Reads single lines that tell of a process's end; a line that names the program wins."""

    name = "exits"
    ceiling = 57
    anchors = (
        "signal", "SIG", "exit", "code=", "OOM", "oom-kill", "ut of memory", "segfault at",
        "Segmentation fault", "Aborted", "Bus error", "Killed", "Illegal instruction",
        "Floating point exception", "status",
    )  # fmt: skip

    def parse(self, lines: Sequence[str]) -> list[Block]:
        """Find every line that tells of an end."""
        blocks = []
        for index, line in enumerate(lines):
            if not any(anchor in line for anchor in self.anchors):
                continue
            trace = _read_line(line[:_MAX_CHARS])
            if trace is not None:
                blocks.append(_make_block(trace, index))
                if len(blocks) == _MAX_BLOCKS:
                    break
        return blocks


def _make_block(trace: Trace, index: int) -> Block:
    # A bare status says less than an error code in the same text, a signal says more.
    score = 24 if trace.kind is TraceKind.EXIT else 42
    score += 6 * (trace.program is not None) + 4 * (trace.kind is TraceKind.OOM)
    score += 2 * (trace.signal is not None) + bool(trace.frames)
    why = f"{trace.program or 'a process'} ended: {trace.message}"
    return Block(trace, score, index, why)


PARSER = ExitParser()
