"""The dashboard's routes, put onto the server's application: which page answers where."""

import time
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler

from faultbox_dashboard import keys
from faultbox_dashboard.assets import load_assets
from faultbox_dashboard.doors import Accounts, Desk, Reader
from faultbox_dashboard.gate import make_gate
from faultbox_dashboard.pages import (
    home,
    language,
    login,
    signatures,
    start,
    static,
    ticket,
    tickets,
    unreadable,
)
from faultbox_dashboard.render import Renderer
from faultbox_dashboard.settings import PageSettings
from faultbox_dashboard.text.language import load_languages

_PRIVATE: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/", home.show_home),
    ("GET", "/start", start.show_start),
    ("GET", "/start/arrival", start.show_arrival),
    ("GET", "/signatures", signatures.show_signatures),
    ("GET", "/tickets", tickets.show_tickets),
    ("GET", r"/tickets/{number:FB-[0-9]{11,20}}", ticket.show_ticket),
    ("POST", r"/tickets/{number:FB-[0-9]{11,20}}/notes", ticket.add_note),
    ("GET", "/unreadable", unreadable.show_unreadable),
    ("GET", "/unreadable/{id:[0-9]{1,19}}/bundle", unreadable.send_bundle),
    ("POST", "/language", language.set_language),
    ("POST", "/logout", login.log_out),
)
_PUBLIC: tuple[tuple[str, str, Handler], ...] = (
    ("GET", r"/login/{token:[A-Za-z0-9_-]{1,200}}", login.show_login),
    ("POST", r"/login/{token:[A-Za-z0-9_-]{1,200}}", login.log_in),
    ("GET", r"/static/{version:[0-9a-f]{1,64}}/{name:[A-Za-z0-9_./-]{1,100}}", static.send_asset),
    ("GET", "/favicon.ico", static.send_icon),
)


def add_pages(
    app: web.Application,
    *,
    reader: Reader,
    accounts: Accounts,
    desk: Desk,
    settings: PageSettings,
    clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> None:
    """Put the dashboard onto an application that has not been started.

    `clock` returns the wall time in Unix milliseconds.
    """
    languages, assets = load_languages(), load_assets()
    app[keys.READER] = reader
    app[keys.ACCOUNTS] = accounts
    app[keys.DESK] = desk
    app[keys.SETTINGS] = settings
    app[keys.CLOCK] = clock
    app[keys.ASSETS] = assets
    app[keys.LANGUAGES] = languages
    app[keys.RENDERER] = Renderer(languages, assets)
    app.middlewares.append(make_gate(_add_routes(app, _PRIVATE), _add_routes(app, _PUBLIC)))


def _add_routes(
    app: web.Application, routes: tuple[tuple[str, str, Handler], ...]
) -> frozenset[web.AbstractResource]:
    resources = set()
    for method, path, handler in routes:
        resource = app.router.add_resource(path)
        resource.add_route(method, handler)
        if method == "GET":
            resource.add_route("HEAD", handler)
        resources.add(resource)
    return frozenset(resources)
