"""Refusals by the headers alone, before a byte of the body is read."""

import pytest
from aiohttp.test_utils import make_mocked_request

from faultbox_collector.web.body import check_headers
from faultbox_protocol import api, limits
from faultbox_protocol.errors import ProtocolError


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Content-Type": "text/plain"}, "content_type"),
        ({"Content-Encoding": "gzip"}, "content_encoding"),
        ({"Content-Length": str(limits.BODY_BYTES + 1)}, "body_too_large"),
        ({"Content-Length": str(limits.BODY_BYTES)}, None),
        ({"Content-Encoding": "Identity"}, None),
        ({"Content-Type": f"{api.MEDIA_TYPE}; v=1"}, None),
    ],
)
def test_headers(changes: dict[str, str], reason: str | None) -> None:
    headers = {"Content-Type": api.MEDIA_TYPE, **changes}
    request = make_mocked_request("POST", api.BUNDLES, headers=headers)
    if reason is None:
        check_headers(request)
        return
    with pytest.raises(ProtocolError) as refused:
        check_headers(request)
    assert refused.value.reason == reason
