"""`faultbox-agent exec` lets a program be as it is, and reports how it ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_agent.claims import has_claim
from faultbox_agent.sources.exitwatch import Exit
from faultbox_agent.supervisor import Tail
from faultbox_protocol.report import Evidence, Head
from support.device import (
    KEY,
    Arrival,
    Reply,
    a_collector,
    agent,
    drop_records,
    environ,
    read_ready,
    refusal,
    resident,
    stored,
    until,
)


def supervised(
    tmp_path: Path, *command: str, options: tuple[str, ...] = (), stdin: bytes = b""
) -> "tuple[subprocess.CompletedProcess[bytes], list[tuple[Head, Evidence]]]":
    spool = tmp_path / "spool"
    done = agent(["exec", *options, "--", *command], environ(spool), stdin=stdin)
    return done, read_ready(spool)


def shell(script: str) -> tuple[str, str, str]:
    return ("sh", "-c", script)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("exit 0", 0),
        ("exit 3", 3),
        ("kill -TERM $$", 143),
        ("kill -SEGV $$", 139),
        ("kill -KILL $$", 137),
    ],
)
def test_the_exit_code_is_passed_on(tmp_path: Path, script: str, code: int) -> None:
    done, bundles = supervised(tmp_path, *shell(script))
    assert done.returncode == code
    assert len(bundles) == (code != 0)


def test_binary_stdin_and_stdout_pass_untouched(tmp_path: Path) -> None:
    blob = bytes(range(256)) * 4000
    done, bundles = supervised(tmp_path, "cat", stdin=blob)
    assert done.stdout == blob
    assert bundles == []


def test_stderr_is_passed_on_and_its_last_lines_are_kept(tmp_path: Path) -> None:
    script = "for i in $(seq 300); do echo line $i >&2; done; printf '错误 E-202 \\377' >&2; exit 1"
    done, ((head, evidence),) = supervised(tmp_path, *shell(script))
    assert done.stderr.startswith(b"line 1\n")
    assert b"\nline 300\n" in done.stderr
    program, ours = done.stderr.split(b"E-202 \xff")
    assert program.count(b"\n") == 300
    spool = os.fsencode(tmp_path / "spool")
    assert ours == b"\nfaultbox-agent: kept in " + spool + b"; no server is set\n"
    assert len(evidence.log) == 200
    assert head.err is not None
    assert head.err.code == "E-202"
    assert head.err.msg is not None
    assert head.err.msg.startswith("错误 E-202")
    assert head.err.type == "exit status 1"
    assert head.err.text is not None
    assert head.err.text.splitlines()[0] == "sh: exit status 1"
    assert len(head.err.text.encode()) <= 8 * 1024 + 100


def test_a_death_by_signal_is_a_crash_with_its_number(tmp_path: Path) -> None:
    _, ((head, evidence),) = supervised(tmp_path, *shell("echo last words >&2; kill -SEGV $$"))
    assert head.kind == "crash"
    assert head.err is not None
    assert (head.err.type, head.err.sig_no, head.err.frames) == ("SIGSEGV", 11, ())
    assert head.err.text == "sh: killed by signal 11 (SIGSEGV)\nlast words"
    assert evidence.x["program"] == "sh"


def test_identity_comes_from_options_and_the_program_inherits_it(tmp_path: Path) -> None:
    options = ("--product", "press", "--version", "1.2", "--serial", "SN-7", "--place", "test")
    script = "echo $FAULTBOX_PRODUCT $FAULTBOX_VERSION $FAULTBOX_SPOOL; exit 1"
    done, ((head, _),) = supervised(tmp_path, *shell(script), options=options)
    assert done.stdout.decode().split() == ["press", "1.2", str(tmp_path / "spool")]
    assert (head.prod.name, head.prod.app, head.prod.serial) == ("press", "1.2", "SN-7")
    assert head.where is not None
    assert head.where.env == "test"


def test_the_product_falls_back_to_the_script(tmp_path: Path) -> None:
    (tmp_path / "weigher.py").write_text("raise SystemExit(2)")
    _, ((head, _),) = supervised(tmp_path, sys.executable, str(tmp_path / "weigher.py"))
    assert head.prod.name == "weigher"
    assert head.err is not None
    assert head.err.text is not None
    assert head.err.text.startswith("weigher.py: exit status 2")


SDK = "import faultbox_agent; faultbox_agent.install()\n"


def test_a_fault_that_the_programs_own_sdk_filed_is_filed_once(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SDK + "raise ValueError('deep')\n")
    done, ((head, _),) = supervised(tmp_path, sys.executable, str(tmp_path / "app.py"))
    assert done.returncode == 1
    assert head.err is not None
    assert head.err.type == "ValueError"


def test_a_fault_that_a_descendant_filed_is_filed_once(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SDK + "raise ValueError('deep')\n")
    script = f"{sys.executable} {tmp_path}/app.py; exit $?"
    _, bundles = supervised(tmp_path, *shell(script))
    assert len(bundles) == 1


def test_a_supervisor_around_a_supervisor_files_nothing_more(tmp_path: Path) -> None:
    inner = (sys.executable, "-m", "faultbox_agent", "exec", "--", *shell("kill -SEGV $$"))
    done, bundles = supervised(tmp_path, *inner)
    assert done.returncode == 139
    assert len(bundles) == 1


def test_a_claim_explains_only_the_same_end(tmp_path: Path) -> None:
    failed, killed = Exit("prog", 5, 1, None), Exit("prog", 5, None, 11)
    inner = Exit("sh", 5, 139, None)
    mine = {os.geteuid()}
    (tmp_path / "5-abc").write_text("1000")
    assert has_claim(str(tmp_path), failed, 61_000, mine)
    assert not has_claim(str(tmp_path), failed, 61_001, mine), "an old one is about something else"
    assert not has_claim(str(tmp_path), failed, 999, mine)
    assert not has_claim(str(tmp_path), killed, 1000, mine), "an exception kills nobody"
    assert not has_claim(str(tmp_path), inner, 1000, mine)
    (tmp_path / "77-exec").write_text("1000 139")
    assert has_claim(str(tmp_path), killed, 1000, mine), "another supervisor's names the exit code"
    assert has_claim(str(tmp_path), inner, 1000, mine)


def test_the_programs_own_claim_outlives_its_wait_for_threads(tmp_path: Path) -> None:
    (tmp_path / "7-deed").write_text("1000")
    mine = {os.geteuid()}
    own, other = Exit("p", 7, 1, None), Exit("p", 8, 1, None)
    assert has_claim(str(tmp_path), own, 61_000, mine)
    assert not has_claim(str(tmp_path), own, 61_001, mine)
    assert not has_claim(str(tmp_path), other, 3_001, mine)


def test_a_program_that_joins_its_threads_after_the_exception_is_filed_once(tmp_path: Path) -> None:
    program = tmp_path / "slow.py"
    program.write_text(
        "import faultbox_agent, threading, time\n"
        "faultbox_agent.install()\n"
        "threading.Thread(target=time.sleep, args=(2.6,)).start()\n"
        "raise RuntimeError('no reading')\n"
    )
    env = environ(tmp_path / "spool", product="p")
    done = agent(["exec", "--", sys.executable, str(program)], env)
    assert done.returncode == 1
    agent(["flush", "--timeout", "5"], env)
    assert len(read_ready(tmp_path / "spool")) == 1


def test_only_a_plain_file_of_the_programs_user_is_a_claim(tmp_path: Path) -> None:
    failed = Exit("prog", 5, 1, None)
    os.mkfifo(tmp_path / "5-fifo")
    os.mkfifo(tmp_path / "6-fifo")
    (tmp_path / "5-folder").mkdir()
    (tmp_path / "5-words").write_text("nonsense")
    (tmp_path / "5-empty").write_text("")
    (tmp_path / "5-long").write_text("9" * 5000)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "claim").write_text("1000")
    (tmp_path / "5-link").symlink_to(outside / "claim")
    assert not has_claim(str(tmp_path), failed, 1000, {os.geteuid()})
    assert has_claim(str(outside), failed, 1000, {os.geteuid()})
    assert not has_claim(str(outside), failed, 1000, {os.geteuid() + 1})
    assert not has_claim(str(tmp_path / "gone"), failed, 0, {os.geteuid()})
    assert not has_claim("", failed, 0, {os.geteuid()})


def test_a_fifo_among_the_claims_does_not_hold_the_end_up(tmp_path: Path) -> None:
    script = 'mkfifo "$FAULTBOX_CLAIM/$$-x" "$FAULTBOX_CLAIM/1-x"; ls -ld "$FAULTBOX_CLAIM"; exit 3'
    done, bundles = supervised(tmp_path, *shell(script))
    assert done.returncode == 3
    assert done.stdout.startswith(b"drwx-wx-wt")
    assert len(bundles) == 1


@pytest.mark.parametrize("last", ["os.kill(os.getpid(), 11)", "os._exit(139)"])
def test_a_crash_after_an_uncaught_exception_is_filed_too(tmp_path: Path, last: str) -> None:
    end = f"import atexit, os\natexit.register(lambda: {last})\n"
    (tmp_path / "app.py").write_text(SDK + end + "raise ValueError('deep')\n")
    done, bundles = supervised(tmp_path, sys.executable, str(tmp_path / "app.py"))
    assert done.returncode == 139
    types = {head.err.type for head, _ in bundles if head.err is not None}
    assert types == {"ValueError", "SIGSEGV" if "kill" in last else "exit status 139"}


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        (signal.SIGTERM, False),
        (signal.SIGINT, False),
        (signal.SIGHUP, False),
        (signal.SIGQUIT, False),
        (signal.SIGUSR1, True),
    ],
)
def test_signals_reach_the_program(tmp_path: Path, number: signal.Signals, fault: bool) -> None:
    name = number.name.removeprefix("SIG")
    script = f"trap 'echo got {name}; exit 5' {name}; echo ready; while :; do sleep 0.05; done"
    with _start(tmp_path, script) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == f"got {name}\n".encode()
        assert process.wait(20) == 5
    assert len(read_ready(tmp_path / "spool")) == fault


def test_a_program_that_is_stopped_on_request_has_no_fault(tmp_path: Path) -> None:
    with _start(tmp_path, "echo ready; exec sleep 60") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        assert process.wait(20) == 143
    assert drop_records(tmp_path / "spool") == []
    assert read_ready(tmp_path / "spool") == []


def test_a_crash_on_the_way_down_is_a_fault(tmp_path: Path) -> None:
    script = "trap 'kill -SEGV $$' TERM; echo ready; while :; do sleep 0.05; done"
    with _start(tmp_path, script) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        assert process.wait(20) == 139
    assert len(read_ready(tmp_path / "spool")) == 1


def test_a_stopping_signal_after_the_program_ended_ends_the_supervisor(tmp_path: Path) -> None:
    with a_collector() as collector:
        arrived, answered = threading.Event(), threading.Event()

        def answer(arrival: Arrival) -> Reply:
            arrived.set()
            answered.wait(60)
            return stored(arrival)

        collector.answer = answer
        try:
            with _start(tmp_path, "exit 9", server=collector.url, key=KEY) as process:
                assert arrived.wait(20)
                process.terminate()
                assert process.wait(5) == 9, "it would deliver for ten seconds"
        finally:
            answered.set()


@contextmanager
def _start(tmp_path: Path, script: str, **settings: str) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen(
        [sys.executable, "-m", "faultbox_agent", "exec", "--", *shell(script)],
        env=environ(tmp_path / "spool", **settings),
        stdout=subprocess.PIPE,
        start_new_session=True,
        # A job in the background starts with SIGINT ignored, and a shell cannot trap it then.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no thread that matters
    )
    try:
        yield process
    finally:
        # The program too, which is of the same session and has no other group.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_a_child_that_outlives_the_program_does_not_hold_it_up(tmp_path: Path) -> None:
    done, bundles = supervised(tmp_path, *shell("sleep 30 >/dev/null & exit 4"))
    assert done.returncode == 4
    assert len(bundles) == 1


def test_a_program_that_cannot_be_started_is_said_plainly(tmp_path: Path) -> None:
    done, bundles = supervised(tmp_path, "/nowhere/prog")
    assert done.returncode == 127
    assert b"/nowhere/prog: No such file or directory" in done.stderr
    assert bundles == []
    (tmp_path / "plain").write_text("x")
    assert supervised(tmp_path, str(tmp_path / "plain"))[0].returncode == 126
    assert agent(["exec", "true"], environ(tmp_path / "s")).returncode == 2


def test_secrets_in_stderr_do_not_reach_the_disk(tmp_path: Path) -> None:
    supervised(tmp_path, *shell("echo 'login password=hunter2x failed' >&2; exit 1"))
    ((head, evidence),) = read_ready(tmp_path / "spool")
    assert "hunter2x" not in f"{head}{evidence}"


def test_without_an_agent_it_delivers_by_itself(tmp_path: Path) -> None:
    with a_collector() as collector:
        env = environ(tmp_path / "spool", server=collector.url, key=KEY)
        done = agent(["exec", "--", "sh", "-c", "exit 9"], env)
        assert (done.returncode, done.stderr) == (9, b""), "what went well needs no words"
        (head,) = collector.heads()
        assert head.err is not None
        assert head.err.type == "exit status 9"
        assert read_ready(tmp_path / "spool") == []


def test_what_only_the_sdk_filed_is_delivered_too(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SDK + "import logging\nlogging.error('went on')\n")
    with a_collector() as collector:
        env = environ(tmp_path / "spool", server=collector.url, key=KEY)
        assert agent(["exec", "--", sys.executable, str(tmp_path / "app.py")], env).returncode == 0
        assert [head.kind for head in collector.heads()] == ["error"]


def test_a_dead_server_does_not_hold_the_program_up_for_long(tmp_path: Path) -> None:
    env = environ(tmp_path / "spool", server="http://127.0.0.1:9", key=KEY)
    done = agent(["exec", "--", "sh", "-c", "exit 9"], env)
    assert done.returncode == 9
    assert done.stderr.count(b"\n") == 1
    assert f"kept in {tmp_path}/spool: ".encode() in done.stderr
    assert len(read_ready(tmp_path / "spool")) == 1
    assert agent(["exec", "--", "true"], env).stderr == b"", "said once, by the run that failed"


def test_a_wrong_key_is_said_and_the_fault_kept(tmp_path: Path) -> None:
    with a_collector() as collector:
        collector.answer = lambda _: refusal(401, "unknown_key")
        env = environ(tmp_path / "spool", server=collector.url, key=KEY)
        done = agent(["exec", "--", "sh", "-c", "exit 9"], env)
    assert done.returncode == 9
    assert done.stderr.count(b"\n") == 1
    assert f"kept in {tmp_path}/spool: 401 unknown_key".encode() in done.stderr
    assert done.stderr.endswith(b"; will be sent later\n")
    assert len(read_ready(tmp_path / "spool")) == 1


@pytest.mark.parametrize("by", ["variable", "option"])
def test_the_key_is_not_in_the_programs_environment(tmp_path: Path, by: str) -> None:
    with a_collector() as collector:
        env = environ(tmp_path / "spool", server=collector.url)
        options = ["--key", KEY] if by == "option" else []
        if by == "variable":
            env["FAULTBOX_KEY"] = KEY
        done = agent(["exec", *options, "--", "sh", "-c", "env; exit 9"], env)
        assert b"FAULTBOX_SPOOL" in done.stdout
        assert KEY.encode() not in done.stdout
        assert len(collector.heads()) == 1, "it is delivered with the key all the same"


def test_a_supervisor_around_a_supervisor_delivers(tmp_path: Path) -> None:
    inner = [sys.executable, "-m", "faultbox_agent", "exec", "--", "sh", "-c", "exit 9"]
    with a_collector() as collector:
        env = environ(tmp_path / "spool", server=collector.url, key=KEY)
        done = agent(["exec", "--", *inner], env)
        assert (done.returncode, done.stderr) == (9, b"")
        assert len(collector.heads()) == 1


@pytest.mark.parametrize(
    ("settings", "file", "words"),
    [
        ({"server": "http://192.0.2.1:1", "key": KEY}, "", b"server: "),
        ({"spool_mib": "many"}, "", b"spool_mib: "),
        ({}, "produkt = 'x'\nserial = 'SN-5'\n", b"produkt is not a setting"),
        ({}, "= nonsense", b"agent.toml: "),
        ({}, "serial = '\xff'", b"utf-8"),
    ],
)
def test_bad_settings_do_not_keep_the_program_from_running(
    tmp_path: Path, settings: dict[str, str], file: str, words: bytes
) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(file, encoding="latin-1")
    env = environ(tmp_path / "spool", product="press", **settings)
    options = ["--config", str(config)]
    done = agent(["exec", *options, "--", "sh", "-c", "echo it runs; exit 9"], env)
    assert (done.returncode, done.stdout) == (9, b"it runs\n")
    assert done.stderr.count(b"\n") == 1
    assert words in done.stderr
    (record,) = drop_records(tmp_path / "spool")
    serial = {"serial": "SN-5"} if "SN-5" in file else {}
    assert record["head"]["prod"] == {"name": "press", **serial}  # type: ignore[index, call-overload]


def test_with_an_agent_the_fault_is_left_to_it(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    with resident(environ(spool)):
        assert agent(["exec", "--", "sh", "-c", "exit 9"], environ(spool)).returncode == 9
        assert until(lambda: len(read_ready(spool)) == 1)


@pytest.mark.skipif(
    os.geteuid() != 0 or not os.path.isdir("/sys/fs/cgroup/memory"),
    reason="needs a memory cgroup (version 1) and root",
)
def test_a_kill_by_the_memory_limit_is_told_from_any_other_kill(tmp_path: Path) -> None:
    group = Path("/sys/fs/cgroup/memory/faultbox-test")
    group.mkdir(exist_ok=True)
    try:
        (group / "memory.limit_in_bytes").write_text(str(24 << 20))
        hog = "x = []\nwhile True: x.append(bytearray(1 << 20))\n"
        (tmp_path / "hog.py").write_text(hog)
        run = f"exec {sys.executable} {tmp_path}/hog.py"
        script = f"echo $$ > {group}/cgroup.procs && sleep 0.3 && {run}"
        done, ((head, evidence),) = supervised(tmp_path, *shell(script))
    finally:
        time.sleep(0.2)
        group.rmdir()
    assert done.returncode == 137
    assert head.kind == "oom"
    assert head.err is not None
    assert head.err.sig_no == 9
    assert evidence.x["out_of_memory"] in ("kernel log", "memory.oom_control")


@given(st.lists(st.binary(max_size=30_000), max_size=12))
def test_the_tail_stays_bounded_and_ends_as_the_stream_does(parts: list[bytes]) -> None:
    tail = Tail()
    for part in parts:
        tail.add(part)
    lines = tail.lines()
    assert len(lines) <= 201
    assert sum(len(line.encode("utf-8", "ignore")) for line in lines) <= 64 * 1024 + 3 * 4096 * 3
    whole = b"".join(parts).split(b"\n")
    if whole[-1] and len(whole[-1]) < 4096:
        assert lines[-1] == whole[-1].decode("utf-8", "replace").rstrip("\r")
