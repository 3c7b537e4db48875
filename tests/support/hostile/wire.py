"""A client without manners: sends any bytes, reads whatever answer comes, on one connection."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

PATIENCE_SECONDS = 30.0
_HEAD_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 where the connection was closed without a word."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def content_type(self) -> str:
        """The media type without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip()


class Wire:
    """A connection that is opened again whenever the server has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(
        self,
        method: str,
        target: bytes | str,
        headers: Mapping[str, str | bytes] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send one request; the length is stated where there is a body."""
        target = target.encode() if isinstance(target, str) else target
        lines = [method.encode() + b" " + target + b" HTTP/1.1", b"Host: 127.0.0.1"]
        for name, value in (headers or {}).items():
            raw = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
            lines.append(name.encode() + b": " + raw)
        if body is not None:
            lines.append(b"Content-Length: %d" % len(body))
        return await self.send(b"\r\n".join([*lines, b"", b""]) + (body or b""), method)

    async def send(self, request: bytes, method: str = "GET") -> Answer:
        """Send bytes and read one answer; a kept connection that has died is opened once more."""
        kept = self._writer is not None
        answer = await self._try(request, method)
        return await self._try(request, method) if kept and answer.status == 0 else answer

    async def close(self) -> None:
        """Close the connection."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None

    async def _try(self, request: bytes, method: str) -> Answer:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if self._reader is None or self._writer is None:
                    self._reader, self._writer = await asyncio.open_connection(
                        "127.0.0.1", self._port, limit=_HEAD_BYTES
                    )
                self._writer.write(request)
                answer = await self._read(self._reader, method)
        except (OSError, asyncio.IncompleteReadError):
            await self.close()
            return Answer(0)
        unsent = self._writer is not None and self._writer.transport.get_write_buffer_size()
        if unsent or answer.headers.get("connection", "").lower() == "close":
            await self.close()
        return answer

    async def _read(self, reader: asyncio.StreamReader, method: str) -> Answer:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        status = int(first.split()[1])
        if status == 100:
            return await self._read(reader, method)
        body = b""
        if method != "HEAD" and status not in (204, 304):
            body = await _read_body(reader, headers)
        return Answer(status, headers, body)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_args: object) -> None:
        await self.close()


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.read()
    parts = []
    while size := int((await reader.readline()).strip(), 16):
        parts.append(await reader.readexactly(size))
        await reader.readline()
    await reader.readline()
    return b"".join(parts)
