"""The bench measures what it says: payloads, pools, packs and answers."""

import asyncio
import gzip
import json
from pathlib import Path

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from faultbox_collector.pack.files import START
from faultbox_collector.pack.records import Arrival, Record, encode_arrival, read_records
from faultbox_protocol.codec import Bundle, read_evidence, read_head, scan_bundle
from tools.bench.client import Stream, StreamPlan
from tools.bench.digesting import fill_packs
from tools.bench.envelopes import make_envelopes
from tools.bench.payloads import FAULTS
from tools.bench.pool import Parts, Pool, PoolPlan, write_pool
from tools.bench.tables import Row, at_least, at_most, write_table
from tools.bench.templates import measure_payloads


def write_small_pool(folder: Path, plan: PoolPlan) -> Pool:
    path = folder / "some.pool"
    write_pool(path, plan)
    return Pool(path)


def scan(parts: Parts) -> Bundle:
    return scan_bundle(memoryview(parts.head + parts.tail + parts.end))


def test_payloads_have_the_promised_sizes() -> None:
    found = measure_payloads(10)
    for name, json_bytes, bundle_bytes in (("error", 40_000, 7_000), ("crash", 175_000, 44_000)):
        assert found[name]["json_bytes"] == pytest.approx(json_bytes, rel=0.1)
        assert found[name]["bundle_bytes"] == pytest.approx(bundle_bytes, rel=0.1)


@pytest.mark.parametrize("crash", [False, True])
def test_a_pool_holds_whole_bundles_with_ids_of_their_own(tmp_path: Path, crash: bool) -> None:
    pool = write_small_pool(tmp_path, PoolPlan(FAULTS + 2, crash=crash))
    bundles = [scan(pool[number]) for number in range(len(pool))]
    heads = [read_head(one) for one in bundles]
    assert len({one.id for one in heads}) == FAULTS + 2
    assert [one.id for one in heads] == [pool[number].id for number in range(len(pool))]
    assert [one.sha256.hex() for one in bundles] == [pool[n].sha256 for n in range(len(pool))]
    assert len({head.err.code for head in heads if head.err}) == FAULTS
    evidence = read_evidence(bundles[0])
    assert (len(evidence.crumbs), len(evidence.modules)) == (40, 80)
    assert len(evidence.log) == (1150 if crash else 0)


def test_a_pool_of_many_devices_spreads_its_faults(tmp_path: Path) -> None:
    pool = write_small_pool(tmp_path, PoolPlan(200, devices=10_000, faults=(3, 4)))
    heads = [read_head(scan(pool[number])) for number in range(200)]
    assert len({head.prod.serial for head in heads}) > 150
    assert {head.err.code for head in heads if head.err} == {"E-203"}


def test_packs_that_are_filled_read_as_the_collector_wrote_them(tmp_path: Path) -> None:
    pool = write_small_pool(tmp_path, PoolPlan(8))
    first = pool[0]
    arrival = encode_arrival(Arrival(1, 1, 7))
    pack = tmp_path / "00000001.fbp"
    pack.write_bytes(arrival + first.head + first.tail + first.end)
    fill_packs(tmp_path, pool, range(1, 8))
    records = list(read_records(pack, START, 100))
    assert all(isinstance(one, Record) and one.arrival.product_id == 7 for one in records)
    assert [read_head(one.bundle).id for one in records if isinstance(one, Record)] == [
        pool[number].id for number in range(8)
    ]


def test_an_envelope_is_what_a_sentry_sdk_sends() -> None:
    own, body = next(iter(make_envelopes(1)))
    first, second, error, rest = gzip.decompress(body).split(b"\n")
    assert json.loads(first)["event_id"] == own.hex() == json.loads(error)["event_id"]
    assert json.loads(second) == {"type": "event", "length": len(error)}
    assert rest == b""
    assert len(json.loads(error)["exception"]["values"][0]["stacktrace"]["frames"]) == 21


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("rate", [0.0, 400.0])
async def test_only_receipts_with_the_bundles_own_digest_count(
    tmp_path: Path, aiohttp_server: AiohttpServer, fresh: bool, rate: float
) -> None:
    pool = write_small_pool(tmp_path, PoolPlan(40))
    seen: list[bytes] = []

    async def answer(request: web.Request) -> web.Response:
        body = await request.read()
        seen.append(body)
        digest = body[-32:].hex()
        right = digest != pool[5].sha256
        return web.Response(status=202, text=digest if right else "0" * 64)

    application = web.Application()
    application.router.add_post("/v1/bundles", answer)
    server = await aiohttp_server(application)
    plan = StreamPlan(
        f"http://127.0.0.1:{server.port}",
        "key",
        str(tmp_path / "some.pool"),
        20.0,
        connections=4,
        rate=rate,
        fresh=fresh,
    )
    stream = Stream(plan)
    await asyncio.wait_for(stream.run(), 15)
    assert len({bytes(one) for one in seen}) == 40
    assert stream.statuses == {202: 39, 0: 1}
    assert 5 not in stream.acknowledged
    assert stream.errors == 0


def test_a_table_says_whether_a_figure_holds() -> None:
    rows = [
        Row("more", 10, bar=at_least(10)),
        Row("less", 10, bar=at_most(9)),
        Row("beside", 10, bare=20),
    ]
    lines = write_table("title", rows)
    assert lines[0] == "title"
    assert lines[2].endswith(">= 10  yes")
    assert lines[3].endswith("<= 9  NO")
    assert lines[4].split() == ["beside", "20", "10"]
