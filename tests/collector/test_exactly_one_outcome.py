"""Whatever devices send, each bundle ends in exactly one outcome, and the outcomes add up."""

import errno
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from faultbox_collector.housekeeping import Housekeeping
from faultbox_collector.pack.records import Position
from faultbox_collector.pack.writer import Buffer, PackWriteError, PackWriter
from faultbox_collector.store.progress import read_tallies
from faultbox_protocol.framing import write_frame
from faultbox_protocol.packing import pack
from faultbox_protocol.words import FrameKind
from support.builders import a_bundle, a_head, a_product, a_raw_bundle, an_err, an_id
from support.collector import Served, served


async def post(server: Served, body: bytes, status: int, **headers: str) -> None:
    """Post a body and expect a status."""
    answer = await server.post(body, **headers)
    assert answer.status == status, await answer.text()


async def outcomes_of(server: Served) -> dict[str, int]:
    """Return the totals when everything is digested and folded."""
    await server.digested()
    await Housekeeping(server.collector.writer, server.collector.outcomes).fold()
    return await server.collector.writer.run(lambda c: read_tallies(c, 1))


async def test_each_bundle_counts_once_wherever_it_ends(server: Served) -> None:
    first, second, third = (a_bundle(a_head(number)) for number in (1, 2, 3))
    other_bytes = a_bundle(a_head(1, err=an_err(msg="another")))
    newer = a_raw_bundle(write_frame(FrameKind.HEAD, pack({"v": 9, "id": an_id(9)})))
    theirs = a_bundle(a_head(4, prod=a_product("another product")))
    altered = bytearray(third)
    altered[-5] ^= 0xFF

    with server.digest_waiting():
        await post(server, first + second, 202)
        await post(server, first, 200)  # known from memory: never in the pack
        await post(server, other_bytes, 422)
        await post(server, second + first + newer + theirs, 207)
    await server.digested()
    await post(server, second, 202)  # known to the database alone: the digest finds out
    await server.digested()
    await post(server, other_bytes, 202)
    await post(server, bytes(altered), 400)
    await post(server, b"", 400)
    await post(server, third, 415, Content_Type="text/plain")
    dropping = replace(a_head(8), drops={"rate": 5, "made up by a device": 2})
    await post(server, a_bundle(dropping), 202)

    found = await outcomes_of(server)
    assert found == {
        "stored": 3,
        "duplicate": 4,
        "quarantined:id_reused": 1,
        "refused:id_reused": 1,
        "refused:unknown_version": 1,
        "refused:product_mismatch": 1,
        "invalid:bad_crc": 1,
        "invalid:empty_body": 1,
        "invalid:content_type": 1,
        "dropped:rate": 5,
        "dropped:other": 2,
    }
    bundles = sum(n for name, n in found.items() if not name.startswith("dropped:"))
    assert bundles == 2 + 1 + 1 + 4 + 1 + 1 + 1 + 1 + 1 + 1


class FullDisk(PackWriter):
    """A pack on a disk without room."""

    def append(self, buffers: Sequence[Buffer]) -> Position:
        """Refuse."""
        raise PackWriteError(errno.ENOSPC, "no space left on device")


async def test_what_may_be_sent_again_has_no_outcome_yet(tmp_path: Path) -> None:
    async with served(tmp_path, open_pack=FullDisk) as server:
        await post(server, a_bundle(), 401, FB_Key="fbk_wrong")
        await post(server, a_bundle(), 503)
        assert await outcomes_of(server) == {}
