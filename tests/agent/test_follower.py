"""A log file is followed through rotation, truncation and restarts: no line lost, none twice."""

import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from faultbox_agent.fault import PlainMap
from faultbox_agent.follower import Follower


def follow(path: Path, position: PlainMap | None = None, *, from_start: bool = False) -> Follower:
    return Follower(str(path), "utf-8", position, from_start=from_start)


def read(follower: Follower) -> list[str]:
    found = []
    while lines := follower.read():
        found += [line.text for line in lines]
    return found


def add(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(text)


def test_a_known_file_is_followed_from_its_end(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    add(log, "old\n")
    follower = follow(log)
    assert read(follower) == []
    add(log, "new\r\nmore\n")
    assert read(follower) == ["new", "more"]


def test_from_start_reads_all_of_it(tmp_path: Path) -> None:
    add(tmp_path / "app.log", "old\n")
    assert read(follow(tmp_path / "app.log", from_start=True)) == ["old"]


def test_a_file_that_comes_later_is_read_from_its_start(tmp_path: Path) -> None:
    follower = follow(tmp_path / "app.log")
    assert read(follower) == []
    add(tmp_path / "app.log", "first\n")
    assert read(follower) == ["first"]


def test_a_line_is_read_when_it_is_complete(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    add(log, "half")
    follower = follow(log)
    add(log, " a line")
    assert read(follower) == []
    add(log, "\n")
    assert read(follower) == ["half a line"]


def test_rotation_by_rename_reads_the_old_file_to_its_end(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    add(log, "")
    follower = follow(log)
    add(log, "one\n")
    os.rename(log, tmp_path / "app.log.1")
    add(tmp_path / "app.log.1", "late\nunfinished")
    assert read(follower) == ["one", "late"]
    add(log, "two\n")
    assert read(follower) == ["unfinished", "two"]


def test_truncation_begins_anew(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    follower = follow(log)
    add(log, "a long first line\n")
    assert read(follower) == ["a long first line"]
    os.truncate(log, 0)
    add(log, "short\n")
    assert read(follower) == ["short"]


def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    follower = follow(log)
    add(log, "one\ntwo\nthr")
    assert read(follower) == ["one", "two"]
    position = follower.position()
    follower.close()
    add(log, "ee\n")
    assert read(follow(log, position)) == ["three"]


def test_a_rotation_while_nobody_looked_loses_nothing(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    follower = follow(log)
    add(log, "one\n")
    assert read(follower) == ["one"]
    position = follower.position()
    follower.close()
    add(log, "two\n")
    os.rename(log, tmp_path / "app.log.1")
    add(log, "three\n")
    assert read(follow(log, position)) == ["two", "three"]


def test_another_file_with_the_same_inode_number_is_not_taken_for_the_old_one(
    tmp_path: Path,
) -> None:
    log = tmp_path / "app.log"
    follower = follow(log)
    add(log, "x" * 40 + "\n")
    read(follower)
    position = follower.position()
    follower.close()
    # Written over in place: same inode, larger, other content.
    log.write_text("completely other content, and longer than before\nnext\n", encoding="utf-8")
    assert read(follow(log, position)) == [
        "completely other content, and longer than before",
        "next",
    ]


def test_gb18030_is_read_as_such(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    follower = Follower(str(log), "gb18030", None, from_start=False)
    log.write_bytes("设备报错E-202\n".encode("gb18030"))
    assert [line.text for line in follower.read()] == ["设备报错E-202"]


def test_binary_noise_and_endless_lines_stay_bounded(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    follower = follow(log)
    log.write_bytes(os.urandom(100_000) + b"\n" + b"x" * 300_000 + b"\nend\n")
    lines = read(follower)
    assert lines[-1] == "end"
    assert max(map(len, lines)) <= 64 * 1024


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["line", "half", "rotate", "restart", "read"]), max_size=30))
def test_every_line_is_read_exactly_once_whatever_happens_between(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "app.log"
        follower = follow(log)
        wrote: str = ""
        got: list[str] = []
        for number, step in enumerate(steps):
            if step in ("line", "half"):
                text = f"{number}\n" if step == "line" else f"{number}-"
                add(log, text)
                wrote += text
            elif step == "rotate" and log.exists() and wrote.endswith("\n"):
                got += read(follower)
                os.rename(log, f"{log}.{number}")
            else:
                got += read(follower)
                if step == "restart":
                    position = follower.position()
                    follower.close()
                    follower = follow(log, position)
        got += read(follower)
        follower.close()
        assert got == wrote.split("\n")[:-1]
