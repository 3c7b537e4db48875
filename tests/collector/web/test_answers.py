"""One answer for the outcomes of a request: receipts, one refusal, or an item for each."""

import json
from typing import Any

from aiohttp import web

from faultbox_collector.web.answers import IN_FLIGHT, RATE_DEVICE, Outcome, answer, refuse
from faultbox_protocol.errors import Invalid, Malformed
from faultbox_protocol.words import BundleState
from support.builders import an_id

TAKEN = Outcome(202, an_id(1), b"s" * 32)
REPEAT = Outcome(200, an_id(2), b"t" * 32, BundleState.DUPLICATE)
LATER = Outcome(429, an_id(3), None, RATE_DEVICE, retry_seconds=7)
WAITING = Outcome(409, an_id(4), None, IN_FLIGHT)


def body_of(found: web.Response) -> dict[str, Any]:
    """Return the JSON of an answer."""
    assert isinstance(found.body, bytes)
    body: dict[str, Any] = json.loads(found.body)
    return body


def test_what_was_taken_and_what_was_here_before_get_receipts() -> None:
    found = answer([TAKEN, REPEAT])
    assert found.status == 202
    assert [one["state"] for one in body_of(found)["receipts"]] == ["stored", "duplicate"]
    assert answer([REPEAT]).status == 200


def test_one_refused_bundle_is_a_refused_request() -> None:
    found = answer([refuse(Malformed("truncated"))])
    assert (found.status, body_of(found)["reason"]) == (400, "truncated")


def test_a_bundle_over_its_devices_rate_is_told_when_to_come_again() -> None:
    found = answer([LATER])
    assert (found.status, found.headers["Retry-After"]) == (429, "7")


def test_an_id_in_flight_comes_again_in_a_second() -> None:
    found = answer([WAITING])
    assert (found.status, found.headers["Retry-After"]) == (409, "1")


def test_a_mixed_batch_has_an_item_for_each_in_order_and_the_longest_wait() -> None:
    found = answer([TAKEN, refuse(Invalid("id_reused"), an_id(5)), LATER, WAITING])
    body = body_of(found)
    assert (found.status, found.headers["Retry-After"]) == (207, "7")
    assert [one["id"] for one in body["receipts"]] == [an_id(1).hex()]
    assert [(one["index"], one["status"], one["reason"]) for one in body["items"]] == [
        (0, 202, None),
        (1, 422, "id_reused"),
        (2, 429, RATE_DEVICE),
        (3, 409, IN_FLIGHT),
    ]
