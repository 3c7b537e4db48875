"""Spool and state in step: the end of a bundle is counted durably before its file goes.

    generated = delivered + waiting + folded + lost        holds after a kill at any moment

A bundle that was delivered, given up or refused is counted and noted by the name of its file
(`State.settled`), the state is saved, and only then the file goes. A kill or a power cut in
between leaves a file whose end is known: the next start finishes it and counts nothing twice.
The note is forgotten when the folder was synced after the file went and nothing can bring the
same fault again.
"""

import contextlib
import os

from faultbox_agent.layout import DROP, RECORD_SUFFIX
from faultbox_agent.spool import SUFFIX, Entry, Spool
from faultbox_agent.state import State, save_state

GONE, ASIDE = "gone", "aside"


class Ledger:
    """Counts what leaves the spool."""

    def __init__(self, spool: Spool, state: State) -> None:
        self.spool = spool
        self.state = state
        self.changed = False
        """Something was counted since the last save."""
        self._removed: set[str] = set()
        """Settled files that went; the folder is not synced since."""

    def recover(self) -> None:
        """Bring spool and state together after a start.

        A kill before the last save leaves bundles that the state does not know, a kill after it
        leaves files that are settled.
        """
        state, spool = self.state, self.spool
        for name in state.settled:
            spool.note_known(name)
        for entry in spool.entries:
            if entry.name in state.settled:
                spool.forget(entry.id)
        for entry in spool.entries:
            if entry.seq >= state.next_seq:
                self._take_over(entry)
        for entry in spool.entries:
            if entry.of is not None:
                self.note_replaced(entry.of)
        new = [name for name in spool.damaged if name not in state.settled]
        for name in new:
            state.lose("damaged")
            state.settled[name] = ASIDE
        self.changed = self.changed or bool(state.settled)

    def note_delivered(self, fault_id: bytes) -> None:
        """Count a bundle that the collector has."""
        entry = self._settle(fault_id, GONE)
        if entry is not None:
            self.state.delivered += entry.n

    def note_lost(self, fault_id: bytes, reason: str, *, aside: bool = False) -> None:
        """Count a bundle that will not arrive, and the losses that it carried."""
        entry = self._settle(fault_id, ASIDE if aside else GONE)
        if entry is not None:
            self.state.lose(reason, entry.n)
            self.state.give_back_drops(entry.drops)

    def note_replaced(self, fault_id: bytes) -> None:
        """Settle a bundle whose occurrences and losses another one carries."""
        self._settle(fault_id, GONE)

    def commit(self) -> None:
        """Save the state, then remove what is settled.

        Raises:
            OSError: the state is not saved; settled files go all the same, they may fill the disk.
        """
        self._forget_removed()
        try:
            save_state(self.spool.root, self.state, self.spool.disk)
            self.changed = False
        finally:
            self._remove_settled()

    def _settle(self, fault_id: bytes, end: str) -> Entry | None:
        entry = self.spool.forget(fault_id)
        if entry is not None:
            self.state.settled[entry.name] = end
            self.changed = True
        return entry

    def _take_over(self, entry: Entry) -> None:
        """Count a bundle that was written after the last save."""
        state = self.state
        self.changed = True
        state.next_seq = entry.seq + 1
        if entry.of is not None:
            return  # it stands for one that is counted, and carries what that one carried
        state.captured += entry.n
        for reason, count in entry.drops.items():
            # What the state does not hold came with the fault itself.
            own = max(count - state.drops.get(reason, 0), 0)
            if own:
                state.lose(reason, own)
        state.forget_drops(entry.drops)

    def _forget_removed(self) -> None:
        if not self._removed:
            return
        with contextlib.suppress(OSError):
            self.spool.sync_ready()
            for name in [name for name in self._removed if not self._may_come_again(name)]:
                self.state.settled.pop(name, None)
                self._removed.discard(name)

    def _may_come_again(self, name: str) -> bool:
        """Say whether the record of this bundle lies in the drop folder still.

        A kill can leave a bundle delivered and its record not yet known as taken.
        """
        record = name.removesuffix(SUFFIX) + RECORD_SUFFIX
        return os.path.lexists(os.path.join(self.spool.root, DROP, record))

    def _remove_settled(self) -> None:
        for name, end in self.state.settled.items():
            if name in self._removed:
                continue
            with contextlib.suppress(OSError):
                if end == ASIDE:
                    self.spool.set_file_aside(name)
                else:
                    self.spool.delete_file(name)
                self._removed.add(name)
