"""When to try again: full jitter from one second to one hour, or as long as the collector says.

Full jitter, because a thousand devices lose the same collector in the same second.
"""

from faultbox_protocol.api import RETRY_AFTER_MAX_SECONDS

BASE_SECONDS = 1.0
MAX_SECONDS = 3600.0
KEY_SECONDS = 3600.0
"""At least this long after a refused key."""


def next_wait_seconds(attempts: int, chance: float, retry_after_seconds: float | None) -> float:
    """Return how long to wait after `attempts` failures; `chance` is from 0 up to 1.

    A wait that the collector asks for is kept to, up to a day, with up to a tenth on top.
    """
    if retry_after_seconds is not None:
        asked = min(max(retry_after_seconds, 0.0), RETRY_AFTER_MAX_SECONDS)
        return min(asked * (1 + chance / 10), RETRY_AFTER_MAX_SECONDS)
    ceiling = min(MAX_SECONDS, BASE_SECONDS * float(2 ** min(max(attempts - 1, 0), 20)))
    return ceiling * chance


def key_wait_seconds(chance: float, retry_after_seconds: float | None) -> float:
    """Return how long to wait after a refused key: an hour or more."""
    longer = next_wait_seconds(1, chance, retry_after_seconds or 0.0)
    return max(longer, KEY_SECONDS * (1 + chance / 10))
