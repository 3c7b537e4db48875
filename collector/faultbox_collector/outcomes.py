"""Outcomes that need no transaction of their own, counted in memory until the next fold.

The intake decides some outcomes without the database: a repeat that it still remembers, bytes that
are no bundle. Here they are added up and now and then taken into the store's totals. What a
process that is killed had not folded yet is lost; the devices have their answers all the same.
"""

import threading
from collections import Counter
from collections.abc import Mapping

from faultbox_collector.domain.outcome_names import name_outcome

Place = tuple[int, int, str]
"""(organisation id, product id, name of the outcome)."""


class Outcomes:
    """Totals by organisation, product and name; any thread may add.

    Bounded: products times names, and both are closed lists.
    """

    def __init__(self) -> None:
        self._counts: Counter[Place] = Counter()
        self._lock = threading.Lock()

    def add(
        self, organisation_id: int, product_id: int, outcome: str, reason: str = "", count: int = 1
    ) -> None:
        """Count an outcome: `duplicate`, or `invalid` and `refused` with their reason word.

        Raises:
            ValueError: there is no such outcome.
        """
        place = organisation_id, product_id, name_outcome(outcome, reason)
        with self._lock:
            self._counts[place] += count

    def take(self) -> dict[Place, int]:
        """Return what was counted since the last time, for a transaction to store."""
        with self._lock:
            taken, self._counts = self._counts, Counter()
        return dict(taken)

    def put_back(self, counts: Mapping[Place, int]) -> None:
        """Take back what could not be stored."""
        with self._lock:
            self._counts.update(counts)
