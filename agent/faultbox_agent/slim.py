"""Keeping OpenSSL out of a process that stays.

`hashlib` loads libcrypto (3.6 MiB) although Python has a SHA-256 of its own; a device pays for
it as long as the agent runs. Called before anything imports hashlib.
"""

import importlib.util
import sys

_OWN_HASHES = ("_sha256", "_sha2")  # up to Python 3.11, from 3.12


def leave_out_openssl() -> bool:
    """Make hashlib use Python's own hashes; False where this Python was built without them."""
    if "hashlib" in sys.modules or not any(map(importlib.util.find_spec, _OWN_HASHES)):
        return False
    sys.modules["_hashlib"] = None  # type: ignore[assignment] # an import of it fails from now on
    return True
