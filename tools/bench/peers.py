"""Bugsink beside ours: the same fifty errors, sent as a Sentry SDK would."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tools.bench.bugsink import Bugsink, install, serve_bugsink
from tools.bench.client import StreamPlan
from tools.bench.envelopes import SDK, make_envelopes
from tools.bench.load import Answers, send_load
from tools.bench.pool import write_bodies
from tools.bench.runs import Run
from tools.bench.servers import CLIENT_CORE

IN_FLIGHT = (16, 64)
SECONDS = 10.0
ENVELOPES = 6000
_STALLED_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class PeerFigures:
    """What a peer did."""

    in_flight: int
    answers: Answers
    processed_per_second: float
    missing: int
    """Accepted and never processed."""
    cpu_ms: float


def measure_bugsink() -> list[PeerFigures]:
    """Return Bugsink's figures at each number in flight."""
    programs = install()
    with tempfile.TemporaryDirectory(prefix="faultbox-bench-") as name:
        pool = Path(name) / "envelopes.pool"
        write_bodies(pool, make_envelopes(ENVELOPES))
        found = []
        with serve_bugsink(programs, Path(name) / "bugsink") as peer:
            first = _send(peer, pool, 0, 4, 1.0).next
            _drain(peer, first)
            for in_flight in IN_FLIGHT:
                found.append(_measure(peer, pool, first, in_flight))
                first = found[-1].answers.next
        return found


def write_peers(found: list[PeerFigures], ours: Run | None) -> list[str]:
    """Return the lines of the table; ratios are to the sustained run where there is one."""
    lines = ["Bugsink 2.6, the same 50 errors as envelopes, gzip -9"]
    for one in found:
        lines += [
            f"  {one.in_flight} in flight, {one.answers.acknowledged} accepted of "
            f"{one.answers.body_bytes} bytes, {one.answers.statuses}, {one.missing} not processed",
            f"    accepted/s   {one.answers.per_second:8.0f}   p99 {one.answers.p99_ms:.0f} ms",
            f"    processed/s  {one.processed_per_second:8.1f}   CPU {one.cpu_ms:.1f} ms each",
        ]
        if ours:
            accepted = ours.answers.per_second / one.answers.per_second
            processed = ours.digested_per_second / one.processed_per_second
            lines.append(
                f"    ours, durable and kept connections: {accepted:.0f} times accepted, "
                f"{processed:.0f} times processed (50 to reach, 100 wanted), "
                f"{one.cpu_ms / ours.cpu_ms:.0f} times less CPU"
            )
    return [*lines, ""]


def _measure(peer: Bugsink, pool: Path, first: int, in_flight: int) -> PeerFigures:
    before, spent = peer.count_processed(), peer.cpu_seconds()
    begun = time.perf_counter()
    answers = _send(peer, pool, first, in_flight, SECONDS)
    processed = _drain(peer, before + answers.acknowledged) - before
    seconds = time.perf_counter() - begun
    if processed < answers.acknowledged:
        seconds -= _STALLED_SECONDS
    return PeerFigures(
        in_flight,
        answers,
        processed / seconds,
        answers.acknowledged - processed,
        1000 * (peer.cpu_seconds() - spent) / max(1, processed),
    )


def _send(peer: Bugsink, pool: Path, first: int, in_flight: int, seconds: float) -> Answers:
    key = f"X-Sentry-Auth: Sentry sentry_key={peer.key}, sentry_version=7, sentry_client={SDK}"
    plan = StreamPlan(
        peer.url,
        "",
        str(pool),
        seconds,
        first=first,
        connections=in_flight,
        echoes=False,
        path=f"/api/{peer.project}/envelope/",
        header=f"{key}\r\nContent-Type: application/x-sentry-envelope\r\nContent-Encoding: gzip",
        accepted=200,
    )
    return send_load(CLIENT_CORE, plan)[0]


def _drain(peer: Bugsink, count: int) -> int:
    """Return how many are processed when all are, or when nothing has moved for a while."""
    found, moved = peer.count_processed(), time.monotonic()
    while found < count and time.monotonic() - moved < _STALLED_SECONDS:
        time.sleep(0.1)
        now = peer.count_processed()
        if now != found:
            found, moved = now, time.monotonic()
    return found
