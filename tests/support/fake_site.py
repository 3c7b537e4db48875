"""A dashboard over the in-memory desk, for tests that look at its pages."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.test_utils import TestClient

from faultbox_dashboard.app import add_pages
from faultbox_dashboard.settings import PageSettings
from support.fake_desk import NOW_MS, FakeDesk

Client = TestClient[web.Request, web.Application]
SignIn = Callable[..., Awaitable[Client]]
"""Opens a client: `sign_in(language, settings=…)`, `stranger(settings)`."""

SETTINGS = PageSettings(
    server_url="https://faults.example.org", first_key="fbk_first", timezone="Asia/Shanghai"
)


def build_app(desk: FakeDesk, settings: PageSettings = SETTINGS) -> web.Application:
    """Return an application with the pages, and one route of a machine beside them."""
    app = web.Application()

    async def answer_machine(_: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    app.router.add_get("/healthz", answer_machine)
    app.router.add_post("/v1/bundles", answer_machine)
    add_pages(app, reader=desk, accounts=desk, desk=desk, settings=settings, clock=lambda: NOW_MS)
    return app
