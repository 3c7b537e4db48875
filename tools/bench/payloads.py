"""What happened on fifty devices, as plain records: the one source of every payload of the bench.

An error is a Python exception 21 calls deep, each call with its locals and the source around it,
40 breadcrumbs and 80 packages: some 40 kB as JSON. A crash has the same traceback and a thousand
log lines, 120 processes, the state of the machine and 150 kernel messages: some 175 kB as JSON.
Fifty different faults, one device each. `templates` writes them as bundles, `envelopes` as what a
Sentry SDK sends, so that every server gets the same content.
"""

import random
from dataclasses import dataclass
from pathlib import Path

from faultbox_protocol.report import Plain

FAULTS = 50
DEPTH = 21
CRUMBS = 40
PACKAGES = 80
LOG_LINES = 1000
PROCESSES = 120
KERNEL_LINES = 150

_WORDS = (Path(__file__).parent / "words.txt").read_text().split()
_TYPES = (
    "ValueError",
    "KeyError",
    "RuntimeError",
    "TimeoutError",
    "ConnectionResetError",
    "OSError",
    "IndexError",
    "TypeError",
    "ZeroDivisionError",
    "AttributeError",
)
_LEVELS = ("debug", "info", "info", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Call:
    """One call on the way to the exception."""

    function: str
    module: str
    file: str
    line: int
    before: tuple[str, ...]
    text: str
    after: tuple[str, ...]
    values: dict[str, Plain]
    """The call's locals, each as `repr` has it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log, `dt_ms` before the fault."""

    dt_ms: int
    level: str
    unit: str
    text: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one device."""

    number: int
    serial: str
    type: str
    message: str
    code: str
    calls: tuple[Call, ...]
    """Outermost first."""
    crumbs: tuple[Line, ...]
    packages: dict[str, str]
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a crash has beyond the traceback."""

    log: tuple[Line, ...]
    kernel: tuple[Line, ...]
    state: dict[str, Plain]
    processes: tuple[dict[str, Plain], ...]


def make_fault(number: int) -> Fault:
    """Return fault `number`, from 0 to 49; always the same."""
    draw = random.Random(7000 + number)
    message = f"{draw.choice(_WORDS)} failed with code E-{200 + number}"
    kind = _TYPES[number % len(_TYPES)]
    return Fault(
        number=number,
        serial=make_serial(number),
        type=kind,
        message=message,
        code=f"E-{200 + number}",
        calls=_make_calls(number, draw, kind, message),
        crumbs=_make_lines(draw, CRUMBS),
        packages={
            f"{_pair(draw, '-')}-{index}": ".".join(str(draw.randint(0, 30)) for _ in range(3))
            for index in range(PACKAGES)
        },
        tags={name: f"{name}-{draw.randint(1, 9)}" for name in ("model", "batch", "site", "fw")},
    )


def make_surroundings(number: int) -> Surroundings:
    """Return what surrounds fault `number` where it is a crash; always the same."""
    draw = random.Random(9000 + number)
    return Surroundings(
        log=_make_lines(draw, LOG_LINES),
        kernel=tuple(
            Line(-draw.randint(1, 10**6), "info", "kernel", _kernel_text(draw))
            for _ in range(KERNEL_LINES)
        ),
        state=_make_state(draw),
        processes=tuple(_make_process(draw) for _ in range(PROCESSES)),
    )


def make_serial(device: int) -> str:
    """Return the serial number of a device, eight characters."""
    return f"SN{device:06d}"


def _make_calls(number: int, draw: random.Random, kind: str, message: str) -> tuple[Call, ...]:
    modules = [f"fleet{number:02d}.{_pair(draw, '_')}" for _ in range(4)]
    names = [f"{_pair(draw, '_')}_{level}" for level in range(DEPTH)]
    functions: list[Plain] = [
        f"<function {name} at 0x7f{draw.getrandbits(40):010x}>" for name in names
    ]
    calls = []
    for level, name in enumerate(names):
        module = modules[min(level // 5, 3)]
        source = _make_source(draw, name, level)
        at = 8 if level < DEPTH - 1 else 7
        calls.append(
            Call(
                function=name,
                module=module,
                file=f"/opt/fleet/lib/python3.11/site-packages/{module.replace('.', '/')}.py",
                line=5 + 14 * (level % 5) + at,
                before=tuple(source[at - 5 : at]),
                text=source[at],
                after=tuple(source[at + 1 : at + 6]),
                values=_make_values(draw, functions[level + 1 :], level, kind, message),
            )
        )
    return tuple(calls)


def _make_source(draw: random.Random, name: str, level: int) -> list[str]:
    return [
        f"def {name}(job, rest, depth):",
        f"    # {' '.join(draw.choice(_WORDS) for _ in range(8))}",
        f"    tries = depth * {draw.randint(2, 9)}",
        f"    unit = 'UNIT-%04d' % (tries * {draw.randint(11, 97)})",
        f"    found = dict({_pair(draw, '_')}=tries, {draw.choice(_WORDS)}_ms=tries * 1.5)",
        f"    samples = [tries + step for step in range({draw.randint(4, 12)})]",
        f"    logger.debug('{_pair(draw, ' ')} tries=%s', tries)",
        "    if not rest: raise job.failure(job.message)",
        "    answer = rest[0](job, rest[1:], depth + 1)",
        f"    found['{draw.choice(_WORDS)}_{level}'] = answer",
        "    return answer",
        "",
        f"# {' '.join(draw.choice(_WORDS) for _ in range(6))}",
        f"LIMIT_{draw.choice(_WORDS).upper()} = {draw.randint(1, 999)}",
    ]


def _make_values(
    draw: random.Random, rest: list[Plain], level: int, kind: str, message: str
) -> dict[str, Plain]:
    tries = level * draw.randint(2, 9)
    return {
        "job": {"failure": f"<class '{kind}'>", "message": repr(message)},
        "rest": rest[:10],
        "depth": str(level),
        "tries": str(tries),
        "unit": f"'UNIT-{draw.randint(0, 9999):04d}'",
        "found": {_pair(draw, "_"): str(tries), f"{draw.choice(_WORDS)}_ms": str(tries * 1.5)},
        "samples": [str(tries + step) for step in range(draw.randint(4, 12))],
    }


def _make_lines(draw: random.Random, count: int) -> tuple[Line, ...]:
    dt_ms = 0
    lines = []
    for _ in range(count):
        dt_ms -= draw.randint(1, 800)
        unit = f"{draw.choice(_WORDS)}.{draw.choice(_WORDS)}"
        lines.append(Line(dt_ms, draw.choice(_LEVELS), unit, _log_text(draw)))
    return tuple(reversed(lines))


def _log_text(draw: random.Random) -> str:
    one, two, three = draw.choice(_WORDS), draw.choice(_WORDS), draw.choice(_WORDS)
    texts = (
        f"{one} {two} polled in {draw.random() * 40:.2f} ms, sequence {draw.randint(1, 10**6)}",
        f"PUT /v2/{one}/{draw.randint(1, 9999)} 204 {draw.randint(80, 90000)} bytes "
        f"{draw.random() * 300:.1f} ms",
        f"{one} tries {draw.randint(1, 5)} of 5 after {two} {three}: E-{draw.randint(100, 599)}",
        f"from {one} to {two} because of {three}, {draw.random() * 60 + 20:.1f} C "
        f"{draw.random() + 3.2:.3f} V",
        f"job {draw.getrandbits(32):08x} {one} ended after {draw.random() * 9:.3f} s, "
        f"{draw.randint(20000, 90000)} kB",
        f"peer {draw.getrandbits(64):016x} at 10.{draw.randint(0, 255)}.{draw.randint(0, 255)}."
        f"{draw.randint(1, 254)} left {one}",
    )
    return draw.choice(texts)


def _kernel_text(draw: random.Random) -> str:
    return (
        f"[{draw.random() * 99999:12.6f}] {_pair(draw, ' ')}: {draw.choice(_WORDS)} "
        f"status=0x{draw.getrandbits(32):08x}"
    )


def _make_state(draw: random.Random) -> dict[str, Plain]:
    zones: dict[str, Plain] = {f"zone{i}": round(draw.random() * 60 + 25, 1) for i in range(6)}
    return {
        "uptime_ms": draw.randint(10**5, 10**10),
        "load": [round(draw.random() * 4, 2) for _ in range(3)],
        "cpu_pct": [round(draw.random() * 100, 1) for _ in range(4)],
        "mem_avail_b": draw.randint(1 << 20, 2 << 30),
        "swap_used_b": draw.randint(0, 1 << 28),
        "disks": [
            {"mount": mount, "total_b": 8 << 30, "free_b": draw.randint(0, 8 << 30)}
            for mount in ("/", "/data", "/var/log", "/boot")
        ],
        "net": [
            {"name": name, "rx_b": draw.getrandbits(36), "tx_b": draw.getrandbits(36)}
            for name in ("eth0", "wlan0", "wwan0", "lo")
        ],
        "temp_c": zones,
    }


def _make_process(draw: random.Random) -> dict[str, Plain]:
    name = f"{draw.choice(_WORDS)}d"
    return {
        "pid": draw.randint(1, 32000),
        "name": name,
        "cpu_pct": round(draw.random() * 20, 1),
        "rss_b": draw.randint(1, 400) * 65536,
        "threads": draw.randint(1, 30),
        "files": draw.randint(3, 200),
        "args": f"/usr/bin/{name} --config /etc/{draw.choice(_WORDS)}.conf "
        f"--instance {draw.randint(0, 9)}",
        "state": draw.choice("SSSSRD"),
        "started_ms": (1795000000 + draw.randint(0, 300000)) * 1000,
    }


def _pair(draw: random.Random, between: str) -> str:
    return f"{draw.choice(_WORDS)}{between}{draw.choice(_WORDS)}"
