"""A body as it comes, part by part, with a limit and the deadlines of every body."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import ClientError, web

from faultbox_collector.web.body import BYTES_PER_EXTRA_SECOND, BodyLimits
from faultbox_collector.web.problems import ProblemError


class CutOffError(ProblemError):
    """The body ended before it was whole; what came before is all right."""


async def read_parts(
    request: web.Request, slow: BodyLimits, limit_bytes: int, too_large: ProblemError
) -> AsyncIterator[bytes]:
    """Yield a body as it comes.

    Args:
        request: whose body it is.
        slow: how slowly it may come.
        limit_bytes: how much may come.
        too_large: what is said where more comes.

    Raises:
        CutOffError: 408 it comes too slowly, 400 the connection ended.
        ProblemError: `too_large`.
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
        if size > limit_bytes:
            raise too_large
        yield part
