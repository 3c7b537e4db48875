"""Large blocks of memory lie apart from the heap, so that they go back to the system at once.

glibc takes a block over 128 KiB from the system by itself, but moves that bound up to the largest
block ever freed: after one body of 16 MiB the next ones lie in the heap, are copied whole as they
grow, and leave holes that stay with the process. Setting the bound keeps it where it is.
"""

import ctypes

LARGE_BYTES = 256 * 1024
_M_MMAP_THRESHOLD = -3
"""The parameter's number in malloc.h."""


def keep_large_blocks_apart() -> bool:
    """Set the bound for the whole process; False where the C library knows no such thing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES))
