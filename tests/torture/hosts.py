"""A device with the real agent: its programs leave faults, and its books say which are safe."""

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from faultbox_agent.drop import leave_record
from faultbox_agent.fault import Fault, new_fault_id, write_fault
from support.account import SpoolAccount, read_account
from support.collector import PRODUCT
from support.device import environ
from torture.programs import Program

_CRASHING = """
import faultbox_agent

def ratio(total, parts):
    return total / parts

faultbox_agent.install(version="2.3.1")
ratio(1, 0)
"""
_COMMAND = [sys.executable, "-m", "faultbox_agent"]


class Host:
    """One device: a spool, the resident agent, and programs that fail."""

    def __init__(
        self,
        spool: Path,
        folder: Path,
        number: int,
        server: str,
        key: str,
        extra: Mapping[str, str],
    ) -> None:
        self.spool = spool
        self.serial = f"AG-{number}"
        settings = {
            "server": server,
            "key": key,
            "product": PRODUCT,
            "serial": self.serial,
            "burst_per_minute": "100000",
            "agent_config": str(folder / "none.toml"),
        }
        self._env = environ(spool, **settings)
        self._crashing = folder / "crashing.py"
        self._crashing.write_text(_CRASHING)
        (folder / "none.toml").touch()
        self.agent = Program(
            [*_COMMAND, "run"], {**self._env, **extra}, folder / f"{self.serial}.log"
        )
        self.begun: set[str] = set()
        self.captured: set[str] = set()
        self.crashes = 0
        """Programs that ended by an exception; the SDK chose the ids of their bundles."""

    def leave_fault(self, dice: random.Random) -> None:
        """Leave a record as a program does that is about to end; note it if it is durable."""
        fault_id = new_fault_id(time.time_ns() // 1_000_000)
        head = {
            "kind": "error",
            "sev": "error",
            "t_ms": time.time_ns() // 1_000_000,
            "prod": {"name": PRODUCT},
            "err": {"code": f"E-{dice.randrange(100, 110)}", "msg": f"fault {fault_id.hex()}"},
        }
        record = write_fault(Fault(fault_id, head))  # type: ignore[arg-type]
        self.begun.add(fault_id.hex())
        try:
            leave_record(str(self.spool), f"{fault_id.hex()}.json", record, durable=True)
        except OSError:
            return  # the disk is full: the program was told
        self.captured.add(fault_id.hex())

    def report(self) -> None:
        """Report a fault by hand."""
        done = subprocess.run(
            [*_COMMAND, "report", "--kind", "error", "--code", "E-202", "--message", "by hand"],
            env=self._env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=True,
        )
        fault_id = done.stdout.split()[-1]
        self.begun.add(fault_id)
        self.captured.add(fault_id)

    def crash_program(self) -> None:
        """Let a program end by an exception; the SDK leaves the record before it is gone."""
        done = subprocess.run(
            [sys.executable, str(self._crashing)],
            env=self._env,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1
        self.crashes += 1

    def flush(self, seconds: int) -> None:
        """Deliver what waits, without the resident agent."""
        subprocess.run(
            [*_COMMAND, "flush", "--quiet", "--timeout", str(seconds)],
            env=self._env,
            stdout=subprocess.DEVNULL,
            timeout=seconds + 30,
            check=False,
        )

    def account(self) -> SpoolAccount:
        """Read the spool's account; no agent may hold it."""
        return read_account(self.spool)


async def leave_faults(
    hosts: list[Host], dice: random.Random, power: asyncio.Lock, pause_seconds: float
) -> None:
    """Let programs on all devices fail again and again, as long as the devices have power."""
    while True:
        async with power:
            await asyncio.to_thread(dice.choice(hosts).leave_fault, dice)
        await asyncio.sleep(pause_seconds)
