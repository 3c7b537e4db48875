"""A newcomer: start the server, open the link it prints, run the line on the page, see the ticket.

The real server, the real agent and a real browser; the line is taken from the page as it stands.
"""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.browser import open_browser

BIN = Path(sys.executable).parent
LINES = "Array.from(document.querySelectorAll('pre.copy')).map(line => line.textContent)"


class Newcomer:
    """A machine with nothing on it but Faultbox."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("FAULTBOX_")},
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "FAULTBOX_DATA": str(folder / "server"),
            "FAULTBOX_SPOOL": str(folder / "spool"),
            "FAULTBOX_AGENT_CONFIG": str(folder / "agent.toml"),
        }
        (folder / "agent.toml").touch()
        self.server = subprocess.Popen(
            ["faultbox", "serve", "--port", str(port)],
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read_login(self) -> str:
        assert self.server.stdout is not None
        for line in self.server.stdout:
            if line.startswith("login: "):
                return line.removeprefix("login: ").strip()
        raise AssertionError("the server printed no login link")

    def run_line(self, line: str) -> int:
        done = subprocess.run(
            ["sh", "-c", line], env=self.environment, check=False, capture_output=True, timeout=60
        )
        return done.returncode


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    found = Newcomer(tmp_path)
    try:
        yield found
    finally:
        found.server.terminate()
        found.server.communicate(timeout=30)


async def test_from_the_printed_link_to_the_ticket_of_an_own_program(newcomer: Newcomer) -> None:
    login = await asyncio.to_thread(newcomer.read_login)
    async with open_browser() as browser:
        await browser.go(login)
        await browser.click("form button", loads=True)
        assert await browser.run("location.pathname") == "/start"

        example = (await browser.run(LINES))[-1]
        assert "faultbox-agent exec" in example
        assert await asyncio.to_thread(newcomer.run_line, example) != 0

        await browser.wait_for("document.querySelector('#arrival a.go') !== null")
        await browser.click("#arrival a.go", loads=True)
        assert (await browser.run("location.pathname")).startswith("/tickets/FB-")
        assert "ZeroDivisionError" in await browser.run("document.body.textContent")
        assert browser.complaints == []
