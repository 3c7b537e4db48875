"""Typed keys under which pages find what the composition root gave them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from faultbox_dashboard.assets import Assets
from faultbox_dashboard.doors import Accounts, Desk, Person, Reader
from faultbox_dashboard.render import Renderer
from faultbox_dashboard.settings import PageSettings
from faultbox_dashboard.text.language import Language

READER = web.AppKey("reader", Reader)
ACCOUNTS = web.AppKey("accounts", Accounts)
DESK = web.AppKey("desk", Desk)
SETTINGS = web.AppKey("settings", PageSettings)
ASSETS = web.AppKey("assets", Assets)
RENDERER = web.AppKey("renderer", Renderer)
LANGUAGES = web.AppKey("languages", dict[str, Language])
CLOCK: web.AppKey[Callable[[], int]] = web.AppKey("clock")


@dataclass(frozen=True, slots=True)
class Visit:
    """What is known about one request before its page is made."""

    language: Language
    now_ms: int
    person: Person | None = None
    session: str | None = None
    """Session token of the cookie, when it belongs to a person."""


VISIT = web.RequestKey("visit", Visit)
FORM = web.RequestKey("form", Mapping[str, str])
