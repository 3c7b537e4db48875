"""Token buckets for many names in bounded memory; the caller says what time it is.

A bucket is one number: the moment at which it will be full again. Before `moment - burst x
seconds per token` nothing is left in it, and once the moment has passed it is as good as one that
was never used, so it is forgotten. Where more than `most` buckets are in use, the one that was
asked for longest ago is forgotten early, which only ever gives somebody tokens back. It is taken
from the owner that fills the table (a product whose key has leaked and sends made-up serial
numbers) and not from the others, down to an equal share for each.
"""

from collections import OrderedDict
from collections.abc import Hashable

_ROUNDING = 1e-9
"""A millisecond of waiting must not be lost to a rounding of the last bit."""


class Buckets:
    """Buckets of one kind, each of `burst` tokens, filled again at a steady rate.

    Args:
        per_second: tokens that come back to a bucket in a second; 0 or less: no limit at all.
        burst: tokens in a full bucket, at least 1.
        most: buckets in use at a time, over all owners.
    """

    def __init__(self, per_second: float, burst: int, most: int) -> None:
        self.unlimited = per_second <= 0
        self._token_seconds = 0.0 if self.unlimited else 1.0 / per_second
        self._burst = max(1, burst)
        self._full_seconds = self._burst * self._token_seconds
        self._most = most
        self._owners: dict[Hashable, OrderedDict[Hashable, float]] = {}
        self._size = 0

    def __len__(self) -> int:
        """Return how many buckets are in use."""
        return self._size

    def take(self, owner: Hashable, name: Hashable, count: int, now: float) -> int:
        """Take up to `count` tokens from a bucket; return how many there were.

        Args:
            owner: who shares the table with other owners.
            name: the bucket among the owner's.
            count: tokens wanted.
            now: seconds of any clock that never goes back.
        """
        if self.unlimited:
            return count
        full = self._full_at(owner, name, now)
        room = now + self._full_seconds - full
        if room < count * self._token_seconds - _ROUNDING:
            count = max(0, int((room + _ROUNDING) / self._token_seconds))
        if count:
            self._store(owner, name, full + count * self._token_seconds, now)
        return count

    def charge(self, owner: Hashable, name: Hashable, count: int, now: float) -> None:
        """Take tokens that were used already; the bucket may owe them afterwards."""
        if not self.unlimited:
            full = self._full_at(owner, name, now)
            self._store(owner, name, full + count * self._token_seconds, now)

    def wait(self, owner: Hashable, name: Hashable, count: int, now: float) -> float:
        """Return in how many seconds `count` tokens are there; never more than a full bucket."""
        if self.unlimited:
            return 0.0
        wanted = min(count, self._burst) * self._token_seconds
        return max(0.0, self._full_at(owner, name, now) + wanted - self._full_seconds - now)

    def _full_at(self, owner: Hashable, name: Hashable, now: float) -> float:
        """Return when the bucket is full again, `now` where it is."""
        entries = self._owners.get(owner)
        if entries is None:
            return now
        full = entries.get(name, now)
        return full if full > now else now

    def _store(self, owner: Hashable, name: Hashable, full: float, now: float) -> None:
        entries = self._owners.get(owner)
        if entries is None:
            entries = self._owners[owner] = OrderedDict()
        if name in entries:
            entries[name] = full
            entries.move_to_end(name)
            return
        self._forget_full(entries, now)
        if self._size >= self._most:
            self._forget_one(entries)
        entries[name] = full
        self._size += 1

    def _forget_full(self, entries: OrderedDict[Hashable, float], now: float) -> None:
        """Drop up to two that are full again: for each that comes, so that they never pile up."""
        for _ in range(2):
            if not entries or next(iter(entries.values())) > now:
                return
            entries.popitem(last=False)
            self._size -= 1

    def _forget_one(self, entries: OrderedDict[Hashable, float]) -> None:
        """Make room: from the owner itself where it has its share, else from the largest."""
        if len(entries) < self._most // len(self._owners):
            entries = max(self._owners.values(), key=len)
        entries.popitem(last=False)
        self._size -= 1
