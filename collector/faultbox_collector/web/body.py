"""Reading a request body with a size limit and deadlines; the framework decodes nothing.

aiohttp's own decoding answers 200 to truncated gzip and leaves a half-sent body open for
minutes, so bodies are read raw, here.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import ClientError, web

from faultbox_collector.web.forms import FORM_BYTES
from faultbox_collector.web.problems import ProblemError
from faultbox_protocol import api, limits
from faultbox_protocol.errors import TooLarge, Unsupported

MOST_BYTES = {api.MEDIA_TYPE: limits.BODY_BYTES, **FORM_BYTES}
"""Content types of bundles, and how long such a body may be."""
BYTES_PER_EXTRA_SECOND = 64 * 1024


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How slowly a body may come."""

    idle_seconds: float
    """Longest pause between two parts."""
    total_seconds: float
    """Longest time in all, and a second more for each 64 KiB: slow links are honest, too."""


class CutOffError(ProblemError):
    """The body ended before it was whole; what came before is all right."""


def check_headers(request: web.Request) -> str:
    """Return the content type of a request that may send its body.

    Raises:
        Unsupported: content type or content encoding.
        TooLarge: the announced length.
    """
    content_type = request.content_type
    most = MOST_BYTES.get(content_type)
    if most is None:
        expected = " or ".join(MOST_BYTES)
        raise Unsupported("content_type", f"expected {expected}, got {content_type[:100]!r}")
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding != "identity" and encoding.strip().lower() != "identity":
        raise Unsupported(
            "content_encoding", "bundles are compressed inside; send them as they are"
        )
    if request.content_length is not None and request.content_length > most:
        raise TooLarge("body_too_large", f"at most {most} bytes of {content_type}")
    return content_type


async def read_parts(
    request: web.Request, slow: BodyLimits, most: int, too_large: Exception
) -> AsyncIterator[bytes]:
    """Yield a body as it comes.

    Args:
        request: whose body it is.
        slow: how slowly it may come.
        most: how many bytes may come.
        too_large: what is said where more come.

    Raises:
        CutOffError: 408 it comes too slowly, 400 the connection ended.
        Exception: `too_large`.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    size = 0
    while True:
        allowed = slow.total_seconds + size / BYTES_PER_EXTRA_SECOND - (loop.time() - begun)
        try:
            async with asyncio.timeout(min(slow.idle_seconds, allowed)):
                part = await request.content.readany()
        except TimeoutError:
            raise CutOffError(408, "too_slow") from None
        except (OSError, ClientError) as error:
            raise CutOffError(400, "truncated", "the connection ended in mid-body") from error
        if not part:
            return
        size += len(part)
        if size > most:
            raise too_large
        yield part


async def read_body(
    request: web.Request, slow: BodyLimits, most: int = limits.BODY_BYTES
) -> bytes | bytearray:
    """Return the whole body, of at most `most` bytes.

    Raises:
        TooLarge: it is larger.
        CutOffError: 408 it comes too slowly, 400 the connection ended.
    """
    too_large = TooLarge("body_too_large", f"at most {most} bytes")
    if request.content.is_eof():  # most bodies have come along with their headers
        whole = request.content.read_nowait()
        if len(whole) > most:
            raise too_large
        return whole
    body: bytes | bytearray = b""
    async for part in read_parts(request, slow, most, too_large):
        if not body:
            body = part
        elif isinstance(body, bytearray):
            body += part
        else:
            body = bytearray(body) + part  # grows in place: joining parts would take it twice
    return body
