"""One record that breaks its reading costs neither its neighbours nor the delivery."""

import os
from collections.abc import Sequence
from pathlib import Path

from faultbox_agent.capture import Capture, Surroundings
from faultbox_agent.fault import Fault, PlainMap, write_fault
from faultbox_agent.ledger import Ledger
from faultbox_agent.pipeline import AttachedFile, Outcome, Pipeline
from faultbox_agent.spool import Limits, Spool
from faultbox_agent.state import State
from faultbox_agent.station import Station
from support.builders import an_id
from support.device import StillClock, a_fault, read_ready, some_settings, some_surroundings


class FragilePipeline(Pipeline):
    """A pipeline that breaks on one fault."""

    breaks_on = b""

    def take(self, fault: Fault, files: Sequence[AttachedFile] = ()) -> Outcome:
        """Take a fault, or break."""
        if fault.id == self.breaks_on:
            raise RecursionError("too deep")
        return super().take(fault, files)


def a_fragile_station(path: Path, breaks_on: bytes) -> Station:
    station = Station(some_settings(path), StillClock())
    capture = Capture(station.settings, some_surroundings())
    pipeline = FragilePipeline(station.ledger, capture, station.clock, 30)
    pipeline.breaks_on = breaks_on
    station.pipeline = pipeline
    return station


def test_a_record_that_breaks_is_set_aside_and_its_neighbours_are_taken(tmp_path: Path) -> None:
    station = a_fragile_station(tmp_path, an_id(2))
    for number in (1, 2, 3):
        record = write_fault(a_fault(number))
        (tmp_path / "drop" / f"{an_id(number).hex()}.json").write_bytes(record)
    assert station.drain() is False
    assert {head.id for head, _ in read_ready(tmp_path)} == {an_id(1), an_id(3)}
    assert os.listdir(tmp_path / "drop") == []
    assert os.listdir(tmp_path / "dead") == [f"{an_id(2).hex()}.json"]
    assert station.state.lost == {"bad_record": 1}
    station.close()


def test_a_fault_of_a_log_or_a_datagram_that_breaks_is_counted(tmp_path: Path) -> None:
    station = a_fragile_station(tmp_path, an_id(2))
    outcomes = [station.take(a_fault(number)) for number in (1, 2, 3)]
    assert outcomes == [Outcome.SPOOLED, Outcome.BAD, Outcome.SPOOLED]
    assert station.state.lost == {"bad_record": 1}
    station.close()


def test_a_fault_whose_evidence_breaks_is_filed_without_it(tmp_path: Path) -> None:
    def broken() -> PlainMap:
        raise ValueError("no such file")

    whole = some_surroundings()
    around = Surroundings(whole.clock_quality, broken, whole.process, whole.software, whole.serial)
    spool = Spool(str(tmp_path), Limits(1 << 26, 1000, 0))
    capture = Capture(some_settings(tmp_path), around)
    pipeline = Pipeline(Ledger(spool, State()), capture, StillClock(), 30)
    assert pipeline.take(a_fault(1)) is Outcome.SPOOLED
    ((head, evidence),) = read_ready(tmp_path)
    assert head.err is not None
    assert head.err.code == "E-202"
    assert evidence.sys == {"refused": ["evidence left out: ValueError"]}
    spool.close()
