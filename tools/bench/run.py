"""`make bench`: every figure of speed and size, taken in one run on this machine.

Usage: run.py [--peers] [--devices N] [PART...]. Without parts: all of them. QUICK=1 takes a shorter
look; --peers installs Bugsink into a cache outside the tree and runs it beside ours; --devices lets
the errors come from so many devices, in place of one for each fault.
"""

import argparse
import os
import platform
import sys
import time

from tools.bench import agent
from tools.bench.collector import PARTS, measure_collector
from tools.bench.peers import measure_bugsink, write_peers
from tools.bench.reports import measure_sizes
from tools.bench.scale import QUICK, WHOLE
from tools.bench.servers import CLIENT_CORE, SERVER_CORE, TWO_CORES
from tools.bench.templates import measure_payloads


def main() -> int:
    """Measure and print."""
    begun = time.monotonic()
    parts, devices = _read_arguments()
    scale = QUICK if os.environ.get("QUICK") == "1" else WHOLE
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    if TWO_CORES:
        print(f"server on core {SERVER_CORE}, load on core {CLIENT_CORE}")
    else:
        print("one core: server and load share it")
    print("limits of keys and devices raised, but for the storm; rates depend on what others do")
    for name, sizes in measure_payloads().items():
        print(f"{name}: {sizes['json_bytes']} bytes as JSON, {sizes['bundle_bytes']} as a bundle")
    print()
    sustained = None
    if not parts.isdisjoint(PARTS):
        sustained = measure_collector(parts, scale, devices, say)
    if "peers" in parts:
        say(write_peers(measure_bugsink(), sustained))
    if "sizes" in parts:
        print_sizes(measure_sizes())
    if "agent" in parts:
        print_agent(agent.measure(scale.idle_seconds))
    print(f"\ntaken in {time.monotonic() - begun:.0f} s")
    return 0


def _read_arguments() -> tuple[set[str], int]:
    """Return the parts to be measured and the number of devices."""
    known = (*PARTS, "sizes", "agent")
    parser = argparse.ArgumentParser(description="Measure speed and size.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(known)}")
    parser.add_argument("--peers", action="store_true", help="run Bugsink beside ours")
    parser.add_argument("--devices", type=int, default=0, metavar="N", help="errors of N devices")
    options = parser.parse_args()
    chosen: list[str] = options.parts
    strange = sorted(set(chosen) - set(known))
    if strange:
        parser.error(f"unknown parts {', '.join(strange)}; known are {', '.join(known)}")
    return set(chosen or known) | ({"peers"} if options.peers else set()), options.devices


def say(lines: list[str]) -> None:
    """Print the lines of a table."""
    print("\n".join(lines), flush=True)


def print_sizes(sizes: dict[str, int]) -> None:
    """Print bytes of one report on the wire."""
    ratio = sizes["bundle_bytes"] / sizes["gzip_json_bytes"]
    print("Bytes of one report (20 frames, 100 log lines, 20 processes), mean of 50")
    print(f"  as a bundle                  {sizes['bundle_bytes']:14d}")
    print(f"  as gzip -9 JSON              {sizes['gzip_json_bytes']:14d}   ratio {ratio:.2f}")
    print(f"  as plain JSON                {sizes['json_bytes']:14d}\n")


def print_agent(figures: dict[str, float]) -> None:
    """Print what the agent costs its host."""
    print("Agent")
    for name, value in figures.items():
        print(f"  {name:44} {value:12.3f}")


if __name__ == "__main__":
    sys.exit(main())
