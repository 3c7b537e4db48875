"""What can become of a bundle, in words: each that was sent ends in exactly one outcome.

`stored`       digested into an occurrence
`duplicate`    the same id with the same bytes had come before
`invalid`      not taken: the bytes are no bundle (400, 413, 415)
`refused`      not taken: intact, but with a content that is not accepted (422)
`quarantined`  taken, then set aside with its bytes because no step could digest it
`dropped`      lost on the device, which counted it and told with a later bundle

What was answered with 401, 409, 429 or 5xx has no outcome yet: the device keeps it and sends it
again. Totals are kept under the outcome, with a reason behind a colon where there is one. Reasons
come from closed lists, so that no device can make up names without end. `damaged` counts
stretches of a pack that are no bundle any more; it is no outcome, nobody knows what they were.
"""

from faultbox_protocol.errors import REASONS

STORED = "stored"
DUPLICATE = "duplicate"
INVALID = "invalid"
REFUSED = "refused"
QUARANTINED = "quarantined"
DROPPED = "dropped"
DAMAGED = "damaged"
OUTCOMES = (STORED, DUPLICATE, INVALID, REFUSED, QUARANTINED, DROPPED)

UNDIGESTIBLE = "undigestible"
"""A step failed on it, or the store refused it."""
DEADLY = "deadly"
"""The process ended each time it worked on it."""
LOSSES = frozenset(
    {
        *("spool_full", "rate", "hold", "quota", "poison", "scrubbed", "expired", "refused"),
        *("damaged", "bad_record", "disk_error", "agent_error", "sdk_error", "state_lost"),
    }
)
"""Why devices lose faults: the words of our own agents; another is counted as `other`."""
_REASONS = frozenset({*REASONS, UNDIGESTIBLE, DEADLY})
_OTHER = "other"


def bound_reason(reason: str) -> str:
    """Return a reason from the closed list: itself, or `undigestible`."""
    return reason if reason in _REASONS else UNDIGESTIBLE


def name_outcome(outcome: str, reason: str = "") -> str:
    """Return the name under which an outcome is counted, as `refused:id_reused`.

    Raises:
        ValueError: there is no such outcome.
    """
    if outcome == DROPPED:
        return f"{DROPPED}:{reason if reason in LOSSES else _OTHER}"
    if outcome not in OUTCOMES:
        raise ValueError(f"{outcome!r} is no outcome")
    if outcome == QUARANTINED:
        return f"{outcome}:{bound_reason(reason)}"
    return f"{outcome}:{reason if reason in REASONS else _OTHER}" if reason else outcome


def unreadable_key(reason: str) -> str:
    """Return the key of the signature under which bundles set aside for a reason are counted."""
    return f"fb:1:unreadable:{reason}"
