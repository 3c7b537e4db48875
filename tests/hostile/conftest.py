"""One server for the whole corpus: what an attack leaves behind is met by the next one."""

import asyncio
from collections.abc import Iterator

import pytest

from support.hostile.routes import Route, list_routes
from support.hostile.target import Target, open_target
from support.hostile.watched import WatchedServer, reading_is_possible
from support.needs import give_up

SETTINGS = {"language": "en", "body_idle_seconds": "2"}


@pytest.fixture(scope="package")
def routes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Route, ...]:
    return tuple(list_routes(tmp_path_factory.mktemp("routes")))


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedServer]:
    if not reading_is_possible():
        give_up("the kernel does not tell how long a thread waited for the processor")
    with WatchedServer(tmp_path_factory.mktemp("hostile"), SETTINGS) as running:
        yield running
        assert running.stop() == 0, running.errors()


@pytest.fixture(scope="package")
def target(server: WatchedServer, routes: tuple[Route, ...]) -> Target:
    return asyncio.run(open_target(server, routes))
