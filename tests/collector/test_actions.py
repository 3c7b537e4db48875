"""Administrative changes through the socket of a running server, or without one."""

import asyncio
import json
from pathlib import Path

import pytest

from faultbox_collector.actions import SOCKET, ActionError, perform
from faultbox_collector.settings import Settings
from support.builders import a_bundle
from support.collector import Served, served


async def ask(server: Served, line: bytes) -> dict[str, str]:
    """Send a line to the admin socket; return the answer."""
    reader, writer = await asyncio.open_unix_connection(server.collector.store.data / SOCKET)
    writer.write(line)
    found: dict[str, str] = json.loads(await asyncio.wait_for(reader.readline(), 30))
    writer.close()
    return found


async def act(server: Served, name: str, **arguments: str) -> str:
    """Perform an action as a command does beside the running server."""
    return await asyncio.to_thread(perform, server.collector.settings, name, arguments)


async def test_a_key_is_in_force_when_the_command_returns_and_out_after_revoking(
    server: Served,
) -> None:
    key = await act(server, "keys.add", product="inspect-eye")
    assert (await server.post(a_bundle(), FB_Key=key)).status == 202
    assert await act(server, "keys.revoke", prefix=key[:8]) == "1"
    assert (await server.post(a_bundle(), FB_Key=key)).status == 401


async def test_the_socket_is_for_its_owner_only(server: Served) -> None:
    path = server.collector.store.data / SOCKET
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"nonsense\n",
        b"[]\n",
        b'"text"\n',
        b'{"action": "format.disk"}\n',
        b'{"action": ["keys.add"]}\n',
        b'{"action": "keys.add"}\n',
        b'{"action": "keys.add", "product": 5}\n',
        b'{"action": "keys.add", "product": "\\u0000"}\n',
        b'{"action": "users.login-link", "login": ""}\n',
        b'{"action": "users.login-link", "login": "a\\u0000b"}\n',
        b'{"action": "users.login-link", "login": "%s"}\n' % (b"x" * 129),
        b"x" * 100_000 + b"\n",
    ],
)
async def test_nonsense_gets_an_error_and_the_server_lives_on(server: Served, line: bytes) -> None:
    assert (await ask(server, line))["error"]
    assert (await server.post(a_bundle())).status in (200, 202)


async def test_what_is_refused_says_why(server: Served) -> None:
    with pytest.raises(ActionError, match="keys list"):
        await act(server, "keys.revoke", prefix="fbk_none")
    with pytest.raises(ActionError, match="1 to 256 printable"):
        await act(server, "keys.add", product="two\nlines")
    with pytest.raises(ActionError, match="1 to 256 printable"):
        await act(server, "keys.add", product=" ")


def test_without_a_server_the_command_does_it_itself(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path))
    assert perform(settings, "keys.add", {"product": "eye"}).startswith("fbk_")
    assert perform(settings, "users.login-link", {"login": "li"})
    with pytest.raises(ActionError):
        perform(settings, "keys.revoke", {"prefix": "fbk_none"})


async def test_a_folder_with_a_long_path_has_a_socket_all_the_same(tmp_path: Path) -> None:
    async with served(tmp_path / ("x" * 100) / "data") as server:
        assert (await act(server, "keys.add", product="eye")).startswith("fbk_")
