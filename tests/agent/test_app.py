"""The resident agent as a process: small, watchful, and exact through kills."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from faultbox_agent.drop import leave_record
from faultbox_agent.fault import Fault, new_fault_id, write_fault
from faultbox_protocol.codec import read_head
from support.device import (
    KEY,
    a_collector,
    a_fault,
    agent,
    environ,
    read_ready,
    refusal,
    resident,
    run_program,
    start_resident,
    stored,
    until,
)


def leave(spool: Path, number: int, code: str = "E-202") -> bytes:
    fault_id = new_fault_id(time.time_ns() // 1_000_000)
    fault = Fault(fault_id, a_fault(number, code=code).head)
    leave_record(str(spool), f"{fault_id.hex()}.json", write_fault(fault), durable=True)
    return fault_id


def test_records_become_bundles_and_arrive(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    with a_collector() as collector:
        with resident(environ(spool, server=collector.url, key=KEY)):
            ids = {leave(spool, number, f"E-{100 + number}") for number in range(5)}
            assert until(lambda: {head.id for head in collector.heads()} == ids)
            assert until(lambda: not list((spool / "ready").iterdir()))
        assert os.listdir(spool / "drop") == []
        assert sorted(head.seq or 0 for head in collector.heads()) == [1, 2, 3, 4, 5]


def test_a_program_that_goes_on_reports_by_datagram(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    source = "import faultbox_agent, logging\nfaultbox_agent.install()\nlogging.error('E-202 x')\n"
    with resident(environ(spool)):
        run_program(tmp_path / "app.py", source, environ(spool))
        assert until(lambda: len(read_ready(spool)) == 1)
        assert os.listdir(spool / "drop") == []


def test_a_code_in_a_log_becomes_a_bundle(tmp_path: Path) -> None:
    spool, log = tmp_path / "spool", tmp_path / "logs" / "app.log"
    log.parent.mkdir()
    log.write_text("old error E-100\n")
    config = tmp_path / "agent.toml"
    config.write_text(f'product = "press"\n[[log]]\npath = "{log}"\n')
    with resident(environ(spool, agent_config=str(config))):
        with log.open("a") as file:
            file.write("设备启动后报错代码E-202，无法进入系统\n")
        assert until(lambda: len(read_ready(spool)) == 1)
        os.rename(log, log.with_suffix(".1"))
        log.write_text("error ERR-500\n")
        assert until(lambda: len(read_ready(spool)) == 2)
    codes = [head.err.code for head, _ in read_ready(spool) if head.err]
    assert codes == ["E-202", "ERR-500"]
    with log.open("a") as file:
        file.write("error FW-0031 while the agent was down\n")
    with resident(environ(spool, agent_config=str(config))):
        assert until(lambda: len(read_ready(spool)) == 3)
    assert read_ready(spool)[2][0].prod.name == "press"


def test_what_it_never_loads(tmp_path: Path) -> None:
    code = """
import sys
sys.argv = ["faultbox-agent", "run"]
import atexit
forbidden = ("aiohttp", "sqlalchemy", "asyncio", "ssl", "http.client", "_hashlib", "requests")
atexit.register(lambda: print([m for m in forbidden if sys.modules.get(m)]))
from faultbox_agent.cli import main
sys.exit(main())
"""
    spool = tmp_path / "spool"
    with a_collector() as collector:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env=environ(spool, server=collector.url, key=KEY),
            stdout=subprocess.PIPE,
        )
        assert until((spool / "agent.sock").exists)
        leave(spool, 1)
        assert until(lambda: len(collector.heads()) == 1)
        process.terminate()
        output, _ = process.communicate(timeout=20)
    assert output.strip() == b"[]"
    assert process.returncode == 0


def test_a_second_agent_on_the_same_spool_says_so(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    with resident(environ(spool)):
        done = agent(["run"], environ(spool))
    assert done.returncode == 75
    assert b"another agent works on" in done.stderr


def test_a_spool_that_cannot_be_made_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = agent(["run"], environ(tmp_path / "file" / "spool"))
    assert done.returncode == 73
    assert b"Not a directory" in done.stderr


def test_a_stop_files_what_was_folded(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    with resident(environ(spool, burst_per_minute="3")):
        for number in range(10):
            leave(spool, number)
        assert until(lambda: os.listdir(spool / "drop") == [])
        assert len(read_ready(spool)) == 3
    assert sorted(head.n for head, _ in read_ready(spool)) == [1, 1, 1, 7]


def test_bad_records_are_set_aside_and_good_ones_taken(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    with resident(environ(spool)):
        (spool / "drop" / "noise.json.tmp").write_bytes(os.urandom(100))
        os.rename(spool / "drop" / "noise.json.tmp", spool / "drop" / "noise.json")
        os.mkfifo(spool / "drop" / "pipe.json")
        leave(spool, 1)
        assert until(lambda: len(read_ready(spool)) == 1)
        assert until(lambda: os.listdir(spool / "drop") == [])
    assert (spool / "dead" / "noise.json").exists()
    state = json.loads((spool / "state.json").read_text())
    assert state["lost"] == {"bad_record": 2}


def test_a_record_without_an_id_from_a_shell_script_is_taken(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    script = """
printf '{"drop":1,"head":{"kind":"error","err":{"code":"E-31","msg":"from a shell"}}}' > .hello.tmp
mv .hello.tmp hello.json
"""
    with resident(environ(spool, product="press")):
        subprocess.run(["sh", "-c", script], cwd=spool / "drop", check=True)
        assert until(lambda: len(read_ready(spool)) == 1)
    ((head, _),) = read_ready(spool)
    assert head.prod.name == "press"
    assert head.err is not None
    assert head.err.code == "E-31"


def test_kills_at_random_moments_leave_each_fault_in_exactly_one_bundle(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    dice = random.Random(7)
    env = environ(spool, burst_per_minute="1000000")
    left: set[bytes] = set()
    for turn in range(8):
        process = start_resident(env)
        deadline = time.monotonic() + dice.uniform(0.02, 0.25)
        number = 0
        while time.monotonic() < deadline:
            number += 1
            left.add(leave(spool, number, f"E-{turn}{number:03}"))
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()
    with resident(env):
        assert until(lambda: os.listdir(spool / "drop") == [])
    heads = [head for head, _ in read_ready(spool)]
    assert {head.id for head in heads} == left
    assert len(heads) == len(left)
    assert sorted(head.seq or 0 for head in heads) == list(range(1, len(left) + 1))
    assert sum(head.n for head in heads) == len(left)


def test_kills_while_folding_and_delivering_count_every_fault_once(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    dice = random.Random(11)
    left = 0
    with a_collector() as collector:
        env = environ(spool, burst_per_minute="5", server=collector.url, key=KEY)
        for _ in range(6):
            process = start_resident(env)
            deadline = time.monotonic() + dice.uniform(0.05, 1.6)
            while time.monotonic() < deadline:
                leave(spool, 1)
                left += 1
                time.sleep(dice.uniform(0, 0.01))
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert process.stderr is not None
            process.stderr.close()
        assert agent(["flush", "--timeout", "60"], env).returncode == 0
        # The collector counts an id once, whatever the number of times it came.
        counted = {head.id: head.n for head in collector.heads()}
        assert sum(counted.values()) == left
        digests: dict[bytes, set[bytes]] = {}
        for arrival in collector.arrivals:
            for bundle in arrival.bundles():
                digests.setdefault(read_head(bundle).id, set()).add(bundle.sha256)
        assert all(len(found) == 1 for found in digests.values()), "one id, one content"


def test_a_collector_that_comes_back_gets_everything(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    with a_collector() as collector:
        collector.answer = lambda _: refusal(503, "busy", Retry_After="1")
        with resident(environ(spool, server=collector.url, key=KEY)):
            ids = {leave(spool, number, f"E-{100 + number}") for number in range(3)}
            assert until(lambda: len(collector.arrivals) >= 2)
            collector.arrivals.clear()
            collector.answer = stored
            assert until(lambda: {head.id for head in collector.heads()} == ids)


def test_lines_written_while_a_killed_agent_was_down_are_not_lost(tmp_path: Path) -> None:
    spool, log = tmp_path / "spool", tmp_path / "app.log"
    log.write_text("old error E-100\n")
    config = tmp_path / "agent.toml"
    config.write_text(f'[[log]]\npath = "{log}"\n')
    env = environ(spool, agent_config=str(config))
    process = start_resident(env)
    assert until((spool / "state.json").exists)
    process.kill()
    process.wait()
    assert process.stderr is not None
    process.stderr.close()
    with log.open("a") as file:
        file.write("error E-202\n")
    with resident(env):
        assert until(lambda: len(read_ready(spool)) == 1)
    ((head, _),) = read_ready(spool)
    assert head.err is not None
    assert head.err.code == "E-202"
