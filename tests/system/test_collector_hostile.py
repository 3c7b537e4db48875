"""Bodies made to cost memory, against the real server: refused, and it stays small."""

import http.client
import json
from pathlib import Path

import pytest

from faultbox_protocol import api
from support.builders import a_bundle, a_head, an_evidence
from support.collector import PRODUCT, ServerProcess, run_command
from support.protocol_bombs import BOMBS

GROWTH_BYTES = 32 << 20


def post(server: ServerProcess, key: str, body: bytes) -> tuple[int, dict[str, object]]:
    """Post a body on a connection of its own; return status and answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {api.KEY_HEADER: key, "Content-Type": api.MEDIA_TYPE}
    connection.request("POST", api.BUNDLES, body, headers)
    answer = connection.getresponse()
    found = json.loads(answer.read())
    connection.close()
    return answer.status, found


@pytest.mark.timeout(180)
def test_bombs_are_refused_and_the_server_stays_small(tmp_path: Path) -> None:
    key = run_command(tmp_path, "keys", "add", PRODUCT).strip()
    with ServerProcess(tmp_path) as server:
        for number in range(5):  # warm up
            assert post(server, key, a_bundle(a_head(number), an_evidence(50)))[0] in (200, 202)
        plain = bytes(16 << 20)
        assert post(server, key, plain)[0] == 400
        before = server.rss_bytes
        grown = {}
        for name, make in BOMBS.items():
            status, answer = post(server, key, make())
            assert status in (207, *range(400, 500)), (name, status, answer)
            grown[name] = server.rss_bytes - before
        assert max(grown.values()) <= GROWTH_BYTES, grown
        assert post(server, key, a_bundle(a_head(99)))[0] == 202
        assert server.stop() == 0
