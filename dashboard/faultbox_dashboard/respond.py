"""From a template's name and its context to an answer with the headers every page carries."""

from collections.abc import Mapping
from datetime import tzinfo

from aiohttp import web
from markupsafe import Markup

from faultbox_dashboard.keys import CLOCK, LANGUAGES, RENDERER, SETTINGS, VISIT, Visit
from faultbox_dashboard.text.language import choose_language
from faultbox_dashboard.text.times import find_zone, write_ago, write_iso, write_time

PROTECTION: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not `no-referrer`: with that a form post says `Origin: null` and could not be checked
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def show(
    request: web.Request,
    template: str,
    context: Mapping[str, object] | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    zone: tzinfo | None = None,
) -> web.Response:
    """Answer with a page; `zone` is where its times are read, the organisation's by default."""
    visit = find_visit(request)
    zone = zone or find_zone(request.app[SETTINGS].timezone)
    text = request.app[RENDERER].render(
        visit.language,
        template,
        {
            "person": visit.person,
            "path": request.path,
            "here": request.path_qs,
            "moment": lambda at_ms: _write_moment(at_ms, visit, zone),
            "absolute": lambda at_ms: write_time(at_ms, zone),
            **(context or {}),
        },
    )
    return web.Response(
        text=text,
        status=status,
        content_type="text/html",
        charset="utf-8",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def find_visit(request: web.Request) -> Visit:
    """Return the request's visit; a stranger's where none was opened."""
    if VISIT in request:
        return request[VISIT]
    language = choose_language(
        request.app[LANGUAGES],
        request.query.get("lang"),
        request.headers.get("Accept-Language", ""),
        request.app[SETTINGS].default_language,
    )
    return Visit(language, request.app[CLOCK]())


def is_fragment(request: web.Request) -> bool:
    """Return whether the browser wants a part of a page, to be put into the one it has."""
    return request.headers.get("HX-Request") == "true" and (
        request.headers.get("HX-Request-Type") != "full"
    )


def _write_moment(at_ms: int, visit: Visit, zone: tzinfo) -> Markup:
    return Markup('<time datetime="{iso}" title="{exact}">{ago}</time>').format(
        iso=write_iso(at_ms),
        exact=write_time(at_ms, zone, seconds=True, offset=True),
        ago=write_ago(at_ms, visit.now_ms, visit.language),
    )


def redirect(location: str) -> web.Response:
    """Answer a post with the address of the page to look at next."""
    return web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})
