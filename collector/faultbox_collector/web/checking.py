"""From a body to the bundles in it: each is checked and its head decoded, or refused with a reason.

What takes long goes on in a thread, so that one sender does not keep the loop from the others.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

from faultbox_collector.heads import read_head
from faultbox_collector.web.forms import bundle_of_form
from faultbox_protocol import api
from faultbox_protocol.codec import Bundle, scan_bundle, split_batch
from faultbox_protocol.errors import Invalid, ProtocolError

_INLINE_BYTES = 64 * 1024
"""Larger bodies are checked in a thread: a hundred heads, or 16 MiB to hash, take 20 ms."""
_INLINE_SECONDS = 0.005
"""A small body that takes longer goes on in a thread: 14 KB can hold a hundred heads that open to
64 KiB each, and take 0.7 s."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One intact bundle of a request whose head can be read.

    The head itself is not kept: a hundred of them can take 20 MiB.
    """

    id: bytes
    serial: str | None
    sha256: bytes
    """The digest that its receipt has."""
    data: memoryview
    """The bundle's bytes."""


Found = list[Checked | ProtocolError]


async def check_body(content_type: str, body: bytes | bytearray, product: str) -> Found:
    """Return each bundle of a body, or what is wrong with it.

    Args:
        content_type: that of FBX, or of another form, which is one bundle.
        body: whole, of a length that the type allows.
        product: the key's.
    """
    if content_type != api.MEDIA_TYPE:
        return await asyncio.to_thread(check_form, content_type, bytes(body), product)
    items = check_each(body, product)
    if len(body) > _INLINE_BYTES:
        return await asyncio.to_thread(list, items)
    begun = perf_counter()
    found = []
    for item in items:
        found.append(item)
        if perf_counter() - begun > _INLINE_SECONDS:
            return found + await asyncio.to_thread(list, items)
    return found


def check_each(body: bytes | bytearray, product: str) -> Iterator[Checked | ProtocolError]:
    """Yield each bundle of an FBX body, or what is wrong with it."""
    for item in split_batch(memoryview(body)):
        yield item if isinstance(item, ProtocolError) else _check(item, product, item.sha256)


def check_form(content_type: str, body: bytes, product: str) -> Found:
    """Return the one bundle of a body of another form; its digest is the body's."""
    try:
        form = bundle_of_form(content_type, body)
        return [_check(scan_bundle(memoryview(form.bundle)), product, form.sha256)]
    except ProtocolError as error:
        return [error]


def _check(bundle: Bundle, product: str, sha256: bytes) -> Checked | ProtocolError:
    try:
        head = read_head(bundle)
    except ProtocolError as error:
        return error
    if head.prod.name != product:
        return Invalid("product_mismatch", f"the key is for {product!r}")
    return Checked(head.id, head.prod.serial, sha256, bundle.data)
