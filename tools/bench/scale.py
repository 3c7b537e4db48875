"""How long each part of the bench runs: the whole, or QUICK=1 for a look."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Durations and counts of one bench."""

    long_seconds: float
    """The sustained run; the promise is about 30 s."""
    middle_seconds: float
    short_seconds: float
    pool: int
    """Bundles made beforehand; a run ends when they are used up."""
    crash_pool: int
    digest_alone: int
    """Bundles that lie in the packs when the digest begins."""
    slow: tuple[tuple[int, int], ...]
    """Slow disks: milliseconds added to a sync, and connections."""
    idle_seconds: float
    """How long the idle agent is watched."""


WHOLE = Scale(
    long_seconds=30.0,
    middle_seconds=12.0,
    short_seconds=6.0,
    pool=260_000,
    crash_pool=40_000,
    digest_alone=40_000,
    slow=((5, 64), (5, 256), (20, 64), (20, 256)),
    idle_seconds=60.0,
)
QUICK = Scale(
    long_seconds=6.0,
    middle_seconds=3.0,
    short_seconds=2.0,
    pool=70_000,
    crash_pool=14_000,
    digest_alone=12_000,
    slow=((20, 64),),
    idle_seconds=5.0,
)
