"""The server under attack, with everything that opens its doors, and its measures."""

import json
import re
from dataclasses import dataclass

from faultbox_protocol import api
from support.builders import a_bundle, a_head, an_id
from support.collector import PRODUCT, run_command, wait_for
from support.hostile.routes import Route
from support.hostile.watched import WatchedServer
from support.hostile.wire import Wire

GROWTH_BYTES = 32 << 20
"""The most memory that any hostile input may cost."""
BLOCKED_SECONDS = 0.15
"""The longest that any hostile input may keep the loop from serving others."""
_PLAIN_BYTES = 16 << 20
_WARM_UP = 60
_PAGES = ("/", "/start", "/signatures", "/tickets", "/v1/time", "/healthz")


@dataclass(frozen=True, slots=True)
class Target:
    """The server, its routes, a key, and a session with its token."""

    server: WatchedServer
    routes: tuple[Route, ...]
    key: str
    cookie: str
    csrf: str

    @property
    def asked(self) -> list[Route]:
        """The routes without a HEAD that is answered by the handler of its GET."""
        gets = {one.template for one in self.routes if one.method == "GET"}
        return [one for one in self.routes if one.method != "HEAD" or one.template not in gets]

    def entry(self, route: Route) -> dict[str, str]:
        """Return the headers of somebody who has the key, the session and its token.

        Whoever has the token can log out, and would be a stranger from then on.
        """
        token = {} if route.template == "/logout" else {"X-CSRF-Token": self.csrf}
        return {api.KEY_HEADER: self.key, "Cookie": self.cookie} | token

    async def post(self, wire: Wire, number: int, body: bytes | None = None) -> int:
        """Post a good bundle, or other bytes; return the status."""
        headers = {api.KEY_HEADER: self.key, "Content-Type": api.MEDIA_TYPE}
        bundle = a_bundle(a_head(number)) if body is None else body
        return (await wire.ask("POST", api.BUNDLES, headers, bundle)).status

    async def settle(self, wire: Wire, number: int) -> None:
        """Return when everything that was taken is digested."""
        assert await self.post(wire, number) in (200, 202)
        path = f"{api.RECEIPTS}/{an_id(number).hex()}"
        for _ in range(10_000):
            answer = await wire.ask("GET", path, {api.KEY_HEADER: self.key})
            if answer.status == 200 and json.loads(answer.body)["ticket"]:
                return
            await wait_for(lambda: True)
        raise AssertionError("it is never digested")

    async def warm_up(self) -> int:
        """Have everything used once; return the memory held then, in bytes."""
        async with Wire(self.server.port) as wire:
            for number in range(_WARM_UP):
                assert await self.post(wire, number) in (200, 202)
            assert await self.post(wire, 0, bytes(_PLAIN_BYTES)) == 400
            for path in _PAGES:
                await wire.ask("GET", path, {"Cookie": self.cookie})
            await self.settle(wire, _WARM_UP)
        return self.server.rss_bytes


async def open_target(server: WatchedServer, routes: tuple[Route, ...]) -> Target:
    """Make a key, log in, and find the session's token."""
    key = run_command(server.data, "keys", "add", PRODUCT).strip()
    token = run_command(server.data, "users", "login-link", "admin").strip().rpartition("/")[2]
    async with Wire(server.port) as wire:
        answer = await wire.ask("POST", f"/login/{token}", body=b"")
        assert answer.status == 303, answer
        cookie = answer.headers["set-cookie"].partition(";")[0]
        page = await wire.ask("GET", "/signatures", {"Cookie": cookie})
    found = re.search(rb'name="csrf" value="([^"]+)"', page.body)
    assert found is not None
    return Target(server, routes, key, cookie, found[1].decode())
