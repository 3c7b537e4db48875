"""A disk without room or names: faults are counted, what waits stays, and it recovers by itself."""

from collections.abc import Callable
from pathlib import Path

import pytest

from faultbox_agent.fault import write_fault
from faultbox_agent.settings import Settings
from faultbox_agent.station import Station
from faultbox_agent.verdict import Fate, Verdict, Wait
from support.builders import an_id
from support.device import StillClock, a_fault, read_ready
from support.disk import Disk, a_disk

FILLINGS = {"bytes": Disk.fill, "names": Disk.fill_names}


@pytest.mark.parametrize("fill", FILLINGS.values(), ids=FILLINGS)
def test_a_full_disk_costs_the_newcomers_only_and_says_how_many(
    tmp_path: Path, fill: Callable[[Disk], None]
) -> None:
    with a_disk(tmp_path / "machine", mib=16, inodes=512) as disk:
        spool, clock = disk.path / "spool", StillClock()
        # No headroom: the spool itself meets the end of the disk.
        place = Station(Settings(spool=str(spool), headroom_mib=0), clock)
        place.take(a_fault(1, code="E-101"))
        place.commit()
        (spool / "drop" / f"{an_id(9).hex()}.json").write_bytes(write_fault(a_fault(9)))
        fill(disk)
        lost = 0
        for number in range(2, 6):
            place.take(a_fault(number, code=f"E-{100 + number}", n=2))
            lost = sum(place.state.lost.values())
        assert lost == 8, "each occurrence that found no room is counted"
        assert not place.drain()
        assert [head.id for head, _ in read_ready(spool)] == [an_id(1)]
        disk.free()
        clock.move(60)
        place.drain()
        place.commit()
        assert list((spool / "drop").iterdir()) == []
        place.take(a_fault(10, code="E-110"))
        place.commit()
        heads = [head for head, _ in read_ready(spool)]
        assert [head.id for head in heads] == [an_id(1), an_id(10)]
        assert heads[1].drops == {"spool_full": 9} == place.state.lost
        place.spool.close()


def test_a_delivery_makes_room_even_where_the_state_cannot_be_saved(tmp_path: Path) -> None:
    with a_disk(tmp_path / "machine", mib=16, inodes=512) as disk:
        place = Station(Settings(spool=str(disk.path / "spool"), headroom_mib=0), StillClock())
        place.take(a_fault(1))
        place.commit()
        disk.fill()
        place.courier.apply(Verdict("202", Wait.NOW, {an_id(1): Fate.DELIVERED}))
        place.commit()
        assert read_ready(disk.path / "spool") == []
        disk.free()
        assert place.commit()
        place.spool.close()
