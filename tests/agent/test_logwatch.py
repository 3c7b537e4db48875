"""A line with an error code becomes one fault with the lines around it."""

import os
from pathlib import Path

from faultbox_agent.settings import LogFile
from faultbox_agent.sources.logwatch import LogWatch
from support.device import StillClock


def watch(path: Path, clock: StillClock, **changes: object) -> LogWatch:
    return LogWatch(LogFile(str(path), **changes), None, clock)  # type: ignore[arg-type]


def write(path: Path, *lines: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))


def test_a_code_is_reported_with_twenty_lines_before_and_five_after(tmp_path: Path) -> None:
    log, clock = tmp_path / "app.log", StillClock()
    source = watch(log, clock)
    write(log, *(f"before {n}" for n in range(30)))
    write(log, "2024-05-01 10:30:00 ERROR 设备启动后报错代码E-202，无法进入系统")
    write(log, *(f"after {n}" for n in range(10)))
    (fault,) = source.read()
    assert fault.head["kind"] == "error"
    assert fault.head["err"] == {
        "code": "E-202",
        "msg": "设备启动后报错代码E-202，无法进入系统",
    }
    rows = fault.evidence["log"]
    assert isinstance(rows, list)
    texts = [row[3] for row in rows if isinstance(row, list)]
    assert texts[0] == "before 10"
    assert "E-202" in str(texts[20])
    assert [row[0] for row in rows if isinstance(row, list)].index(0) == 20, "the fault's line"
    assert texts[-1] == "after 4"
    assert len(texts) == 26


def test_a_code_at_the_end_waits_300_ms_and_no_longer(tmp_path: Path) -> None:
    log, clock = tmp_path / "app.log", StillClock()
    source = watch(log, clock)
    write(log, "error E-202")
    assert source.read() == []
    assert source.next_ms() == clock.mono_ms() + 300
    clock.move(0.299)
    write(log, "one more")
    assert source.read() == []
    clock.move(0.001)
    (fault,) = source.read()
    assert [row[3] for row in fault.evidence["log"]] == ["error E-202", "one more"]  # type: ignore[index, union-attr]
    assert source.read() == []
    assert source.next_ms() is None


def test_a_stop_files_what_still_waits(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    source = watch(log, StillClock())
    write(log, "error E-202", "error E-203")
    assert source.read() == []
    assert [fault.head["err"]["code"] for fault in source.finish()] == ["E-202", "E-203"]  # type: ignore[index, call-overload]


def test_a_kill_while_a_fault_waits_makes_it_the_same_fault_again(tmp_path: Path) -> None:
    log, clock = tmp_path / "app.log", StillClock()
    source = watch(log, clock)
    write(log, "fine", "error E-202")
    source.read()
    position = source.position()
    (before,) = source.finish()
    clock.move(60)
    again = LogWatch(LogFile(str(log)), position, clock)
    again.read()
    (after,) = again.finish()
    assert after.id[6:] == before.id[6:]


def test_the_same_line_in_the_next_file_is_another_fault(tmp_path: Path) -> None:
    log, clock = tmp_path / "app.log", StillClock()
    source = watch(log, clock)
    write(log, "error E-202")
    source.read()
    clock.move(1)
    (first,) = source.read()
    os.rename(log, tmp_path / "app.log.1")
    write(log, "error E-202")
    source.read()
    clock.move(1)
    (second,) = source.read()
    assert first.id[6:] != second.id[6:]


def test_a_fault_at_the_end_of_a_rotated_file_keeps_its_position(tmp_path: Path) -> None:
    log, clock = tmp_path / "app.log", StillClock()
    source = watch(log, clock)
    write(log, "error E-202")
    source.read()
    os.rename(log, tmp_path / "app.log.1")
    write(log, "error E-203")
    assert source.read() == [], "not on to the next file while a fault of this one waits"
    clock.move(0.3)
    assert [f.head["err"]["code"] for f in source.read()] == ["E-202"]  # type: ignore[index, call-overload]
    clock.move(0.3)
    assert [f.head["err"]["code"] for f in source.read()] == ["E-203"]  # type: ignore[index, call-overload]


def test_own_patterns_come_first(tmp_path: Path) -> None:
    source = watch(tmp_path / "app.log", StillClock(), codes=(r"code (\d+)", r"PANIC\d"))
    assert source.find_code("got code 17 and E-202 error") == "17"
    assert source.find_code("PANIC4!") == "PANIC4"
    assert source.find_code("error E-202") == "E-202"
