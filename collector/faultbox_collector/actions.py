"""Administrative changes, by name: done here where nobody serves, else by who serves.

SQLite has one writer. A command that writes takes the data folder's lock and does it; where a
server holds the lock, the command asks it through `admin.sock` (mode 0600: who may reach the
socket may also reach the database).
"""

import asyncio
import json
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from faultbox_collector.clock import wall_ms
from faultbox_collector.desk import accounts
from faultbox_collector.settings import Settings
from faultbox_collector.store.opening import DataFolderBusy, describe_place, open_store
from faultbox_collector.store.products import (
    DEFAULT_ORGANISATION,
    add_key,
    ensure_product,
    revoke_keys,
)
from faultbox_collector.writer import Writer

logger = logging.getLogger(__name__)

SOCKET = "admin.sock"
_NAME_CHARS = 256
_LOGIN_CHARS = 128
_ANSWER_SECONDS = 30
Arguments = dict[str, str]


class ActionError(Exception):
    """An action that was refused; the text says why and what to do."""


def _add_key(connection: Connection, arguments: Arguments) -> str:
    name = arguments["product"].strip()
    if not 0 < len(name) <= _NAME_CHARS or not name.isprintable():
        raise ActionError(f"a product's name has 1 to {_NAME_CHARS} printable characters")
    now_ms = wall_ms()
    product_id = ensure_product(connection, DEFAULT_ORGANISATION, name, now_ms)
    return add_key(connection, DEFAULT_ORGANISATION, product_id, now_ms)


def _revoke_key(connection: Connection, arguments: Arguments) -> str:
    count = revoke_keys(connection, DEFAULT_ORGANISATION, arguments["prefix"], wall_ms())
    if not count:
        raise ActionError("no key in force begins so; see: faultbox keys list")
    return str(count)


def _create_login_link(connection: Connection, arguments: Arguments) -> str:
    login = arguments["login"].strip()
    if not 0 < len(login) <= _LOGIN_CHARS or not login.isprintable():
        raise ActionError(f"an account's name has 1 to {_LOGIN_CHARS} printable characters")
    return accounts.create_login_link(connection, login, wall_ms())


ACTIONS: dict[str, Callable[[Connection, Arguments], str]] = {
    "keys.add": _add_key,
    "keys.revoke": _revoke_key,
    "users.login-link": _create_login_link,
}


def perform(settings: Settings, name: str, arguments: Arguments) -> str:
    """Perform an action here or, where a server runs, through it; return its answer.

    Raises:
        ActionError: it was refused, or the server does not answer.
    """
    try:
        store = open_store(settings)
    except DataFolderBusy:
        return _ask_server(settings.data_path, name, arguments)
    try:
        with store.writer_engine.connect() as connection, connection.begin():
            return ACTIONS[name](connection, arguments)
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        raise ActionError(f"cannot use {describe_place(settings)}: {reason}") from None
    finally:
        store.close()


def _ask_server(data: Path, name: str, arguments: Arguments) -> str:
    try:
        with socket.socket(socket.AF_UNIX) as connection, _short_path(data) as path:
            connection.settimeout(_ANSWER_SECONDS)
            connection.connect(path)
            connection.sendall(json.dumps({"action": name, **arguments}).encode() + b"\n")
            with connection.makefile("rb") as answer:
                found = json.loads(answer.readline())
    except (OSError, ValueError) as error:
        raise ActionError(
            f"the server on {data} holds the folder but does not answer ({error})"
        ) from None
    if "error" in found:
        raise ActionError(found["error"])
    return str(found["answer"])


@contextmanager
def _short_path(data: Path) -> Iterator[str]:
    """Yield a path to the socket that fits into the 107 bytes which the kernel allows."""
    folder = os.open(data, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET}"
    finally:
        os.close(folder)


async def serve_actions(
    data: Path, writer: Writer, on_change: Callable[[], Awaitable[None]]
) -> asyncio.Server:
    """Listen on the data folder's socket and perform actions through the writer.

    `on_change` runs after each action, before its answer: a new key is in force when the command
    that made it returns.
    """

    async def answer(reader: asyncio.StreamReader, stream: asyncio.StreamWriter) -> None:
        try:
            found = {"answer": await _perform_line(reader, writer)}
            await on_change()
        except Exception as error:
            if not isinstance(error, ActionError):
                logger.exception("an action failed")
            found = {"error": str(error) or type(error).__name__}
        stream.write(json.dumps(found).encode() + b"\n")
        with suppress(ConnectionError):
            await stream.drain()
        stream.close()

    (data / SOCKET).unlink(missing_ok=True)
    before = os.umask(0o177)
    try:
        with _short_path(data) as path:
            return await asyncio.start_unix_server(answer, path)
    finally:
        os.umask(before)


async def _perform_line(reader: asyncio.StreamReader, writer: Writer) -> str:
    line = await asyncio.wait_for(reader.readline(), _ANSWER_SECONDS)
    try:
        request: Arguments = json.loads(line)
        action = ACTIONS[request.pop("action")]
    except (ValueError, KeyError, AttributeError, TypeError):
        raise ActionError("this server does not know such an action") from None
    return await writer.run(lambda connection: action(connection, request))
