"""A body that grows to 16 MiB takes 16 MiB, however many came before it, and leaves nothing."""

import subprocess
import sys

import pytest

from faultbox_collector.allocator import keep_large_blocks_apart

MIB = 1 << 20
PROGRAM = r"""
import re
from pathlib import Path
from faultbox_collector.allocator import keep_large_blocks_apart
def memory_kib(word):
    return int(re.search(word + r":\s+(\d+)", Path("/proc/self/status").read_text())[1])
keep_large_blocks_apart()
before = memory_kib("VmRSS")
part, small = bytes(65536), []
for turn in range(4):
    body = bytearray()
    for _ in range(256):
        body += part
        small.append(bytes(2000))  # what would come to lie behind it
    del body
    small.append(bytes(2000))
print(memory_kib("VmHWM") - before, memory_kib("VmRSS") - before)
"""


def test_large_bodies_leave_nothing_behind() -> None:
    if not keep_large_blocks_apart():
        pytest.skip("this C library has no mallopt")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    peak_kib, kept_kib = map(int, done.stdout.split())
    assert peak_kib * 1024 < 24 * MIB
    assert kept_kib * 1024 < 6 * MIB
