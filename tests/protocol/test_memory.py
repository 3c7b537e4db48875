"""Bombs cost a bounded amount of memory, measured in a process of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

MIB = 1024 * 1024
GROWTH_BYTES = 32 * MIB
TESTS = Path(__file__).resolve().parents[1]
PROGRAM = r"""
import re, sys
from pathlib import Path
def memory_kib(word):  # of this address space; getrusage would count what the parent used
    return int(re.search(word + r":\s+(\d+)", Path("/proc/self/status").read_text())[1])
sys.path.insert(0, support)
from faultbox_protocol import codec
from faultbox_protocol.errors import ProtocolError
from protocol_bombs import BOMBS
body = BOMBS[name]()
before = memory_kib("VmRSS")
refused = 0
for item in codec.split_batch(body):
    if isinstance(item, ProtocolError):
        refused += 1
        continue
    for read in (codec.read_head, codec.read_evidence, lambda one: codec.read_blob(one, 0)):
        try:
            read(item)
        except ProtocolError:
            refused += 1
        except IndexError:
            pass
print(refused, (memory_kib("VmHWM") - before) * 1024)
"""


@pytest.mark.parametrize(
    "name",
    [
        "zstd with its size",
        "zstd without its size",
        "zlib",
        "empty maps in the head",
        "empty maps in the evidence",
        "short texts in the evidence",
        "numbers in the evidence",
        "fake magics",
        "fake headers",
    ],
)
def test_a_bomb_is_refused_within_32_mib(name: str) -> None:
    program = f"support, name = {str(TESTS / 'support')!r}, {name!r}\n{PROGRAM}"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    refused, growth_bytes = map(int, answer.stdout.split())
    assert refused > 0
    print(name, growth_bytes // 1024, "KiB")
    assert growth_bytes <= GROWTH_BYTES
