"""Every route of the whole server, with an address that fits it and many that do not."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from faultbox_collector.app import build_collector
from faultbox_collector.settings import Settings
from faultbox_dashboard.app import add_pages
from faultbox_dashboard.settings import PageSettings

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ODD_METHODS = ("TRACE", "PROPFIND", "PURGE", "CONNECT", "BREW", "get")
_FITTING = (
    "0" * 32,
    "FB-20261122001",
    "FB-20261122001-9",
    "up_0123456789abcdef",
    "1",
    "x",
    "app.css",
    "0123456789abcdef",
)
"""Values for the variable parts of an address: the first that fits is taken."""


@dataclass(frozen=True, slots=True)
class Route:
    """One way into the server."""

    method: str
    template: str
    pattern: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.template}"

    @property
    def path(self) -> str:
        """An address that reaches the route."""
        return self.fill({})

    def fill(self, values: dict[str, str]) -> str:
        """Return the address with these values, as they go over the wire."""
        path, fitting = self.template, self._fitting
        for name in self.names:
            path = path.replace(f"{{{name}}}", values.get(name) or fitting[name])
        return path

    @property
    def _fitting(self) -> dict[str, str]:
        for values in product(_FITTING, repeat=len(self.names)):
            path = self.template
            for name, value in zip(self.names, values, strict=True):
                path = path.replace(f"{{{name}}}", value)
            if re.fullmatch(self.pattern, path):
                return dict(zip(self.names, values, strict=True))
        raise AssertionError(f"{self}: none of {_FITTING} fits; add one")


def list_routes(data: Path) -> list[Route]:
    """Return the routes of collector and pages, as `faultbox serve` puts them together."""
    return asyncio.run(_build(data))


async def _build(data: Path) -> list[Route]:
    collector = build_collector(Settings(data=str(data)))
    try:
        add_pages(
            collector.application,
            reader=collector.reader,
            accounts=collector.accounts,
            desk=collector.desk,
            settings=PageSettings(server_url="http://127.0.0.1", timezone="UTC"),
        )
        return list(_walk(collector.application))
    finally:
        collector.store.close()


def _walk(application: web.Application) -> Iterator[Route]:
    for route in application.router.routes():
        assert route.resource is not None
        about = route.resource.get_info()
        template = about.get("formatter") or about["path"]
        pattern = about["pattern"].pattern if "pattern" in about else re.escape(template)
        names = tuple(about["pattern"].groupindex) if "pattern" in about else ()
        yield Route(route.method, template, pattern, names)


def coded(text: str) -> bytes:
    """Return a text as part of a request line."""
    return quote(text, safe="").encode()
