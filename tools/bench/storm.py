"""A storm: one fault comes a hundred times as often; what do the other products feel of it?"""

from dataclasses import dataclass, replace
from pathlib import Path

from tools.bench.client import StreamPlan
from tools.bench.load import Answers, send_load
from tools.bench.pool import PoolPlan, build_pool
from tools.bench.servers import CLIENT_CORE, Server, serve_faultbox
from tools.bench.templates import PRODUCT

OTHER = "Gateway 7"
OTHERS_RATE = 200.0
USUAL_RATE = 20.0
FACTOR = 100
DEVICES = 2000


@dataclass(frozen=True, slots=True)
class StormFigures:
    """What a storm of one fault did."""

    before_p99_ms: float
    """Of the other product's receipts while all is quiet."""
    during_p99_ms: float
    stormed_per_second: float
    """Bundles of the storm that were acknowledged."""
    refused: int
    """Bundles of the storm that were answered with 429 or 503."""
    others_refused: int
    tickets: int
    """Opened for the storm's fault."""


def measure_storm(folder: Path, seconds: float) -> StormFigures:
    """Let one fault come 20 times a second, then 2,000 times, and watch another product.

    The limits are those of a new installation.
    """
    pools = [folder / "others.pool", folder / "storm.pool"]
    counts = [int(OTHERS_RATE * (2 * seconds + 3)), int(USUAL_RATE * (FACTOR + 1) * seconds) + 500]
    plans = [
        PoolPlan(counts[0], seed=11, product=OTHER, devices=DEVICES, faults=(1, 50)),
        PoolPlan(counts[1], seed=12, devices=DEVICES, faults=(0, 1)),
    ]
    for one in [build_pool(path, plan) for path, plan in zip(pools, plans, strict=True)]:
        one.wait()
    with serve_faultbox(folder / "storm", settings={}) as server:
        others = StreamPlan(
            server.url, server.key(OTHER), str(pools[0]), seconds, connections=32, rate=OTHERS_RATE
        )
        storm = replace(others, key=server.key(PRODUCT), pool=str(pools[1]), rate=USUAL_RATE)
        warm = send_load(CLIENT_CORE, replace(others, seconds=1.0), replace(storm, seconds=1.0))
        calm = _run(server, [others, storm], warm)
        loud = _run(server, [others, replace(storm, rate=USUAL_RATE * FACTOR)], calm)
        return StormFigures(
            before_p99_ms=calm[0].p99_ms,
            during_p99_ms=loud[0].p99_ms,
            stormed_per_second=loud[1].per_second,
            refused=_count_refused(loud[1]),
            others_refused=_count_refused(loud[0]),
            tickets=sum(one["product"] == PRODUCT for one in server.list_tickets()),
        )


def _run(server: Server, plans: list[StreamPlan], before: list[Answers]) -> list[Answers]:
    """Run both streams where the run before ended, and wait for the digest."""
    going_on = [replace(plan, first=one.next) for plan, one in zip(plans, before, strict=True)]
    found = send_load(CLIENT_CORE, *going_on)
    for answers, product in zip(found, (OTHER, PRODUCT), strict=True):
        server.wait_digested(answers, product)
    return found


def _count_refused(answers: Answers) -> int:
    return answers.statuses.get("429", 0) + answers.statuses.get("503", 0)
