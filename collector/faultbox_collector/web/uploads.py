"""/v1/uploads: large files in parts that survive cut connections and restarts.

A subset of the IETF's resumable uploads (draft-ietf-httpbis-resumable-upload): an empty POST makes
the upload, HEAD tells how far it is, PATCH goes on from there, DELETE gives it up. The offset is
told only when that many bytes are durable. One request at a time works on an upload; a newer one
ends an older one that still waits for bytes, because its sender has begun anew.
"""

import asyncio
import hashlib
import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from aiohttp import web

from faultbox_collector.clock import wall_ms
from faultbox_collector.domain.keys import KeyRow
from faultbox_collector.pack.writer import PackSyncError
from faultbox_collector.uploads.folder import DigestError, Part, UploadFolder
from faultbox_collector.uploads.records import Upload
from faultbox_collector.uploads.register import Entry, Register, TooManyUploads
from faultbox_collector.web import upload_headers as names
from faultbox_collector.web.auth import KeyRing
from faultbox_collector.web.body import BodyLimits, CutOffError, read_parts
from faultbox_collector.web.problems import ProblemError, problem, status_of
from faultbox_collector.web.upload_headers import (
    UploadFields,
    describe_complete,
    describe_open,
    read_upload_fields,
)
from faultbox_protocol import api, limits
from faultbox_protocol.errors import ProtocolError, Unsupported

P = ParamSpec("P")
T = TypeVar("T")
logger = logging.getLogger(__name__)

_THREADS = 2
"""Of our own: hashing a gigabyte must not keep the intake's large bodies waiting."""
_SWEEP_SECONDS = 600
_WRITE_BYTES = 256 * 1024
_DEVICE_CHARS = 256


class Uploads:
    """The door for large files.

    Args:
        keys: the keys in force.
        folder: where uploads lie.
        slow: how slowly a part may come.
        on_fatal: called when the disk no longer confirms; the process has to end.
        address_of: the address that a request comes from, behind proxies as well.
        monotonic: seconds that no one sets back or forth, for ages.
    """

    def __init__(
        self,
        keys: KeyRing,
        folder: UploadFolder,
        slow: BodyLimits,
        on_fatal: Callable[[], object],
        address_of: Callable[[web.Request], str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keys = keys
        self._folder = folder
        self._slow = slow
        self._on_fatal = on_fatal
        self._address_of = address_of
        self._register = Register(monotonic)
        self._threads = ThreadPoolExecutor(_THREADS, "uploads")

    async def run(self, _application: web.Application) -> AsyncIterator[None]:
        """Load what a former process left, give up what is too old, as long as the server runs."""
        self._register.load(await asyncio.to_thread(self._folder.prepare), wall_ms())
        sweeping = asyncio.create_task(self._sweep_again())
        try:
            yield
        finally:
            sweeping.cancel()
            await asyncio.to_thread(self._threads.shutdown)

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Make an upload: 201 with its path in Location."""
        key = self._keys.authenticate(request)
        said = read_upload_fields(request.headers)
        if said.complete is not False:
            raise ProblemError(400, "bad_upload", "an upload begins with Upload-Complete: ?0")
        if request.content_length or "Transfer-Encoding" in request.headers:
            raise ProblemError(400, "bad_upload", "an upload begins without a body")
        if said.length is not None and said.length > limits.UPLOAD_BYTES:
            raise _too_large("upload_too_large", limits.UPLOAD_BYTES)
        await self.sweep()
        upload = Upload(
            id=os.urandom(16).hex(),
            organisation_id=key.organisation_id,
            product_id=key.product_id,
            key_id=key.id,
            device=self._device_of(request),
            created_ms=wall_ms(),
            length=said.length,
            announced=said.repr_digest,
        )
        try:  # before the disk is asked: no two take one place
            entry = self._register.add(upload)
        except TooManyUploads:
            raise ProblemError(429, "too_many_uploads") from None
        try:
            await self._on_disk(self._folder.create, upload)
        except BaseException:
            self._register.drop(entry)
            raise
        headers = self._headers(entry) | {"Location": f"{api.UPLOADS}/{upload.id}"}
        return web.json_response({"up": upload.id}, status=201, headers=headers)

    async def head(self, request: web.Request) -> web.StreamResponse:
        """Tell how far an upload is, whether it is complete, and its limits."""
        key = self._keys.authenticate(request)
        entry = await self._hold(key, request)
        if entry is None:
            return web.Response(status=204, headers=await self._finished(key, request))
        try:
            return web.Response(status=204, headers=self._headers(entry))
        finally:
            entry.lock.release()

    async def patch(self, request: web.Request) -> web.StreamResponse:
        """Append a part; answer when it is durable. The last one answers with the SHA-256."""
        key = self._keys.authenticate(request)
        said = _check_part(request)
        entry = await self._hold(key, request)
        if entry is None:
            raise ProblemError(409, "upload_complete", headers=await self._finished(key, request))
        try:
            await self._receive(entry, request, said)
            if said.complete:
                return await self._finish(entry, request, said)
            return web.Response(status=204, headers=self._headers(entry))
        finally:
            entry.lock.release()

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Give an upload up; a complete one stays."""
        key = self._keys.authenticate(request)
        entry = await self._hold(key, request)
        if entry is None:
            raise ProblemError(409, "upload_complete", headers=await self._finished(key, request))
        try:
            await self._forget(entry)
        finally:
            entry.lock.release()
        return web.Response(status=204)

    async def options(self, _request: web.Request) -> web.StreamResponse:
        """Tell that uploads can be resumed here, and their limits."""
        headers = {
            "Allow": "OPTIONS, POST",
            "Accept-Patch": api.PART_TYPE,
            names.LIMIT: names.write_limit(),
        }
        return web.Response(status=204, headers=headers)

    async def expect(self, request: web.Request) -> web.StreamResponse | None:
        """Answer `Expect: 100-continue`: who will be refused need not send the part."""
        try:
            key = self._keys.authenticate(request)
            said = _check_part(request)
            entry = self._find(key, request)
            if entry is not None and not entry.lock.locked():
                self._agree(entry, request, said)
        except ProblemError as error:
            return error.answer()
        except ProtocolError as error:
            return problem(status_of(error), error.reason, error.detail)
        if request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return None

    async def sweep(self) -> None:
        """Give up what has been incomplete for too long; what works just now is left alone."""
        for entry in self._register.old():
            async with entry.lock:
                await self._forget(entry)

    async def _sweep_again(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            try:
                await self.sweep()
            except ProblemError:
                logger.warning("old uploads could not be removed")

    async def _receive(self, entry: Entry, request: web.Request, said: UploadFields) -> None:
        """Append the request's body to the upload; what came of a body that was cut counts, too."""
        length = self._agree(entry, request, said)
        entry.cut = partial(_abort, request)
        try:
            part = await self._on_disk(self._folder.begin_part, entry.upload)
            try:
                cut = await self._keep(entry, part, request, said, length)
            finally:
                await self._on_disk(part.close)
        finally:
            entry.cut = None
        if cut is not None:
            raise cut

    async def _keep(
        self,
        entry: Entry,
        part: Part,
        request: web.Request,
        said: UploadFields,
        length: int | None,
    ) -> CutOffError | None:
        """Fill a part and count it; return what cut it off, None where it is whole."""
        digest = hashlib.sha256()
        try:
            cut = await self._fill(part, digest, entry, request, length)
            if cut is None:
                self._check_digest(entry, said, digest.hexdigest())
            entry.upload = await self._on_disk(self._folder.keep_part, entry.upload, part, length)
        except ProblemError:
            await self._on_disk(part.discard)
            raise
        return cut

    async def _fill(
        self,
        part: Part,
        digest: "hashlib._Hash",
        entry: Entry,
        request: web.Request,
        length: int | None,
    ) -> CutOffError | None:
        """Write a body to a part; return what cut it off, None where it is whole."""
        room_bytes = (limits.UPLOAD_BYTES if length is None else length) - entry.upload.offset
        too_large = _too_large("part_too_large", limits.UPLOAD_PART_BYTES)
        waiting = bytearray()
        cut = None
        try:
            async for data in read_parts(request, self._slow, limits.UPLOAD_PART_BYTES, too_large):
                waiting += data
                if part.size + len(waiting) > room_bytes:
                    raise await self._overrun(entry, length)
                if len(waiting) >= _WRITE_BYTES:
                    digest.update(waiting)
                    await self._on_disk(part.append, waiting)
                    waiting = bytearray()
        except CutOffError as error:
            cut = error
        digest.update(waiting)
        await self._on_disk(part.append, waiting)
        return cut

    def _check_digest(self, entry: Entry, said: UploadFields, digest: str) -> None:
        if said.content_digest not in (None, digest):
            raise ProblemError(400, "upload_digest", headers=self._headers(entry))

    async def _overrun(self, entry: Entry, length: int | None) -> ProblemError:
        """Give up an upload that has more bytes than it said, as the draft demands."""
        await self._forget(entry)
        if length is None:
            return _too_large("upload_too_large", limits.UPLOAD_BYTES)
        return ProblemError(400, "upload_length", f"more than the {length} bytes announced")

    async def _finish(
        self, entry: Entry, request: web.Request, said: UploadFields
    ) -> web.StreamResponse:
        """Turn the upload into an object and answer with its SHA-256."""
        # The key may have been revoked while the part came; what it cost is paid already.
        KeyRing.authenticate(self._keys, request)
        upload = entry.upload
        if upload.length not in (None, upload.offset):
            detail = f"{upload.offset} bytes are here, {upload.length} were announced"
            raise ProblemError(400, "upload_length", detail, headers=self._headers(entry))
        complete = describe_complete(upload.offset)
        try:
            finished = await self._on_disk(self._folder.finish, upload, said.repr_digest)
        except DigestError as error:
            self._register.drop(entry)
            detail = f"the bytes that came have {error}"
            raise ProblemError(400, "upload_digest", detail, headers=complete) from None
        self._register.drop(entry)
        told = {"up": upload.id, "sha256": finished.sha256, "raw_b": upload.offset}
        return web.json_response(told, headers=complete)

    def _agree(self, entry: Entry, request: web.Request, said: UploadFields) -> int | None:
        """Check offset and lengths of a part before it is read; return the length, where known."""
        upload = entry.upload
        if said.offset != upload.offset:
            raise ProblemError(409, "upload_offset", headers=self._headers(entry))
        stated = {upload.length, said.length}
        if said.complete and request.content_length is not None:
            stated.add(upload.offset + request.content_length)
        stated.discard(None)
        if len(stated) > 1:
            raise ProblemError(400, "upload_length", headers=self._headers(entry))
        length = stated.pop() if stated else None
        if length is not None and length > limits.UPLOAD_BYTES:
            raise _too_large("upload_too_large", limits.UPLOAD_BYTES)
        if length is not None and length < upload.offset:
            raise ProblemError(400, "upload_length", headers=self._headers(entry))
        return length

    async def _hold(self, key: KeyRow, request: web.Request) -> Entry | None:
        """Return the upload with its lock held, None where it is none or complete."""
        entry = self._find(key, request)
        return entry if entry is not None and await self._register.hold(entry) else None

    def _find(self, key: KeyRow, request: web.Request) -> Entry | None:
        return self._register.find(key.product_id, request.match_info["up"])

    async def _finished(self, key: KeyRow, request: web.Request) -> dict[str, str]:
        """Return what is told of a complete upload.

        Raises:
            ProblemError: 404, there is none.
        """
        found = await self._on_disk(
            self._folder.find_upload, key.organisation_id, key.product_id, request.match_info["up"]
        )
        if found is None:
            raise ProblemError(404, "not_found")
        return describe_complete(found.offset)

    async def _forget(self, entry: Entry) -> None:
        self._register.drop(entry)
        await self._on_disk(self._folder.remove, entry.upload.id)

    def _headers(self, entry: Entry) -> dict[str, str]:
        return describe_open(entry.upload, self._register.left_seconds(entry))

    def _device_of(self, request: web.Request) -> str:
        """Return what a sender is counted under; it is a name in a table, nothing else."""
        named = request.headers.get(api.DEVICE_HEADER, "")[:_DEVICE_CHARS]
        return f"device {named}" if named else f"address {self._address_of(request)}"

    async def _on_disk(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run file work in a thread of our own: what the disk says becomes an answer."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, partial(work, *args, **kwargs))
        except PackSyncError as error:
            logger.exception("an upload could not be made durable")
            self._on_fatal()
            raise ProblemError(503, "internal") from error
        except OSError as error:
            logger.warning("an upload could not be written: %s", error)
            raise ProblemError(503, "disk_full") from error


def _check_part(request: web.Request) -> UploadFields:
    """Return what a part says of itself, refused by its headers alone where it must be."""
    if request.content_type != api.PART_TYPE:
        raise Unsupported("content_type", f"expected {api.PART_TYPE}, got {request.content_type}")
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Unsupported("content_encoding", "parts are sent as they are")
    said = read_upload_fields(request.headers)
    if said.complete is None or said.offset is None:
        raise ProblemError(400, "bad_upload", "a part has Upload-Offset and Upload-Complete")
    if (request.content_length or 0) > limits.UPLOAD_PART_BYTES:
        raise _too_large("part_too_large", limits.UPLOAD_PART_BYTES)
    return said


def _too_large(reason: str, limit_bytes: int) -> ProblemError:
    detail = f"at most {limit_bytes} bytes"
    return ProblemError(413, reason, detail, headers={names.LIMIT: names.write_limit()})


def _abort(request: web.Request) -> None:
    """Break the connection of a request whose sender has begun anew."""
    if request.transport is not None:
        request.transport.abort()
