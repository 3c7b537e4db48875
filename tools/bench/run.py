"""`make bench`: every figure of speed and size, taken in one run on this machine."""

import os
import platform
import sys

from tools.bench import agent
from tools.bench.intake import CONNECTIONS, COUNT, ROUNDS, Figures, measure_intake
from tools.bench.reports import measure_sizes


def main() -> int:
    """Measure and print."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print_intake(measure_intake())
    print_sizes(measure_sizes())
    print_agent(agent.measure())
    return 0


def print_intake(found: dict[str, Figures]) -> None:
    """Print the collector's figures beside the bare handler's."""
    print(f"Intake: {COUNT} bundles x {ROUNDS}, {CONNECTIONS} connections, keep-alive, medians")
    bare, ours = found["bare"], found["faultbox"]
    rows = (
        ("answers/s", "per_second", "{:.0f}"),
        ("p50 to the receipt, ms", "p50_ms", "{:.2f}"),
        ("p99 to the receipt, ms", "p99_ms", "{:.2f}"),
        ("server CPU per bundle, ms", "cpu_ms_to_receipt", "{:.3f}"),
    )
    print(f"  {'':28} {'bare aiohttp':>14} {'durable':>14} {'ratio':>7}")
    for label, name, form in rows:
        ratio = ours[name] / bare[name]
        values = f"{form.format(bare[name]):>14} {form.format(ours[name]):>14}"
        print(f"  {label:28} {values} {ratio:7.2f}")
    print(f"  {'memory of the server, MiB':28} {'':>14} {ours['rss_mib']:14.0f}\n")


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
