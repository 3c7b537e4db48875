"""`faultbox-agent status`: what waits, what was lost, when the next delivery is tried."""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence

from faultbox_agent.commands.options import make_parser, read_settings
from faultbox_agent.layout import DEAD, DROP, READY
from faultbox_agent.lock import is_busy
from faultbox_agent.sources.datagrams import ask_agent
from faultbox_agent.state import load_state

_ASK_SECONDS = 2.0


def main(arguments: Sequence[str]) -> int:
    """Print the status of a spool, of its running agent if there is one."""
    parser = make_parser("status", __doc__ or "")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args(arguments)
    settings = read_settings(given)
    figures = read_figures(settings.spool)
    figures["server"] = settings.server
    if given.json:
        sys.stdout.write(json.dumps(figures) + "\n")
    else:
        sys.stdout.write("".join(f"{name:12} {text}\n" for name, text in _rows(figures)))
    return 0


def read_figures(spool: str) -> dict[str, object]:
    """Return the figures of a spool: its agent's word where it runs, else what is on the disk."""
    figures = _stored_figures(spool)
    running = os.path.isdir(spool) and is_busy(spool)
    figures.update(spool=spool, running=running)
    answer = ask_agent(spool, "status", _ASK_SECONDS) if running else None
    if answer is not None:
        told = json.loads(answer)
        if isinstance(told, dict):
            figures.update(told)
    return figures


def _stored_figures(spool: str) -> dict[str, object]:
    state = load_state(spool)
    ready, ready_bytes = _count(os.path.join(spool, READY))
    wait_ms = state.delivery.next_wall_ms - time.time_ns() // 1_000_000
    return {
        "waiting": ready,
        "waiting_bytes": ready_bytes,
        "dead": _count(os.path.join(spool, DEAD))[0],
        "drop": _count(os.path.join(spool, DROP))[0],
        "folded": sum(fold.n for fold in state.folds.values()),
        "captured": state.captured,
        "delivered": state.delivered,
        "lost": state.lost,
        "uncarried": state.drops,
        "disk": "ok",
        "last": state.delivery.last,
        "last_wall_ms": state.delivery.last_wall_ms,
        "next_seconds": max(wait_ms, 0) / 1000 if ready else None,
    }


def _count(folder: str) -> tuple[int, int]:
    count = size_bytes = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.startswith("."):
                    count += 1
                    size_bytes += entry.stat(follow_symlinks=False).st_size
    except OSError:
        return count, size_bytes
    return count, size_bytes


def _rows(figures: Mapping[str, object]) -> list[tuple[str, str]]:
    lost = figures["lost"]
    losses = ", ".join(f"{why} {n}" for why, n in lost.items()) if isinstance(lost, dict) else ""
    pid = f"yes, pid {figures['pid']}" if "pid" in figures else "yes"
    wait = figures["next_seconds"]
    return [
        ("spool", str(figures["spool"])),
        ("agent runs", pid if figures["running"] else "no"),
        ("server", str(figures["server"] or "none: faults are kept")),
        ("waiting", f"{figures['waiting']} bundles, {figures['waiting_bytes']} bytes"),
        ("records", f"{figures['drop']} not taken in yet, {figures['folded']} folded"),
        ("captured", f"{figures['captured']} faults, {figures['delivered']} delivered"),
        ("set aside", f"{figures['dead']} files in {figures['spool']}/{DEAD}"),
        ("lost", losses or "none"),
        ("disk", str(figures["disk"])),
        ("last answer", str(figures["last"])),
        (
            "next try",
            "nothing waits"
            if wait is None
            else f"in {wait:.0f} s"
            if isinstance(wait, float | int)
            else "-",
        ),
    ]
