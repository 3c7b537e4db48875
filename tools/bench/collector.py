"""The collector's part of the bench: builds the pools, runs every load, prints each table."""

import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

from tools.bench import intake
from tools.bench.digesting import measure_digest
from tools.bench.intake import CONNECTIONS, OPEN_RATE, Runs
from tools.bench.pool import PoolPlan, build_pool
from tools.bench.runs import Run
from tools.bench.scale import Scale
from tools.bench.servers import Certificate, make_certificate
from tools.bench.slow_disk import build_shim, measure_slow, measure_sync_ms
from tools.bench.storm import FACTOR, OTHERS_RATE, USUAL_RATE, measure_storm
from tools.bench.tables import Row, at_least, at_most, write_table

Say = Callable[[list[str]], None]
PARTS = ("sustained", "connections", "crashes", "digest", "storm", "slow")
BARE_PARTS = frozenset({"sustained", "connections"})
"""Those in which the bare handler stands beside ours."""


def measure_collector(parts: Collection[str], scale: Scale, devices: int, say: Say) -> Run | None:
    """Measure parts of `PARTS`, printing each table when it is there; return the sustained run.

    `devices` is how many the errors come from; 0: one for each fault.
    """
    sustained = None
    with tempfile.TemporaryDirectory(prefix="faultbox-bench-") as name:
        folder = Path(name)
        errors, crashes = _build_pools(folder, scale, devices)
        certificate = make_certificate(folder)
        bare: Runs = {}
        if not BARE_PARTS.isdisjoint(parts):
            bare = intake.measure_bare(folder, errors, certificate, scale)
        if "sustained" in parts:
            sustained = _say_sustained(folder, errors, bare, scale, say)
        if "connections" in parts:
            _say_shapes(folder, errors, certificate, bare, scale, say)
        if "crashes" in parts:
            _say_crashes(folder, crashes, scale, say)
        if "digest" in parts:
            _say_digest(folder, errors, scale, say)
        if "storm" in parts:
            _say_storm(folder, scale, say)
        if "slow" in parts:
            _say_slow_disk(folder, errors, scale, say)
    return sustained


def _build_pools(folder: Path, scale: Scale, devices: int) -> tuple[Path, Path]:
    errors, crashes = folder / "errors.pool", folder / "crashes.pool"
    writing = [
        build_pool(errors, PoolPlan(scale.pool, devices=devices)),
        build_pool(crashes, PoolPlan(scale.crash_pool, crash=True, seed=2)),
    ]
    for one in writing:
        if one.wait() != 0:
            raise RuntimeError("a pool could not be written")
    return errors, crashes


def _say_sustained(folder: Path, pool: Path, bare: Runs, scale: Scale, say: Say) -> Run:
    run, peak_mib, disk_bytes = intake.measure_sustained(folder, pool, scale)
    kept = bare["kept"]
    rows = [
        Row(
            "acknowledged/s",
            run.answers.per_second,
            bare=kept.answers.per_second,
            bar=at_least(5000),
        ),
        Row("digested/s, draining included", run.digested_per_second, bar=at_least(2500)),
        Row("p50 to the receipt, ms", run.answers.p50_ms, "{:.2f}", kept.answers.p50_ms),
        Row("p99 to the receipt, ms", run.answers.p99_ms, "{:.2f}", kept.answers.p99_ms),
        Row("intake CPU per bundle, ms", run.intake_ms, "{:.3f}", kept.cpu_ms, at_most(0.20)),
        Row("intake and digest CPU per bundle, ms", run.cpu_ms, "{:.3f}", bar=at_most(0.40)),
        Row("a whole core's CPU would acknowledge/s", 1000 / run.intake_ms),
        Row("a whole core's CPU would digest/s", 1000 / run.cpu_ms),
        *(
            Row(f"  of it thread {thread}, ms", ms, "{:.3f}")
            for thread, ms in sorted(run.threads_ms.items())
        ),
        Row("memory of the server at its peak, MiB", peak_mib, bar=at_most(120)),
        Row("disk per occurrence, bytes", disk_bytes, bar=at_most(9000)),
        Row("draining after the last receipt, s", run.drain_seconds, "{:.1f}"),
        Row("CPU taken by others meanwhile, %", run.foreign_pct),
    ]
    seconds = round(run.answers.wall_seconds)
    say(write_table(f"{CONNECTIONS} kept connections for {seconds} s, {_sent(run)}", rows))
    return run


def _say_shapes(
    folder: Path,
    pool: Path,
    certificate: Certificate | None,
    bare: Runs,
    scale: Scale,
    say: Say,
) -> None:
    ours = intake.measure_shapes(folder, pool, certificate, scale)
    rows = [
        Row("p50, ms", ours["open"].answers.p50_ms, "{:.2f}", bare["open"].answers.p50_ms),
        Row(
            "p99, ms",
            ours["open"].answers.p99_ms,
            "{:.2f}",
            bare["open"].answers.p99_ms,
            at_most(10),
        ),
        Row("CPU per bundle, ms", ours["open"].cpu_ms, "{:.3f}", bare["open"].cpu_ms),
        Row("CPU taken by others meanwhile, %", ours["open"].foreign_pct),
    ]
    say(write_table(f"Open loop, {OPEN_RATE:.0f}/s, {_sent(ours['open'])}", rows))
    rows = []
    names = {"fresh": "a new connection each", "tls": "a new TLS connection each (P-256)"}
    for name, label in names.items():
        if name not in ours:
            continue
        run, floor = ours[name], bare[name]
        rows += [
            Row(f"{label}: acknowledged/s", run.answers.per_second, bare=floor.answers.per_second),
            Row("  CPU per bundle, ms", run.cpu_ms, "{:.3f}", floor.cpu_ms),
        ]
    if "tls_kept" in ours:
        kept = ours["tls_kept"]
        rows += [
            Row("kept TLS connections: acknowledged/s", kept.answers.per_second),
            Row("  CPU per bundle, ms", kept.cpu_ms, "{:.3f}"),
        ]
    say(write_table(f"Other connections, {CONNECTIONS} at a time", rows))


def _say_crashes(folder: Path, pool: Path, scale: Scale, say: Say) -> None:
    run = intake.measure_crashes(folder, pool, scale)
    rows = [
        Row("acknowledged/s", run.answers.per_second, bar=at_least(3500)),
        Row("digested/s, draining included", run.digested_per_second),
        Row("p99 to the receipt, ms", run.answers.p99_ms, "{:.2f}"),
        Row("intake CPU per bundle, ms", run.intake_ms, "{:.3f}"),
        Row("intake and digest CPU per bundle, ms", run.cpu_ms, "{:.3f}"),
    ]
    say(write_table(f"Crash bundles, {CONNECTIONS} kept connections, {_sent(run)}", rows))


def _say_digest(folder: Path, pool: Path, scale: Scale, say: Say) -> None:
    found = measure_digest(folder, pool, scale.digest_alone)
    rows = [
        Row("bundles/s on one core", found.per_second, bar=at_least(4000)),
        Row("CPU per bundle, ms", found.cpu_ms, "{:.3f}"),
        Row("a whole core's CPU would digest/s", 1000 / found.cpu_ms),
    ]
    say(write_table(f"Digest alone, {scale.digest_alone} bundles in packs", rows))


def _say_storm(folder: Path, scale: Scale, say: Say) -> None:
    found = measure_storm(folder, scale.short_seconds)
    rows = [
        Row("other product's p99 before, ms", found.before_p99_ms, "{:.2f}"),
        Row("other product's p99 during, ms", found.during_p99_ms, "{:.2f}"),
        Row("ratio", found.during_p99_ms / found.before_p99_ms, "{:.2f}", bar=at_most(2)),
        Row("storm's tickets", found.tickets, bar=at_most(1)),
        Row("storm's bundles acknowledged/s", found.stormed_per_second),
        Row("storm's bundles told to wait", found.refused),
        Row("other product's bundles told to wait", found.others_refused),
    ]
    title = f"One fault {USUAL_RATE:.0f}/s, then {FACTOR} times that; others {OTHERS_RATE:.0f}/s"
    say(write_table(title, rows))


def _say_slow_disk(folder: Path, pool: Path, scale: Scale, say: Say) -> None:
    rows = [Row("write and fdatasync of 8 KiB here, ms", measure_sync_ms(folder), "{:.3f}")]
    shim = build_shim(folder)
    if shim is None:
        say([*write_table("Slow disk", rows)[:-1], "  no C compiler: the rest is left out", ""])
        return
    for added_ms, connections in scale.slow:
        run = measure_slow(folder, pool, shim, added_ms, connections, scale.short_seconds)
        rows += [
            Row(f"+{added_ms} ms, {connections} connections: ack/s", run.answers.per_second),
            Row("  p99 to the receipt, ms", run.answers.p99_ms, "{:.1f}"),
            Row("  digested/s, draining included", run.digested_per_second),
        ]
    say(write_table("Slow disk: milliseconds added to every fsync and fdatasync", rows))


def _sent(run: Run) -> str:
    refused = {status: count for status, count in run.answers.statuses.items() if status != "202"}
    others = f", other answers {refused}" if refused else ""
    broken = f", {run.answers.errors} connections lost" if run.answers.errors else ""
    return f"{run.answers.acknowledged} bundles of {run.answers.body_bytes} bytes{others}{broken}"
