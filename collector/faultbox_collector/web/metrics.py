"""GET /metrics for Prometheus, GET /readyz for whoever sends devices here. Totals only, no secrets.

Both are for the machine's own network: they name no product, no device and no key.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from faultbox_collector.domain.outcome_names import DAMAGED, DROPPED

logger = logging.getLogger(__name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
CHECK_SECONDS = 5.0
"""A check that takes longer has failed."""
RETRY_SECONDS = 5
ReadTotals = Callable[[], Awaitable[Mapping[str, int]]]
Check = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Gauge:
    """A figure of this moment; `read` may block for a moment, it is called in a thread."""

    name: str
    help: str
    read: Callable[[], float]


class Metrics:
    """Writes the totals of all outcomes and the gauges in Prometheus' text format."""

    def __init__(self, read_totals: ReadTotals, gauges: Sequence[Gauge]) -> None:
        self._read_totals = read_totals
        self._gauges = gauges

    async def get(self, _request: web.Request) -> web.StreamResponse:
        """Return everything; 503 where the store does not answer."""
        try:
            totals = await asyncio.wait_for(self._read_totals(), CHECK_SECONDS)
        except Exception:
            logger.warning("no totals for /metrics", exc_info=True)
            return web.Response(status=503, headers={"Retry-After": str(RETRY_SECONDS)})
        gauges = await asyncio.to_thread(self._read_gauges)
        text = "\n".join([*write_totals(totals), *gauges, ""])
        return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})

    def _read_gauges(self) -> list[str]:
        lines = []
        for gauge in self._gauges:
            name = f"faultbox_{gauge.name}"
            lines += [f"# HELP {name} {gauge.help}", f"# TYPE {name} gauge"]
            lines.append(f"{name} {gauge.read():.15g}")
        return lines


def write_totals(totals: Mapping[str, int]) -> list[str]:
    """Return the lines of all outcome totals, by names of `domain.outcome_names`."""
    bundles, dropped = [], []
    for name, total in sorted(totals.items()):
        outcome, _, reason = name.partition(":")
        if outcome == DROPPED:
            dropped.append(f'faultbox_dropped_faults_total{{reason="{reason}"}} {total}')
        elif outcome != DAMAGED:
            label = f',reason="{reason}"' if reason else ""
            bundles.append(f'faultbox_bundles_total{{outcome="{outcome}"{label}}} {total}')
    return [
        "# HELP faultbox_bundles_total Bundles by what became of them.",
        "# TYPE faultbox_bundles_total counter",
        *bundles,
        "# HELP faultbox_dropped_faults_total Faults that devices lost, as they counted them.",
        "# TYPE faultbox_dropped_faults_total counter",
        *dropped,
        "# HELP faultbox_damaged_stretches_total Stretches of packs that are no bundle any more.",
        "# TYPE faultbox_damaged_stretches_total counter",
        f"faultbox_damaged_stretches_total {totals.get(DAMAGED, 0)}",
    ]


class Readiness:
    """Tells whether bundles can be taken: every check must hold."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    async def get(self, _request: web.Request) -> web.StreamResponse:
        """Return 200, or 503 with the names of what does not hold."""
        held = await asyncio.gather(*(self._holds(check) for check in self._checks.values()))
        failed = [name for name, good in zip(self._checks, held, strict=True) if not good]
        if not failed:
            return web.json_response({"status": "ready"})
        headers = {"Retry-After": str(RETRY_SECONDS)}
        return web.json_response(
            {"status": "not ready", "failed": failed}, status=503, headers=headers
        )

    async def _holds(self, check: Check) -> bool:
        try:
            return await asyncio.wait_for(check(), CHECK_SECONDS)
        except Exception:
            logger.warning("a check of /readyz failed", exc_info=True)
            return False
