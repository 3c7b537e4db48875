"""How fast bundles become durable and digested: ours beside the bare handler, in one run."""

from dataclasses import replace
from pathlib import Path

from tools.bench.client import StreamPlan
from tools.bench.processes import measure_data
from tools.bench.runs import Run, measure, warm_up
from tools.bench.scale import Scale
from tools.bench.servers import Certificate, Server, serve_bare, serve_faultbox
from tools.bench.templates import PRODUCT

CONNECTIONS = 64
OPEN_RATE = 1000.0

Runs = dict[str, Run]


def measure_bare(folder: Path, pool: Path, certificate: Certificate | None, scale: Scale) -> Runs:
    """Return the bare handler's runs: keep-alive, a new connection each, a new TLS one, 1,000/s."""
    with serve_bare(folder) as server:
        plan = _plan(server, "none", pool, scale.short_seconds)
        first = warm_up(server, plan, "")
        plan = replace(plan, first=first)
        found = {
            "kept": measure(server, plan),
            "fresh": measure(server, replace(plan, fresh=True)),
            "open": measure(server, replace(plan, rate=OPEN_RATE)),
        }
    if certificate:
        with serve_bare(folder, certificate) as server:
            plan = _plan(server, "none", pool, scale.short_seconds)
            found["tls"] = measure(server, replace(plan, fresh=True))
    return found


def measure_sustained(folder: Path, pool: Path, scale: Scale) -> tuple[Run, float, float]:
    """Return the long run over kept connections, peak MiB, and disk bytes per occurrence."""
    with serve_faultbox(folder / "sustained") as server:
        plan = _plan(server, server.key(PRODUCT), pool, scale.long_seconds)
        empty = measure_data(server.data)
        first = warm_up(server, plan, PRODUCT)
        run = measure(server, replace(plan, first=first), PRODUCT)
        _check_count(server, first + run.answers.acknowledged)
        peak_mib = server.peak_mib()
    taken = measure_data(server.data) - empty
    return run, peak_mib, taken / (first + run.answers.acknowledged)


def measure_shapes(folder: Path, pool: Path, certificate: Certificate | None, scale: Scale) -> Runs:
    """Return our runs at 1,000/s, with a new connection each, and with a new TLS one."""
    found = {}
    with serve_faultbox(folder / "shapes") as server:
        plan = _plan(server, server.key(PRODUCT), pool, scale.middle_seconds)
        first = warm_up(server, plan, PRODUCT)
        found["open"] = measure(server, replace(plan, first=first, rate=OPEN_RATE), PRODUCT)
        first = found["open"].answers.next
        plan = replace(plan, first=first, seconds=scale.short_seconds, fresh=True)
        found["fresh"] = measure(server, plan, PRODUCT)
    if certificate:
        with serve_faultbox(folder / "tls", certificate) as server:
            plan = _plan(server, server.key(PRODUCT), pool, scale.short_seconds)
            found["tls"] = measure(server, replace(plan, fresh=True), PRODUCT)
            plan = replace(plan, first=found["tls"].answers.next)
            found["tls_kept"] = measure(server, plan, PRODUCT)
    return found


def measure_crashes(folder: Path, pool: Path, scale: Scale) -> Run:
    """Return a run of crash bundles over kept connections."""
    with serve_faultbox(folder / "crashes") as server:
        plan = _plan(server, server.key(PRODUCT), pool, scale.short_seconds)
        first = warm_up(server, replace(plan, connections=8), PRODUCT)
        return measure(server, replace(plan, first=first), PRODUCT)


def _plan(server: Server, key: str, pool: Path, seconds: float) -> StreamPlan:
    return StreamPlan(
        server.url,
        key,
        str(pool),
        seconds,
        connections=CONNECTIONS,
        ca_file=server.ca_file,
        echoes=key != "none",
    )


def _check_count(server: Server, count: int) -> None:
    """Fail where a bundle was lost or counted twice: such figures would be worth nothing."""
    found = server.count_occurrences()
    if found != count:
        raise RuntimeError(f"{count} bundles acknowledged, {found} occurrences")
