"""One load against one server, with everything that is counted while it runs."""

import time
from collections import defaultdict
from dataclasses import dataclass, replace

from tools.bench.client import StreamPlan
from tools.bench.load import Answers, send_load
from tools.bench.processes import Moment
from tools.bench.servers import CLIENT_CORE, Server

INTAKE_THREADS = frozenset({"MainThread", "inbox"})


@dataclass(frozen=True, slots=True)
class Run:
    """What one load brought."""

    answers: Answers
    drain_seconds: float
    """From the last receipt to the last bundle digested."""
    cpu_ms: float
    """CPU of the server for each bundle, digest included."""
    threads_ms: dict[str, float]
    """The same by thread, where the server tells its threads' names."""
    foreign_pct: float
    """CPU that others took meanwhile, of the whole machine's busy time."""

    @property
    def digested_per_second(self) -> float:
        """Bundles that became occurrences, from the first request to the last of the digest."""
        return self.answers.acknowledged / (self.answers.wall_seconds + self.drain_seconds)

    @property
    def intake_ms(self) -> float:
        """CPU for each bundle of the threads that receive and store."""
        return sum(ms for name, ms in self.threads_ms.items() if name in INTAKE_THREADS)


def warm_up(server: Server, plan: StreamPlan, product: str) -> int:
    """Send a few bundles of a plan, digest them, and return the first number not sent."""
    answers = send_load(CLIENT_CORE, replace(plan, seconds=0.7, rate=0.0))[0]
    if product:
        server.wait_digested(answers, product)
    return answers.next


def measure(server: Server, plan: StreamPlan, product: str = "") -> Run:
    """Run a load; with a product, wait until its bundles are digested."""
    before, began = server.moment(), time.process_time()
    answers = send_load(CLIENT_CORE, plan)[0]
    received = time.perf_counter()
    drain_seconds = 0.0
    if product:
        server.wait_digested(answers, product)
        drain_seconds = time.perf_counter() - received
    after, own = server.moment(), time.process_time() - began
    names = server.thread_names()
    return _count(answers, drain_seconds, before, after, own, names)


def _count(
    answers: Answers,
    drain_seconds: float,
    before: Moment,
    after: Moment,
    own_seconds: float,
    names: dict[int, str],
) -> Run:
    bundles = max(1, answers.acknowledged)
    threads: defaultdict[str, float] = defaultdict(float)
    for number, seconds in after.threads.items():
        spent = seconds - before.threads.get(number, 0.0)
        threads[names.get(number, "other").partition("_")[0]] += 1000 * spent / bundles
    server_seconds = after.own_seconds - before.own_seconds
    busy = after.busy_seconds - before.busy_seconds
    foreign = busy - server_seconds - answers.client_cpu_seconds - own_seconds
    return Run(
        answers=answers,
        drain_seconds=drain_seconds,
        cpu_ms=1000 * server_seconds / bundles,
        threads_ms=dict(threads),
        foreign_pct=max(0.0, 100 * foreign / busy),
    )
