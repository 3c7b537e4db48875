"""A headless Chromium, driven by the DevTools protocol over one websocket.

`open_browser()` gives a `Browser` with one page; what the page complains about (console errors,
exceptions, violations of the content security policy) is collected in `complaints`. Where no
Chromium is installed a test skips, except in CI, where a missing browser is a failure.
"""

import asyncio
import base64
import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
SERIOUS_ISSUES = (
    "BlockedByResponseIssue",
    "ContentSecurityPolicyIssue",
    "CorsIssue",
    "MixedContentIssue",
)
START_SECONDS = 30.0
WAIT_SECONDS = 15.0


def find_chromium() -> str:
    """Return the browser's path; skip the test without one, fail it in CI."""
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    if os.environ.get("CI") == "true":
        pytest.fail("no chromium here, and CI must have one")
    pytest.skip("no chromium here: apt-get install chromium")


@dataclass
class Browser:
    """One page of a running browser."""

    socket: aiohttp.ClientWebSocketResponse
    complaints: list[str] = field(default_factory=list)
    _answers: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    _last_id: int = 0
    _loaded: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, method: str, **params: object) -> dict[str, Any]:
        """Send one DevTools command and return its result."""
        self._last_id += 1
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[self._last_id] = answer
        await self.socket.send_json({"id": self._last_id, "method": method, "params": params})
        message = await asyncio.wait_for(answer, WAIT_SECONDS)
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        result: dict[str, Any] = message["result"]
        return result

    async def go(self, address: str) -> None:
        """Open a page and wait until it is loaded with all it refers to."""
        self._loaded.clear()
        result = await self.call("Page.navigate", url=address)
        if "errorText" in result:
            raise RuntimeError(f"{address}: {result['errorText']}")
        await self.wait_loaded()

    async def wait_loaded(self) -> None:
        """Wait for the load of a page that something else has begun."""
        await asyncio.wait_for(self._loaded.wait(), WAIT_SECONDS)

    async def run(self, script: str) -> Any:
        """Return the value of a script's last expression; promises are awaited."""
        result = await self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in result:
            raise RuntimeError(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    async def wait_for(self, script: str) -> None:
        """Wait until a script's value is true."""
        end = time.monotonic() + WAIT_SECONDS
        while not await self.run(script):
            if time.monotonic() > end:
                raise TimeoutError(script)
            await asyncio.sleep(0.05)

    async def click(self, selector: str, *, loads: bool = False) -> None:
        """Click an element; `loads` says that a new page follows, and waits for it."""
        self._loaded.clear()
        await self.run(f"document.querySelector({json.dumps(selector)}).click()")
        if loads:
            await self.wait_loaded()

    async def type(self, selector: str, text: str) -> None:
        """Put the cursor into a field and add a text to it, as an input method does."""
        field = f"document.querySelector({json.dumps(selector)})"
        await self.run(f"{field}.focus()")
        # the browser hears of the focus a frame later than the page, and drops what came before
        await self.run("new Promise(done => requestAnimationFrame(() => setTimeout(done, 20)))")
        await self.call("Input.insertText", text=text)
        await self.wait_for(f"{field}.value.includes({json.dumps(text)})")

    async def press(self, key: str) -> None:
        """Press one key that stands for itself."""
        for kind in ("keyDown", "keyUp"):
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, text=key)

    async def set_cookie(self, address: str, name: str, value: str) -> None:
        """Give the browser a cookie, as a server at the address would."""
        await self.call("Network.setCookie", url=address, name=name, value=value, httpOnly=True)

    async def resize(self, width: int, height: int) -> None:
        """Set the size of the page in CSS pixels; under 600 wide it is a phone."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    async def overflow(self) -> int:
        """Return by how many pixels the page can be scrolled sideways."""
        value = await self.run(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return int(value)

    async def screenshot(self, path: Path, *, whole: bool = True) -> None:
        """Save a picture of the page, by default of all of it."""
        result = await self.call(
            "Page.captureScreenshot", format="png", captureBeyondViewport=whole
        )
        await asyncio.to_thread(path.write_bytes, base64.b64decode(result["data"]))

    async def listen(self) -> None:
        """Read what the browser says until it goes away."""
        async for message in self.socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._take(json.loads(message.data))

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            answer = self._answers.pop(message["id"], None)
            if answer is not None and not answer.done():
                answer.set_result(message)
            return
        params = message.get("params", {})
        notes: dict[str, Callable[[], object]] = {
            "Page.loadEventFired": self._loaded.set,
            "Runtime.exceptionThrown": lambda: self._complain(params["exceptionDetails"]),
            "Log.entryAdded": lambda: self._read_log(params["entry"]),
            "Runtime.consoleAPICalled": lambda: self._read_console(params),
            "Audits.issueAdded": lambda: self._read_issue(params["issue"]),
        }
        notes.get(message.get("method", ""), lambda: None)()

    def _read_log(self, entry: dict[str, Any]) -> None:
        if entry["level"] in ("error", "warning"):
            self._complain(f"{entry['source']}: {entry['text']} {entry.get('url', '')}")

    def _read_console(self, params: dict[str, Any]) -> None:
        if params["type"] in ("error", "warning", "assert"):
            self._complain([argument.get("value", "?") for argument in params["args"]])

    def _read_issue(self, issue: dict[str, Any]) -> None:
        if issue["code"] in SERIOUS_ISSUES:
            self._complain(issue)

    def _complain(self, what: object) -> None:
        self.complaints.append(str(what))


@contextlib.asynccontextmanager
async def open_browser(*, width: int = 1400, height: int = 900) -> AsyncIterator[Browser]:
    """Start a browser with an empty profile and give its page; end it afterwards."""
    program = find_chromium()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            program,
            *FLAGS,
            f"--user-data-dir={profile}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            port = await _wait_for_port(Path(profile) / "DevToolsActivePort", process)
            async with _open_page(port) as browser:
                await browser.resize(width, height)
                yield browser
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _wait_for_port(path: Path, process: asyncio.subprocess.Process) -> int:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.returncode is not None:
            raise RuntimeError(f"chromium ended at once with {process.returncode}")
        with contextlib.suppress(OSError, IndexError):
            return _read_port(path)
        await asyncio.sleep(0.05)
    raise TimeoutError("chromium did not start")


def _read_port(path: Path) -> int:
    return int(path.read_text().splitlines()[0])


@contextlib.asynccontextmanager
async def _open_page(port: int) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            targets = await answer.json(content_type=None)
        address = next(t["webSocketDebuggerUrl"] for t in targets if t["type"] == "page")
        async with session.ws_connect(address, max_msg_size=0) as socket:
            browser = Browser(socket)
            listening = asyncio.create_task(browser.listen())
            try:
                for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
                    await browser.call(f"{domain}.enable")
                yield browser
            finally:
                listening.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await listening
