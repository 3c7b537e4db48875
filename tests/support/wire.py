"""Requests of a device beyond the posting of bundles."""

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from faultbox_protocol import api
from support.collector import Served


async def ask(
    server: Served,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    data: object = None,
    key: str | None = None,
) -> aiohttp.ClientResponse:
    """Send one request with the product's key, or another; an empty key sends none."""
    sent = dict(headers or {})
    given = server.key if key is None else key
    if given:
        sent[api.KEY_HEADER] = given
    skip = [] if "Content-Type" in sent else ["Content-Type"]
    return await server.session.request(
        method, server.url + path, headers=sent, data=data, skip_auto_headers=skip
    )


async def problem_in(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    """Return the problem that an answer is."""
    body = json.loads(await answer.text())
    assert answer.content_type == api.PROBLEM_TYPE
    assert body["type"] == api.PROBLEM_PREFIX + body["reason"]
    assert body["status"] == answer.status
    found: dict[str, Any] = body
    return found
