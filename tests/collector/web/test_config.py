"""GET /v1/config: what a device may rely on, and an ETag that spares it the rest."""

import pytest

from faultbox_collector.web.config import ETAG
from faultbox_protocol import api, limits
from support.collector import Served
from support.wire import ask


async def test_a_device_learns_limits_types_codecs_and_versions(server: Served) -> None:
    answer = await server.get(api.CONFIG)
    assert (answer.status, answer.content_type) == (200, "application/json")
    told = await answer.json()
    assert told["versions"] == [1]
    assert told["content_types"] == [api.MEDIA_TYPE, "application/msgpack", "application/json"]
    assert told["codecs"] == {"identity": 0, "zstd": 1, "zlib": 2}
    assert told["limits"]["body_bytes"] == limits.BODY_BYTES
    assert told["limits"]["upload_part_bytes"] == 8 * 1024 * 1024
    assert told["heartbeat_s"] == 86400


async def test_every_limit_of_the_wire_is_told(server: Served) -> None:
    told = (await (await server.get(api.CONFIG)).json())["limits"]
    names = {name.lower() for name in vars(limits) if name.isupper()} - {"kib", "mib"}
    assert set(told) == names
    assert all(type(value) is int and value > 0 for value in told.values())


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (ETAG, 304),
        (f"W/{ETAG}", 304),
        (f'"other", W/"more",{ETAG}', 304),
        ("*", 304),
        ('"other"', 200),
        (ETAG.strip('"'), 200),
        ("", 200),
        (f'"x{ETAG}', 200),
    ],
)
async def test_what_is_known_is_not_sent_again(server: Served, condition: str, status: int) -> None:
    answer = await ask(server, "GET", api.CONFIG, {"If-None-Match": condition})
    assert answer.status == status
    assert answer.headers["ETag"] == ETAG
    assert (await answer.read() == b"") == (status == 304)


async def test_head_tells_the_etag_alone(server: Served) -> None:
    answer = await ask(server, "HEAD", api.CONFIG)
    assert (answer.status, answer.headers["ETag"]) == (200, ETAG)


async def test_config_is_for_devices(server: Served) -> None:
    assert (await server.session.get(server.url + api.CONFIG)).status == 401
