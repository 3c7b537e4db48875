"""What Prometheus reads, and when the collector says that it takes no bundles."""

import asyncio
import re
from collections.abc import Mapping

import pytest
from aiohttp import web
from pytest_aiohttp import AiohttpClient

from faultbox_collector.domain.outcome_names import LOSSES, OUTCOMES, name_outcome
from faultbox_collector.web.metrics import Gauge, Metrics, Readiness, write_totals
from faultbox_protocol.errors import REASONS
from support.builders import a_bundle, a_head
from support.collector import Served

SAMPLE = re.compile(r'^[a-z_]+(\{[a-z]+="[a-z_0-9]+"(,[a-z]+="[a-z_0-9]+")*\})? -?[0-9.e+-]+$')


def test_every_name_makes_a_line_that_prometheus_reads() -> None:
    names = [name_outcome(of, reason) for of in OUTCOMES for reason in (*REASONS, *LOSSES)]
    lines = write_totals({**dict.fromkeys(names, 3), "stored": 5, "damaged": 1})
    samples = [line for line in lines if not line.startswith("# ")]
    assert all(SAMPLE.match(line) for line in samples)
    assert len(samples) == len(set(samples)) > len(REASONS)
    assert 'faultbox_bundles_total{outcome="stored"} 5' in samples
    assert 'faultbox_dropped_faults_total{reason="rate"} 3' in samples
    assert "faultbox_damaged_stretches_total 1" in samples


async def test_gauges_come_with_help_and_type(aiohttp_client: AiohttpClient) -> None:
    async def totals() -> Mapping[str, int]:
        return {}

    app = web.Application()
    gauge = Gauge("digest_lag_bytes", "Bytes that wait.", lambda: 1234567.0)
    app.router.add_get("/metrics", Metrics(totals, [gauge]).get)
    answer = await (await aiohttp_client(app)).get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    text = await answer.text()
    assert "# TYPE faultbox_digest_lag_bytes gauge\nfaultbox_digest_lag_bytes 1234567\n" in text


async def test_without_the_store_there_are_no_metrics(aiohttp_client: AiohttpClient) -> None:
    async def totals() -> Mapping[str, int]:
        raise OSError("gone")

    app = web.Application()
    app.router.add_get("/metrics", Metrics(totals, []).get)
    assert (await (await aiohttp_client(app)).get("/metrics")).status == 503


@pytest.mark.parametrize("bad", ["false", "raises"])
async def test_it_is_not_ready_while_one_check_does_not_hold(
    aiohttp_client: AiohttpClient, bad: str
) -> None:
    state = {"bad": True}

    async def fine() -> bool:
        await asyncio.sleep(0)
        return True

    async def changing() -> bool:
        if state["bad"] and bad == "raises":
            raise OSError("gone")
        return not state["bad"]

    app = web.Application()
    app.router.add_get("/readyz", Readiness({"pack": fine, "store": changing}).get)
    client = await aiohttp_client(app)
    answer = await client.get("/readyz")
    assert (answer.status, (await answer.json())["failed"]) == (503, ["store"])
    assert answer.headers["Retry-After"] == "5"
    state["bad"] = False
    assert (await client.get("/readyz")).status == 200


async def test_a_collector_tells_what_it_has_done_and_nothing_of_whom(server: Served) -> None:
    await server.post(a_bundle(a_head(1)))
    await server.digested()
    text = await (await server.session.get(f"{server.url}/metrics")).text()
    assert 'faultbox_bundles_total{outcome="stored"} 1' in text
    for name in ("inbox_bundles", "inbox_waiting_bytes", "digest_lag_bytes", "digest_waiting"):
        assert re.search(rf"^faultbox_{name} 0$", text, re.MULTILINE), name
    for secret in ("inspect-eye", "SN-0001", server.key):
        assert secret not in text
    assert (await server.session.get(f"{server.url}/readyz")).status == 200


async def test_it_is_not_ready_once_the_disk_no_longer_confirms(server: Served) -> None:
    server.collector.fatal.set()
    answer = await server.session.get(f"{server.url}/readyz")
    assert (answer.status, (await answer.json())["failed"]) == (503, ["pack"])
