"""A device that reports a fault also says that it ran: agent and collector as processes."""

import json
import time
from pathlib import Path

from support.collector import PRODUCT, ServerProcess, run_command
from support.device import agent, environ

DAY_SECONDS = 86_400


def test_the_collector_takes_the_days_with_the_reports(tmp_path: Path) -> None:
    data, spool = tmp_path / "data", tmp_path / "spool"
    key = run_command(data, "keys", "add", PRODUCT).strip()
    with ServerProcess(data) as server:
        env = environ(spool, server=server.url, key=key, product=PRODUCT, serial="SN-7")
        assert agent(["report", "--message", "no answer"], env).returncode == 0
        done = agent(["flush", "--timeout", "30"], env)
        assert done.returncode == 0, done.stderr
    state = json.loads((spool / "state.json").read_text())
    assert len(state["beats"]) == 1, "today goes on"
    today = time.time() // DAY_SECONDS
    assert state["beats_day"] in (today, today - 1), "the collector took them"
    assert state["beats_next_wall_ms"] / 1000 > time.time() + DAY_SECONDS - 3600
