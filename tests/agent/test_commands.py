"""The commands as a person meets them: words in, words and exit codes out."""

import json
import os
import subprocess
import sys
from pathlib import Path

from faultbox_protocol import codec
from faultbox_protocol.ids import parse_bundle_id
from faultbox_protocol.report_code import parse_report_code, report_code
from support.device import (
    KEY,
    a_collector,
    agent,
    environ,
    read_ready,
    refusal,
    resident,
    stored,
    until,
)
from support.needs import give_up


def status(env: dict[str, str]) -> dict[str, object]:
    done = agent(["status", "--json"], env)
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_a_bad_setting_ends_with_one_sentence(tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    config.write_text("produkt = 'x'\n")
    done = agent(["run", "--config", str(config)], environ(tmp_path / "spool"))
    assert done.returncode == 78
    assert done.stderr.count(b"\n") == 1
    assert b"produkt is not a setting" in done.stderr


def test_a_report_by_hand_prints_its_code_and_its_id(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"\x89PNG" + os.urandom(3000))
    env = environ(spool, product="press")
    arguments = ["report", "--message", "设备A在2024-05-01 10:30开机后屏幕无显示", "--code", "E-17",
                 "--attach", str(photo)]  # fmt: skip
    done = agent(arguments, env, stdin="第一行\n联系 13812345678\n".encode())
    assert done.returncode == 0
    words = dict(line.split(": ") for line in done.stdout.decode().splitlines())
    assert list(words) == ["report code", "bundle"]
    code, bundle_id = words.values()
    assert parse_report_code(code) == report_code(parse_bundle_id(bundle_id))
    assert agent(["flush", "--timeout", "5"], env).returncode == 1, "no server: it stays"
    ((head, evidence),) = read_ready(spool)
    assert head.id.hex() == bundle_id
    assert head.kind == "feedback"
    assert head.form == {"phenomenon": "设备A在2024-05-01 10:30开机后屏幕无显示"}
    assert head.err is not None
    assert head.err.code == "E-17"
    assert [line.text for line in evidence.log] == ["第一行", "联系 [redacted:phone]"]
    (path,) = (spool / "ready").iterdir()
    bundle = codec.scan_bundle(memoryview(path.read_bytes()))
    assert codec.read_blob(bundle, 0) == photo.read_bytes()
    assert (head.att[0].name, head.att[0].ctype) == ("photo.png", "image/png")
    assert os.listdir(spool / "drop") == []


def test_a_report_says_what_it_cannot_take(tmp_path: Path) -> None:
    env = environ(tmp_path / "spool")
    assert agent(["report"], env).returncode == 2
    large = tmp_path / "large"
    large.write_bytes(b"x" * (5 << 20))
    done = agent(["report", "--message", "m", "--attach", str(large)], env)
    assert done.returncode == 66
    assert b"4 MiB" in done.stderr
    assert agent(["report", "--message", "m", "--attach", "/nowhere"], env).returncode == 66


def test_status_tells_what_waits_and_who_works(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    env = environ(spool)
    assert status(env)["waiting"] == 0
    agent(["report", "--message", "one"], env)
    assert status(env)["drop"] == 1
    with resident(env):
        assert until(lambda: status(env)["waiting"] == 1)
        found = status(env)
        assert found["running"] is True
        assert isinstance(found["pid"], int)
        assert found["captured"] == 1
    found = status(env)
    assert (found["running"], found["waiting"], found["lost"]) == (False, 1, {})
    text = agent(["status"], env).stdout.decode()
    assert "1 bundles" in text
    assert "none: faults are kept" in text
    assert f"0 files in {spool}/dead" in text


def test_flush_is_zero_only_when_nothing_is_left(tmp_path: Path) -> None:
    env = environ(tmp_path / "spool")
    assert agent(["flush", "--timeout", "5"], env).returncode == 0, "an empty spool is delivered"
    agent(["report", "--message", "one"], env)
    with a_collector() as collector:
        there = {**env, "FAULTBOX_SERVER": collector.url, "FAULTBOX_KEY": KEY}
        collector.answer = lambda _: refusal(503, "busy", Retry_After="60")
        done = agent(["flush", "--timeout", "5"], there)
        assert done.returncode == 1
        assert b"503 busy" in done.stderr
        collector.answer = stored
        assert agent(["flush", "--timeout", "20"], there).returncode == 0, "it tries at once"
        assert len({head.id for head in collector.heads()}) == 1


def test_a_refusal_is_told_by_flush_selftest_and_exec(tmp_path: Path) -> None:
    """A wrong product would otherwise lose every report of a newcomer in silence."""
    with a_collector() as collector:
        collector.answer = lambda _: refusal(422, "product_mismatch")
        env = environ(tmp_path / "spool", server=collector.url, key=KEY)
        assert agent(["report", "--message", "屏幕无显示"], env).returncode == 0
        flushed = agent(["flush", "--quiet"], env)
        assert flushed.returncode == 1
        assert b"1 refused for good" in flushed.stderr
        assert b"422 product_mismatch" in flushed.stderr
        tested = agent(["selftest"], env)
        assert (tested.returncode, b"refused: 422 product_mismatch" in tested.stdout) == (1, True)
        run = agent(["exec", "--", "sh", "-c", "exit 3"], env)
        assert (run.returncode, b"1 refused for good" in run.stderr) == (3, True)
        assert status(env)["dead"] == 3


def test_flush_asks_a_running_agent(tmp_path: Path) -> None:
    with a_collector() as collector:
        env = environ(tmp_path / "spool", server=collector.url, key=KEY)
        with resident(env):
            agent(["report", "--message", "one"], env)
            assert agent(["flush", "--timeout", "20"], env).returncode == 0
            assert len(collector.heads()) == 1


def test_selftest_goes_from_fault_to_receipt(tmp_path: Path) -> None:
    with a_collector() as collector:
        env = environ(tmp_path / "spool", server=collector.url, key=KEY)
        done = agent(["selftest"], env)
        assert done.returncode == 0
        assert b"delivered" in done.stdout
        assert [head.kind for head in collector.heads()] == ["selftest"]
    assert agent(["selftest", "--timeout", "3"], environ(tmp_path / "other")).returncode == 1


def test_a_read_only_disk_is_reported_and_what_waits_is_kept(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        give_up("no tmpfs can be mounted: that needs root")
    spool = disk / "spool"
    env = environ(spool)
    source = (
        "import faultbox_agent, logging\nfaultbox_agent.install()\n"
        "logging.getLogger().error('E-202 x')\n"
    )
    try:
        with resident(env):
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
            program = tmp_path / "app.py"
            program.write_text(source)
            done = subprocess.run(
                [sys.executable, str(program)], env=env, capture_output=True, check=False
            )
            assert done.returncode == 0
            assert done.stderr == b"E-202 x\n"
            assert until(lambda: status(env)["lost"] == {"disk_error": 1})
            assert "ead-only" in str(status(env)["disk"])
            subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
            agent(["report", "--message", "after it"], env)
            assert until(lambda: len(read_ready(spool)) == 1)
            assert read_ready(spool)[0][0].drops == {"disk_error": 1}
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
