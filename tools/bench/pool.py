"""A file of bundles, each with an id of its own, so that making them costs the load nothing.

Usage: pool.py FILE COUNT KIND DEVICES SEED PRODUCT FIRST LAST, KIND being error or crash, of the
faults FIRST to LAST. The file holds the faults' tails once and head and end frames for each
bundle; a request is joined when it is sent.
"""

import mmap
import random
import struct
import subprocess
import sys
import time
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from faultbox_protocol.ids import make_bundle_id
from tools.bench.payloads import FAULTS, make_serial
from tools.bench.templates import PRODUCT, Template, make_template

_SIZES = struct.Struct(">HH16s")
_DIGEST_BYTES = 32
_END_BYTES = 52
_COUNT = struct.Struct(">I")
_PER_MS = 5
"""Ids carry the time they were made at: so many a millisecond, as a fleet under load makes them."""


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """What a pool is made of."""

    count: int
    crash: bool = False
    devices: int = 0
    """Serial numbers drawn from so many devices; 0: one device for each fault."""
    seed: int = 1
    product: str = PRODUCT
    faults: tuple[int, int] = (0, FAULTS)


@dataclass(frozen=True, slots=True)
class Parts:
    """One bundle of a pool in its three parts."""

    id: bytes
    head: bytes
    tail: bytes
    end: bytes

    @property
    def size(self) -> int:
        """Bytes of the bundle."""
        return len(self.head) + len(self.tail) + len(self.end)

    @property
    def sha256(self) -> str:
        """The digest that its receipt must have, in hex."""
        return self.end[-_DIGEST_BYTES:].hex()


class Pool:
    """The bundles of a file, by number; parts are read from the file when they are asked for."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._tails: list[bytes] = []
        at = 0
        for _ in range(self._read_count(at)):
            at += _COUNT.size
            size = self._read_count(at)
            self._tails.append(self._data[at + _COUNT.size : at + _COUNT.size + size])
            at += size
        at += _COUNT.size
        self._places = array("Q")
        while at < len(self._data):
            self._places.append(at)
            _fault, head_bytes, _id = _SIZES.unpack_from(self._data, at)
            at += _SIZES.size + head_bytes + _END_BYTES

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, number: int) -> Parts:
        at = self._places[number]
        fault, head_bytes, bundle_id = _SIZES.unpack_from(self._data, at)
        at += _SIZES.size
        end = at + head_bytes
        head = self._data[at:end]
        return Parts(bundle_id, head, self._tails[fault], self._data[end : end + _END_BYTES])

    def _read_count(self, at: int) -> int:
        found: int = _COUNT.unpack_from(self._data, at)[0]
        return found


def write_pool(path: Path, plan: PoolPlan) -> None:
    """Write a pool."""
    first, last = plan.faults
    templates = [
        make_template(number, crash=plan.crash, product=plan.product)
        for number in range(first, last)
    ]
    draw = random.Random(plan.seed)
    begun_ms = time.time_ns() // 1_000_000 - plan.count // _PER_MS
    with path.open("wb") as file:
        file.write(_COUNT.pack(len(templates)))
        for one in templates:
            file.write(_COUNT.pack(len(one.tail)) + one.tail)
        for index in range(plan.count):
            fault = index % len(templates)
            t_ms = begun_ms + index // _PER_MS
            file.write(_write_entry(templates[fault], fault, t_ms, draw, plan.devices))


def write_bodies(path: Path, bodies: Iterable[tuple[bytes, bytes]]) -> None:
    """Write a pool of bodies of any kind, each with an id of 16 bytes."""
    with path.open("wb") as file:
        file.write(_COUNT.pack(1) + _COUNT.pack(0))
        for body_id, body in bodies:
            file.write(_SIZES.pack(0, len(body) - _END_BYTES, body_id) + body)


def build_pool(path: Path, plan: PoolPlan) -> "subprocess.Popen[bytes]":
    """Start the program that writes a pool, so that several are written at once."""
    first, last = plan.faults
    kind = "crash" if plan.crash else "error"
    arguments = [path, plan.count, kind, plan.devices, plan.seed, plan.product, first, last]
    return subprocess.Popen(
        [sys.executable, "-m", "tools.bench.pool", *map(str, arguments)],
        cwd=Path(__file__).resolve().parents[2],
    )


def _write_entry(
    template: Template, fault: int, t_ms: int, draw: random.Random, devices: int
) -> bytes:
    bundle_id = make_bundle_id(t_ms, draw.randbytes(10))
    serial = make_serial(draw.randrange(devices)).encode() if devices else template.serial
    head, end = template.stamp(bundle_id, t_ms, serial)
    return _SIZES.pack(fault, len(head), bundle_id) + head + end


if __name__ == "__main__":
    target, count, kind, devices, seed, product, first, last = sys.argv[1:]
    write_pool(
        Path(target),
        PoolPlan(
            int(count), kind == "crash", int(devices), int(seed), product, (int(first), int(last))
        ),
    )
