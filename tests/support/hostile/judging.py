"""What the server may answer to hostile input: nothing but a refusal, in its own words."""

import json

from faultbox_protocol import api
from support.hostile.corpus import Hostile
from support.hostile.routes import Route
from support.hostile.wire import Answer

CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods that do something."""
_SCRIPT = b"<script>alert"
_RAW_CONTROLS = (b"\x1b", b"\x9b2J", "\u202e".encode(), "\u2066".encode())


def judge(
    route: Route, answer: Answer, item: Hostile | None = None, path: bytes | None = None
) -> str:
    """Return what is wrong with an answer, nothing where it is as it should be.

    Args:
        route: where the request went.
        answer: what came back.
        item: the body it had, if any.
        path: the address, where it is another than the route's.
    """
    if answer.status == 0:
        return "no answer"
    if answer.status >= 500:
        return f"{answer.status} {answer.body[:300]!r}"
    if answer.status == 429 and "retry-after" not in answer.headers:
        return "429 without Retry-After"
    if item is not None and not item.taken and route.method in CHANGES and _is_taken(answer):
        return f"{answer.status}: taken, {answer.body[:300]!r}"
    if _is_frameworks(answer):
        return ""
    path = route.path.encode() if path is None else path
    if path.startswith(b"/v1/") and answer.status >= 400 and route.method != "HEAD":
        return _judge_problem(answer)
    return _judge_page(answer) if answer.content_type == "text/html" else ""


def _is_frameworks(answer: Answer) -> bool:
    """Return whether an answer is the framework's own, to an Expect header it does not know."""
    return answer.status == 417 and answer.content_type == "text/plain"


def _is_taken(answer: Answer) -> bool:
    """Return whether an answer says that something was done."""
    if answer.status == 207:
        return any(one["status"] < 400 for one in json.loads(answer.body)["items"])
    return answer.status < 400


def _judge_problem(answer: Answer) -> str:
    if answer.content_type != api.PROBLEM_TYPE:
        return f"{answer.status} as {answer.content_type!r}"
    body = json.loads(answer.body)
    if body.get("type") != api.PROBLEM_PREFIX + str(body.get("reason")):
        return f"{answer.status} without a reason of ours: {answer.body[:300]!r}"
    return "" if body["status"] == answer.status else f"says {body['status']}, is {answer.status}"


def _judge_page(answer: Answer) -> str:
    if _SCRIPT in answer.body:
        return f"{answer.status} with a script of a stranger"
    for control in _RAW_CONTROLS:
        if control in answer.body:
            return f"{answer.status} with the raw control {control!r}"
    if "content-security-policy" not in answer.headers:
        return f"{answer.status} without a content security policy"
    return ""
