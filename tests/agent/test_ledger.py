"""Whatever is killed, cut off or pushed out, each occurrence is in exactly one place.

    generated = delivered + waiting + folded + lost                  as the device counts
    generated = arrived + carried losses + what is still here        as the collector will count

A model drives the real station over a disk that forgets: faults and losses come in, the collector
takes, refuses or asks for smaller ones, the quota pushes out, and the process ends before any one
operation of the disk, with its power or without.
"""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from faultbox_agent.fault import Losses, write_fault, write_losses
from faultbox_agent.settings import Settings
from faultbox_agent.station import Station
from faultbox_agent.verdict import Fate, Verdict, Wait
from faultbox_protocol import codec
from faultbox_protocol.report import Head
from support.builders import an_id
from support.device import StillClock, a_fault, some_settings
from support.forgetful_disk import ForgetfulDisk, Killed

LUCK = st.integers(0, 2**32)
FUSES = st.one_of(st.none(), st.integers(0, 12), st.integers(0, 80))
FATES = st.sampled_from([Fate.DELIVERED, Fate.DELIVERED, Fate.DEAD, Fate.SHED, Fate.UNPACK, None])
RECORDS = st.lists(
    st.tuples(st.sampled_from(["E-100", "E-200"]), st.integers(0, 4), st.integers(0, 3)),
    min_size=1,
    max_size=6,
)
"""Error code, occurrences, and losses; without occurrences the record only counts losses."""


class DeviceMachine(RuleBasedStateMachine):
    """A device with a small spool, and the collector that it reports to."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.disk = ForgetfulDisk()
        self.clock = StillClock()
        self.numbers = iter(range(1, 100_000))
        self.generated = 0
        self.arrived: dict[bytes, Head] = {}
        self.told_twice = 0
        """What a full spool gave up although it had arrived: its answer was never heard."""
        self.station = self._start()

    def teardown(self) -> None:
        """Remove what was written."""
        self.station.spool.close()
        shutil.rmtree(self.root)

    @rule(records=RECORDS, fuse=FUSES, power=st.booleans(), luck=LUCK)
    def take_in(
        self,
        records: list[tuple[str, int, int]],
        fuse: int | None,
        power: bool,
        luck: int,
    ) -> None:
        """Leave records in the drop folder, and take them, or be killed over it."""
        for code, n, losses in records:
            number = next(self.numbers)
            self.generated += n + losses
            if n:
                drops = {"rate": losses} if losses else {}
                record = write_fault(a_fault(number, code=code, n=n, drops=drops))
            else:
                record = write_losses(Losses({"hold": losses}))
            (self.root / "drop" / f"{an_id(number).hex()}.json").write_bytes(record)
        self._take_in(self.station.drain, fuse, power, luck)

    @rule(fuse=FUSES, power=st.booleans(), luck=LUCK)
    def file_folds(self, fuse: int | None, power: bool, luck: int) -> None:
        """Let a minute pass: what was folded becomes a bundle."""

        def work() -> None:
            self.clock.move(61)
            if self.station.pipeline.file_folds():
                self.station.note_change()
            self.station.commit()

        self._take_in(work, fuse, power, luck)

    @precondition(lambda self: len(self.station.spool) > 0)
    @rule(
        fates=st.lists(FATES, min_size=6, max_size=6),
        fuse=FUSES,
        power=st.booleans(),
        luck=LUCK,
    )
    def deliver(self, fates: list[Fate | None], fuse: int | None, power: bool, luck: int) -> None:
        """Send a batch: each bundle is taken, refused, wanted otherwise, or taken unheard."""
        chosen: dict[bytes, Fate] = {}
        for entry, fate in zip(self.station.courier._choose_batch(), fates, strict=False):
            if fate is None or fate is Fate.DELIVERED:
                bundle = codec.scan_bundle(memoryview(self.station.spool.read(entry.id)))
                self.arrived[entry.id] = codec.read_head(bundle)
            elif entry.id in self.arrived:
                continue  # a collector refuses nothing that it has
            if fate is not None:
                chosen[entry.id] = fate

        def work() -> None:
            self.station.courier.apply(Verdict("an answer", Wait.NOW, chosen))
            self.station.commit()

        self._live(work, fuse, power, luck)

    @rule(luck=LUCK)
    def write_back(self, luck: int) -> None:
        """Let the kernel write something back."""
        self.disk.write_back(Random(luck).randrange)

    @rule(power=st.booleans(), luck=LUCK)
    def restart(self, power: bool, luck: int) -> None:
        """End and begin again."""
        self._live(self._kill, None, power, luck)

    @invariant()
    def nothing_is_damaged_or_forgotten(self) -> None:
        """What lies in the spool is whole, and the state was never lost."""
        assert not {"damaged", "state_lost", "bad_record", "disk_error"} & set(self._lost())

    @invariant()
    def the_device_counts_each_occurrence_once(self) -> None:
        """The sum of the device's own figures."""
        state = self.station.state
        waiting = sum(entry.n for entry in self.station.spool.entries)
        folded = sum(fold.n for fold in state.folds.values())
        found = state.delivered + waiting + folded + sum(self._lost().values())
        assert found + self._not_taken_in() == self.generated
        # A newcomer that a full spool refused was never captured, one that it gave up was.
        certain = state.delivered + waiting + self._lost().get("refused", 0)
        assert certain <= state.captured <= certain + self._lost().get("spool_full", 0)

    @invariant()
    def the_collector_will_count_each_occurrence_once(self) -> None:
        """Every bundle once by its id, whether it arrived or waits, and the losses it carries."""
        heads = dict(self.arrived)
        for entry in self.station.spool.entries:
            bundle = codec.scan_bundle(memoryview(self.station.spool.read(entry.id)))
            heads[entry.id] = codec.read_head(bundle)
        told = sum(head.n + sum(head.drops.values()) for head in heads.values())
        state = self.station.state
        here = sum(fold.n for fold in state.folds.values()) + sum(state.drops.values())
        assert told + here + self._not_taken_in() == self.generated + self.told_twice

    @invariant()
    def sequence_numbers_are_never_used_twice(self) -> None:
        """Gaps mean losses only if no number comes twice."""
        seqs = {entry.id: entry.seq for entry in self.station.spool.entries}
        seqs |= {fault_id: head.seq or 0 for fault_id, head in self.arrived.items()}
        assert len(set(seqs.values())) == len(seqs)

    def _lost(self) -> dict[str, int]:
        return self.station.state.lost

    def _not_taken_in(self) -> int:
        total = 0
        for path in (self.root / "drop").glob("*.json"):
            if path.name not in self.station.state.counted:
                record = json.loads(path.read_bytes())
                head = record.get("head", {})
                if not self.station.pipeline._knows(bytes.fromhex(path.stem)):
                    total += head.get("n", 0)
                    total += sum(head.get("drops", record.get("drops", {})).values())
        return total

    def _take_in(
        self, work: Callable[[], object], fuse: int | None, power: bool, luck: int
    ) -> None:
        """Do what may fill the spool, and see what it gives up."""
        before = self._unheard()
        self._live(work, fuse, power, luck)
        for fault_id in before - self._unheard():
            head = self.arrived[fault_id]
            self.told_twice += head.n + sum(head.drops.values())

    def _unheard(self) -> set[bytes]:
        return {entry.id for entry in self.station.spool.entries} & set(self.arrived)

    def _live(self, work: Callable[[], object], fuse: int | None, power: bool, luck: int) -> None:
        """Do some work; where the fuse ends the process, begin anew until a start succeeds."""
        self.disk.fuse = fuse
        try:
            work()
        except Killed:
            self.station.spool.close()
            if power:
                self.disk.cut_power(Random(luck).randrange)
            self.disk.fuse = None
            self.station = self._start()
            self.station.commit()
        self.disk.fuse = None

    def _kill(self) -> None:
        raise Killed

    def _start(self) -> Station:
        return Station(_small(self.root), self.clock, self.disk)


def test_what_a_start_finds_is_durable_from_then_on(tmp_path: Path) -> None:
    disk, clock = ForgetfulDisk(), StillClock()
    first = Station(_small(tmp_path), clock, disk)
    (tmp_path / "drop" / f"{an_id(1).hex()}.json").write_bytes(write_fault(a_fault(1)))
    disk.fuse = 5  # create, two writes, sync, rename: killed before the folder's sync
    with pytest.raises(Killed):
        first.drain()
    first.spool.close()
    disk.fuse = None
    second = Station(_small(tmp_path), clock, disk)
    assert [entry.id for entry in second.spool.entries] == [an_id(1)]
    second.drain()
    second.spool.close()
    disk.cut_power(lambda _: 0)
    third = Station(_small(tmp_path), clock, disk)
    assert [entry.id for entry in third.spool.entries] == [an_id(1)]
    third.close()


def _small(root: Path) -> Settings:
    return some_settings(
        root, spool_bundles=4, burst_per_minute=2, server="https://faults.example.com", key="k"
    )


DeviceMachine.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestDevice = DeviceMachine.TestCase
