"""A load in a process of its own: reads its plan as JSON from standard input, prints figures.

Every stream of the plan runs at the same time. Latencies go from sending the first byte (or, in an
open loop, from the moment the bundle was due) to having read the whole receipt.
"""

import asyncio
import gc
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tools.bench.client import Stream, StreamPlan
from tools.bench.pool import Pool

ROOT = Path(__file__).resolve().parents[2]
ANSWERS_SECONDS = 60.0
"""How long the last answers may take."""
LAST_IDS = 256
"""So many ids acknowledged last are given, so that the digest's end can be watched."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of a stream."""

    statuses: dict[str, int]
    acknowledged: int
    next: int
    """Number of the first bundle of the pool that was not sent."""
    wall_seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    errors: int
    body_bytes: int
    client_cpu_seconds: float
    last_ids: list[str] = field(repr=False)

    @property
    def per_second(self) -> float:
        """Bundles acknowledged per second."""
        return self.acknowledged / self.wall_seconds


def send_load(core: int | None, *streams: StreamPlan) -> list[Answers]:
    """Run streams in a process of its own and return what came of each."""
    plan = {"core": core, "streams": [asdict(one) for one in streams]}
    done = subprocess.run(
        [sys.executable, "-m", "tools.bench.load"],
        cwd=ROOT,
        input=json.dumps(plan).encode(),
        check=True,
        timeout=max(one.seconds for one in streams) + ANSWERS_SECONDS,
        stdout=subprocess.PIPE,
    )
    return [Answers(**one) for one in json.loads(done.stdout)]


async def run(plans: Sequence[StreamPlan]) -> list[Answers]:
    """Run every stream and return what came of each."""
    streams = [Stream(plan) for plan in plans]
    before = time.process_time()
    await asyncio.gather(*(one.run() for one in streams))
    cpu_seconds = time.process_time() - before
    return [_sum_up(one, cpu_seconds) for one in streams]


def _sum_up(stream: Stream, cpu_seconds: float) -> Answers:
    pool = Pool(Path(stream.plan.pool))
    latencies = sorted(stream.latencies) or [0.0]
    sent = len(stream.latencies)
    return Answers(
        statuses={str(status): count for status, count in sorted(stream.statuses.items())},
        acknowledged=len(stream.acknowledged),
        next=stream.next,
        wall_seconds=stream.wall_seconds,
        p50_ms=1000 * latencies[len(latencies) // 2],
        p99_ms=1000 * latencies[len(latencies) * 99 // 100],
        max_ms=1000 * latencies[-1],
        errors=stream.errors,
        body_bytes=stream.sent_bytes // max(1, sent),
        client_cpu_seconds=cpu_seconds,
        last_ids=[pool[number].id.hex() for number in stream.acknowledged[-LAST_IDS:]],
    )


def main() -> None:
    """Run the plan of standard input."""
    plan = json.load(sys.stdin)
    if plan["core"] is not None:
        os.sched_setaffinity(0, {plan["core"]})
    plans = [StreamPlan(**one) for one in plan["streams"]]
    # epoll rounds a wait up to a whole millisecond; moments that are due need the finer select.
    precise = any(one.rate for one in plans)
    selector = selectors.SelectSelector() if precise else selectors.DefaultSelector()
    gc.disable()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        found = runner.run(run(plans))
    json.dump([asdict(one) for one in found], sys.stdout)


if __name__ == "__main__":
    main()
