"""Ids of bundles that the database does not know yet, so that a repeat is answered without it.

Two generations in memory: where the younger one is full the older one is given up, and only
counted from then on. So a storm, or hours of a database in trouble, cost a few MiB; a repeat of a
bundle that was given up is taken once more, and the digest absorbs it.
"""

import threading
from collections.abc import Iterable
from typing import NamedTuple

GENERATION = 20_000
"""Ids in one generation, some 5 MiB."""
_PRODUCT_BYTES = 8


class Undigested(NamedTuple):
    """A bundle that is on its way to the pack, or durable there and not yet digested."""

    sha256: bytes
    product_id: int
    durable: bool = False


class UndigestedIds:
    """What is on its way or waits for the digest, oldest first.

    `forget` may come from any thread, everything else belongs to the event loop's.

    Args:
        generation: how many ids one generation holds.
    """

    def __init__(self, generation: int = GENERATION) -> None:
        self._most = generation
        self._young: dict[bytes, bytes] = {}
        self._old: dict[bytes, bytes] = {}
        self._given_up = 0
        self._on_the_way: set[bytes] = set()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._young) + len(self._old) + self._given_up

    @property
    def has_gaps(self) -> bool:
        """Whether there are undigested bundles whose ids are not known any more."""
        return self._given_up > 0

    def remember(self, bundle_id: bytes, sha256: bytes, product_id: int) -> None:
        """Note a bundle as on its way."""
        if len(self._young) >= self._most:
            with self._lock:
                self._given_up += len(self._old)
                self._young, self._old = {}, self._young
        self._on_the_way.add(bundle_id)
        # One object for both: a storm leaves tens of thousands of them here.
        self._young[bundle_id] = sha256 + product_id.to_bytes(_PRODUCT_BYTES, "big")

    def confirm(self, bundle_ids: Iterable[bytes]) -> None:
        """Note bundles as durable."""
        self._on_the_way.difference_update(bundle_ids)

    def forget(self, bundle_ids: Iterable[bytes]) -> None:
        """Drop ids that the digest has committed; from now on the database knows them."""
        with self._lock:
            for bundle_id in bundle_ids:
                self._on_the_way.discard(bundle_id)
                if self._young.pop(bundle_id, None) or self._old.pop(bundle_id, None):
                    continue
                # The digest goes from the oldest to the newest, and those were given up first.
                self._given_up = max(self._given_up - 1, 0)
            if not self._young and not self._old:
                self._given_up = 0

    def find(self, bundle_id: bytes) -> Undigested | None:
        """Return what is known of an id."""
        found = self._young.get(bundle_id) or self._old.get(bundle_id)
        if found is None:
            return None
        product_id = int.from_bytes(found[-_PRODUCT_BYTES:], "big")
        return Undigested(found[:-_PRODUCT_BYTES], product_id, bundle_id not in self._on_the_way)
