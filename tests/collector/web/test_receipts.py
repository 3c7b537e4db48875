"""GET /v1/receipts/{id}, /v1/time, /healthz: a key learns of its own product's bundles only."""

import json
import time

from faultbox_protocol import api
from faultbox_protocol.codec import scan_bundle
from support.builders import a_bundle, a_head, a_product, an_err, an_id
from support.collector import Served


async def test_stored_then_digested_with_signature_and_ticket(server: Served) -> None:
    bundle = a_bundle()
    sha256 = scan_bundle(memoryview(bundle)).sha256.hex()
    with server.digest_waiting():
        await server.post(bundle)
        waiting = await (await server.get(f"{api.RECEIPTS}/{an_id().hex()}")).json()
        assert (waiting["state"], waiting["sha256"]) == ("stored", sha256)
        assert (waiting["sig"], waiting["ticket"]) == (None, None)
    await server.digested()
    found = await (await server.get(f"{api.RECEIPTS}/{an_id().hex()}")).json()
    assert (found["state"], found["sha256"]) == ("digested", sha256)
    assert found["sig"]
    assert found["ticket"].startswith("FB-")


async def test_a_key_of_another_product_learns_nothing(server: Served) -> None:
    other = await server.key_for("other")
    path = f"{api.RECEIPTS}/{an_id().hex()}"
    with server.digest_waiting():
        await server.post(a_bundle())
        assert (await server.get(path, other)).status == 404
    await server.digested()
    assert (await server.get(path, other)).status == 404
    assert (await server.get(path)).status == 200


async def test_what_was_set_aside_is_told_to_its_own_product_only(server: Served) -> None:
    other = await server.key_for("other")
    path = f"{api.RECEIPTS}/{an_id().hex()}"
    await server.post(a_bundle())
    await server.digested()
    reused = a_bundle(a_head(prod=a_product("other"), err=an_err(msg="other bytes")))
    assert (await server.post(reused, FB_Key=other)).status == 202
    await server.digested()
    mine = await (await server.get(path)).json()
    theirs = await (await server.get(path, other)).json()
    assert (mine["state"], mine["reason"]) == ("digested", None)
    assert (theirs["state"], theirs["reason"]) == ("quarantined", "id_reused")
    assert (theirs["sig"], theirs["ticket"]) == (None, None)
    third = await server.key_for("third")
    assert (await server.get(path, third)).status == 404


async def test_unknown_ids_keys_and_what_is_no_id(server: Served) -> None:
    for path, key, status, reason in (
        (an_id(9).hex(), server.key, 404, "not_found"),
        ("nonsense", server.key, 400, "bad_id"),
        (an_id(9).hex(), "fbk_unknown", 401, "unknown_key"),
    ):
        answer = await server.get(f"{api.RECEIPTS}/{path}", key)
        body = json.loads(await answer.text())
        assert (answer.status, body["type"]) == (status, api.PROBLEM_PREFIX + reason)


async def test_the_time_needs_no_key_and_is_the_collectors(server: Served) -> None:
    before = time.time_ns() // 1_000_000
    answer = await server.session.get(server.url + api.TIME)
    now_ms = (await answer.json())["now_ms"]
    assert before <= now_ms <= time.time_ns() // 1_000_000


async def test_health_is_ok_while_it_serves(server: Served) -> None:
    answer = await server.session.get(server.url + "/healthz")
    assert (answer.status, await answer.json()) == (200, {"status": "ok"})
