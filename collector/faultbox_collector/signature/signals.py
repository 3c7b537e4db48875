"""Signal names and numbers of Linux, whatever machine the collector runs on."""

SIGNALS = {
    1: "SIGHUP",
    2: "SIGINT",
    3: "SIGQUIT",
    4: "SIGILL",
    5: "SIGTRAP",
    6: "SIGABRT",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL",
    10: "SIGUSR1",
    11: "SIGSEGV",
    12: "SIGUSR2",
    13: "SIGPIPE",
    14: "SIGALRM",
    15: "SIGTERM",
    16: "SIGSTKFLT",
    24: "SIGXCPU",
    25: "SIGXFSZ",
    31: "SIGSYS",
}
NAMES = frozenset(SIGNALS.values())
_ALIASES = {"SIGIOT": "SIGABRT", "SIGUNUSED": "SIGSYS"}
_DESCRIPTIONS = {
    "segmentation fault": "SIGSEGV",
    "aborted": "SIGABRT",
    "bus error": "SIGBUS",
    "floating point exception": "SIGFPE",
    "illegal instruction": "SIGILL",
    "trace/breakpoint trap": "SIGTRAP",
    "bad system call": "SIGSYS",
    "killed": "SIGKILL",
    "terminated": "SIGTERM",
    "broken pipe": "SIGPIPE",
    "hangup": "SIGHUP",
    "quit": "SIGQUIT",
    "cpu time limit exceeded": "SIGXCPU",
    "file size limit exceeded": "SIGXFSZ",
}
"""What a shell prints for a child that died of a signal."""


def name_signal(text: str) -> str | None:
    """Give the name for `11`, `SEGV`, `SIGSEGV` or `Segmentation fault`; None for anything else."""
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return SIGNALS.get(int(text[:4]))
    name = text.upper()
    name = name if name.startswith("SIG") else f"SIG{name}"
    name = _ALIASES.get(name, name)
    return name if name in NAMES else _DESCRIPTIONS.get(text.lower())


def name_exit_status(status: int) -> str | None:
    """Give the signal that a shell or a container hides in an exit status of 128 + n."""
    return SIGNALS.get(status - 128) if 128 < status < 160 else None
