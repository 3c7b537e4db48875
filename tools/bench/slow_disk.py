"""The same load on a slower disk: milliseconds are added to every fsync and fdatasync."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter

from tools.bench.client import StreamPlan
from tools.bench.runs import Run, measure, warm_up
from tools.bench.servers import UNLIMITED, serve_faultbox
from tools.bench.templates import PRODUCT

SOURCE = Path(__file__).parent / "slow_sync.c"
_SYNCS = 100


def build_shim(folder: Path) -> Path | None:
    """Return the compiled library that makes syncs slow; None where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    library = folder / "slow_sync.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
    return library


def measure_slow(
    folder: Path, pool: Path, shim: Path, added_ms: int, connections: int, seconds: float
) -> Run:
    """Return a run over kept connections with `added_ms` added to every sync."""
    slow = {"LD_PRELOAD": str(shim), "FAULTBOX_BENCH_SYNC_MS": str(added_ms)}
    data = folder / f"slow-{added_ms}-{connections}"
    with serve_faultbox(data, settings={**UNLIMITED, **slow}) as server:
        plan = StreamPlan(
            server.url, server.key(PRODUCT), str(pool), seconds, connections=connections
        )
        first = warm_up(server, plan, PRODUCT)
        return measure(server, replace(plan, first=first), PRODUCT)


def measure_sync_ms(folder: Path) -> float:
    """Return what appending 8 KiB and one fdatasync take in this folder, the median."""
    taken = []
    with (folder / "sync").open("ab", buffering=0) as file:
        for _ in range(_SYNCS):
            begun = perf_counter()
            file.write(bytes(8192))
            os.fdatasync(file.fileno())
            taken.append(1000 * (perf_counter() - begun))
    return median(taken)
