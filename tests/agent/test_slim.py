"""A resident process hashes without OpenSSL, and the hashes are the same."""

import subprocess
import sys


def run(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return done.stdout.split()


def test_hashes_are_right_without_openssl() -> None:
    code = """
import sys
from faultbox_agent.slim import leave_out_openssl
print(leave_out_openssl())
import hashlib
print(hashlib.sha256(b"abc").hexdigest(), bool(sys.modules.get("_hashlib")))
"""
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert run(code) == ["True", digest, "False"]


def test_it_changes_nothing_once_hashlib_is_there() -> None:
    code = """
import hashlib
from faultbox_agent.slim import leave_out_openssl
print(leave_out_openssl(), hashlib.sha256(b"").hexdigest()[:8])
"""
    assert run(code) == ["False", "e3b0c442"]
