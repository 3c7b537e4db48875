"""The power goes: what was captured is on the disk, what was delivered is not counted twice."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from faultbox_agent.lock import is_busy
from faultbox_agent.spool import Limits, Spool
from faultbox_agent.station import Station
from faultbox_agent.verdict import Fate, Verdict, Wait
from support.builders import an_id
from support.device import StillClock, a_fault, read_ready, some_settings
from support.disk import LOG_FLUSH, NO_LOG_FLUSH, a_disk

_WRITER = """
import sys
from faultbox_agent.fault import Fault
from faultbox_agent.settings import Settings
from faultbox_agent.station import Station
from support.device import a_fault
station = Station(Settings(spool=sys.argv[1], headroom_mib=1, burst_per_minute=1_000_000))
for number in range(1, 100_000):
    fault = a_fault(number, code=f"E-{number:05}")
    if station.take(fault) == "spooled":
        sys.stdout.write(f"{fault.id.hex()}\\n")
        sys.stdout.flush()
    if number % 5 == 0:
        station.commit()
"""


@pytest.mark.timeout(180)
@pytest.mark.parametrize("how", [NO_LOG_FLUSH, LOG_FLUSH], ids=["nothing", "names"])
def test_everything_captured_before_the_power_went_is_there(tmp_path: Path, how: int) -> None:
    with a_disk(tmp_path / "machine", mib=64) as disk:
        spool = disk.path / "spool"
        captured: set[bytes] = set()
        for wanted in (1, 7, 40):
            process = subprocess.Popen(
                [sys.executable, "-c", _WRITER, str(spool)],
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            )
            assert process.stdout is not None
            told = [bytes.fromhex(process.stdout.readline().decode()) for _ in range(wanted)]
            # Stopped first: a machine without power says nothing more either.
            process.send_signal(signal.SIGSTOP)
            disk.cut_power(how)
            process.kill()
            process.wait()
            process.stdout.close()
            disk.power_on()
            captured |= set(told)
            again = Station(some_settings(spool), StillClock())
            assert captured <= {entry.id for entry in again.spool.entries}
            assert again.spool.damaged == []
            seqs = [entry.seq for entry in again.spool.entries]
            assert len(set(seqs)) == len(seqs)
            assert again.state.captured == sum(entry.n for entry in again.spool.entries)
            again.close()


@pytest.mark.timeout(120)
def test_a_delivered_bundle_that_comes_back_counts_once_and_goes(tmp_path: Path) -> None:
    with a_disk(tmp_path / "machine", mib=64) as disk:
        spool = disk.path / "spool"
        place = Station(some_settings(spool), StillClock())
        place.take(a_fault(1, n=3))
        place.commit()
        place.courier.apply(Verdict("202", Wait.NOW, {an_id(1): Fate.DELIVERED}))
        place.commit()
        assert read_ready(spool) == []
        place.spool.close()
        disk.cut_power()
        disk.power_on()
        assert len(read_ready(spool)) == 1, "the deletion was not synced: the file is back"
        assert not is_busy(str(spool))
        again = Station(some_settings(spool), StillClock())
        assert (len(again.spool), again.state.delivered) == (0, 3), "not sent, not counted again"
        again.close()
        assert read_ready(spool) == []


@pytest.mark.timeout(120)
def test_a_spool_on_a_disk_that_is_gone_says_so(tmp_path: Path) -> None:
    with a_disk(tmp_path / "machine", mib=64) as disk:
        place = Station(some_settings(disk.path / "spool"), StillClock())
        disk.cut_power()
        assert place.take(a_fault(1)) == "disk"
        assert place.state.lost == {"disk_error": 1}
        assert not place.commit()
        place.spool.close()
        disk.power_on()
        spool = Spool(str(disk.path / "spool"), Limits(1 << 20, 10, 0))
        assert (len(spool), spool.damaged) == (0, [])
        spool.close()
