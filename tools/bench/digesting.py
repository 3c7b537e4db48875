"""The digest alone: a server that is started on packs full of bundles and gets no request.

A pack is a run of frames, an arrival and the bundle as it came, so the packs are written here: the
arrival of a first bundle, sent to the server before, stands in front of every other.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from faultbox_protocol import framing
from tools.bench.client import StreamPlan
from tools.bench.load import send_load
from tools.bench.pool import Pool
from tools.bench.runs import INTAKE_THREADS
from tools.bench.servers import CLIENT_CORE, Server, serve_faultbox
from tools.bench.templates import PRODUCT

PACK_BYTES = 64 * 1024 * 1024
_TENTH = 10


@dataclass(frozen=True, slots=True)
class DigestFigures:
    """What the digest does when it has the core to itself."""

    per_second: float
    cpu_ms: float
    """CPU of its threads for each bundle."""


def measure_digest(folder: Path, pool_path: Path, count: int) -> DigestFigures:
    """Return how fast a backlog of `count` bundles is digested."""
    data = folder / "digest"
    with serve_faultbox(data) as server:
        key = server.key(PRODUCT)
        plan = StreamPlan(server.url, key, str(pool_path), 0.1, connections=1)
        first = send_load(CLIENT_CORE, plan)[0]
        server.wait_digested(first, PRODUCT)
    pool = Pool(pool_path)
    numbers = range(first.next, first.next + count)
    fill_packs(data / "packs", pool, numbers)
    with serve_faultbox(data) as server:
        server.keys[PRODUCT] = key
        early, late = numbers[count // _TENTH], numbers[-1]
        begun = _wait(server, pool[early].id)
        spent_before = _digest_seconds(server)
        ended = _wait(server, pool[late].id)
        done = count - count // _TENTH
        return DigestFigures(
            done / (ended - begun), 1000 * (_digest_seconds(server) - spent_before) / done
        )


def fill_packs(packs: Path, pool: Pool, numbers: range) -> None:
    """Append bundles to the packs, each behind the arrival of the first bundle there."""
    newest = max(packs.glob("*.fbp"))
    data = newest.read_bytes()
    arrival = data[: framing.read_frame(memoryview(data), 0).end]
    number, room = int(newest.stem), PACK_BYTES - len(data)
    file = newest.open("ab")
    for one in numbers:
        if room <= 0:
            file.close()
            number, room = number + 1, PACK_BYTES
            file = (packs / f"{number:08d}.fbp").open("xb")
        parts = pool[one]
        room -= file.write(b"".join((arrival, parts.head, parts.tail, parts.end)))
    file.close()


def _wait(server: Server, bundle_id: bytes) -> float:
    end = time.monotonic() + 300
    while time.monotonic() < end:
        if server.is_digested(bundle_id.hex(), PRODUCT):
            return time.perf_counter()
        time.sleep(0.02)
    raise TimeoutError("the packs are not digested")


def _digest_seconds(server: Server) -> float:
    names = server.thread_names()
    spent = server.moment().threads
    return sum(s for thread, s in spent.items() if names.get(thread) not in INTAKE_THREADS)
