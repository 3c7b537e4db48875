"""One table from what went wrong to status and problem+json (RFC 9457).

A device treats a 4xx as final only where `type` begins with our prefix: everything else is a
proxy or a captive portal talking.
"""

import logging
from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler

from faultbox_collector.web.wire_limits import WIRE_LIMITS
from faultbox_collector.writer import DatabaseAway
from faultbox_protocol import api
from faultbox_protocol.errors import (
    REASONS,
    Invalid,
    Malformed,
    ProtocolError,
    TooLarge,
    Unsupported,
)

logger = logging.getLogger(__name__)

_PREFIX = "/v1/"
_HTTP_REASONS = {404: "no_route", 405: "bad_method"}
_STATUS: dict[type[ProtocolError], int] = {
    Malformed: 400,
    TooLarge: 413,
    Unsupported: 415,
    Invalid: 422,
}

WEB_REASONS: dict[str, str] = {
    "unknown_key": "the ingest key is missing, unknown or revoked",
    "not_found": "nothing is known of this id under this key",
    "bad_id": "a bundle id is 32 hex digits",
    "in_flight": "this id is being stored right now; ask again in a second",
    "too_slow": "the head or the body did not arrive in time",
    "rate_address": "too many requests or connections from this address",
    "rate_key": "too many bundles with this ingest key",
    "rate_device": "too many bundles from this device",
    "bad_upload": "the upload's header fields are missing or contradict each other",
    "upload_offset": "the upload is at another offset; Upload-Offset has it",
    "upload_complete": "the upload is complete; nothing can be added",
    "upload_length": "the upload's lengths do not agree",
    "upload_digest": "the bytes do not have the SHA-256 that was announced",
    "upload_too_large": "the upload is larger than the limit",
    "part_too_large": "the part of an upload is larger than the limit",
    "too_many_uploads": "this device has too many incomplete uploads",
    "disk_full": "the collector cannot store anything at the moment",
    "busy": "the collector has too much in hand; come again later",
    "internal": "the collector failed; the bundle was not stored",
    "no_route": "the collector has no such path",
    "bad_method": "this path does not take this method",
    "bad_request": "the request is not one that this path takes",
}
"""Reasons of the HTTP side, beside those of the protocol."""

_RETRY_SECONDS = {
    "in_flight": 1,
    "rate_address": 5,
    "rate_key": 5,
    "rate_device": 5,
    "too_many_uploads": 60,
    "busy": 2,
    "disk_full": 60,
    "internal": 5,
}
"""Retry-After where the case has no better figure."""


def status_of(error: ProtocolError) -> int:
    """Return the HTTP status of a protocol error."""
    return _STATUS.get(type(error), 400)


def problem(
    status: int,
    reason: str,
    detail: str = "",
    *,
    retry_seconds: int | None = None,
    **more: object,
) -> web.Response:
    """Return a problem+json answer; transient ones carry Retry-After, each 413 the limits."""
    title = REASONS.get(reason) or WEB_REASONS[reason]
    body = {
        "type": api.PROBLEM_PREFIX + reason,
        "title": title,
        "status": status,
        "reason": reason,
        "detail": detail or title,
        **more,
    }
    if status == 413:
        body["limits"] = WIRE_LIMITS
    headers = {}
    if reason in _RETRY_SECONDS:
        headers["Retry-After"] = str(retry_seconds or _RETRY_SECONDS[reason])
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return web.json_response(body, status=status, headers=headers, content_type=api.PROBLEM_TYPE)


def write_problem(status: int, reason: str, detail: str) -> bytes:
    """Return a whole HTTP answer with a problem, after which the connection is closed."""
    answer = problem(status, reason, detail)
    body = answer.body
    if not isinstance(body, bytes):
        raise TypeError("a problem is made of bytes")
    lines = [f"HTTP/1.1 {status} {answer.reason}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("ascii") + body


class ProblemError(Exception):
    """Ends a handler with a problem answer; `retry_seconds` is for Retry-After."""

    def __init__(
        self,
        status: int,
        reason: str,
        detail: str = "",
        retry_seconds: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.reason = reason
        self.detail = detail
        self.retry_seconds = retry_seconds
        self.headers = headers or {}
        super().__init__(f"{status} {reason}")

    def answer(self) -> web.Response:
        """Return the answer."""
        made = problem(self.status, self.reason, self.detail, retry_seconds=self.retry_seconds)
        made.headers.update(self.headers)
        return made


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever goes wrong under /v1/ into a problem; other paths pass untouched."""
    if not request.path.startswith(_PREFIX):
        return await handler(request)
    missing = request.match_info.http_exception
    if missing is not None:  # whoever else serves this application has no say in these paths
        return _tell_methods(missing) if request.method == "OPTIONS" else _refuse(missing)
    try:
        return await handler(request)
    except ProblemError as error:
        return error.answer()
    except ProtocolError as error:
        return problem(status_of(error), error.reason, error.detail)
    except web.HTTPException as error:
        return _refuse(error)
    except DatabaseAway as error:
        logger.warning("%s %r: %s", request.method, request.path, error)
        return problem(503, "busy", "the database does not answer")
    except Exception:
        logger.exception("%s %r failed", request.method, request.path)
        return problem(500, "internal")


def _refuse(error: web.HTTPException) -> web.Response:
    answer = problem(error.status, _HTTP_REASONS.get(error.status, "bad_request"))
    if isinstance(error, web.HTTPMethodNotAllowed):
        answer.headers["Allow"] = _list_methods(error)
    return answer


def _tell_methods(error: web.HTTPException) -> web.Response:
    """Answer OPTIONS, which no path here takes by itself."""
    if not isinstance(error, web.HTTPMethodNotAllowed):
        return _refuse(error)
    return web.Response(status=204, headers={"Allow": _list_methods(error)})


def _list_methods(error: web.HTTPMethodNotAllowed) -> str:
    return ", ".join(sorted({*error.allowed_methods, "OPTIONS"}))
