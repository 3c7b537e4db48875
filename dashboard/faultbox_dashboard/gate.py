"""What every page request passes: who is it, is the post its own, and what if something fails.

1. Find the session's person and language. 2. Refuse a post from another site, or without the
session's token. 3. Send strangers to the page that says how to get a login link. 4. Turn
failures into pages, and put the protecting headers on every answer.

The collector's own routes on the same application pass untouched.
"""

import asyncio
import hmac
import logging
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from faultbox_collector.writer import DatabaseAway
from faultbox_dashboard.keys import ACCOUNTS, CLOCK, FORM, LANGUAGES, SETTINGS, VISIT, Visit
from faultbox_dashboard.respond import PROTECTION, find_visit, is_fragment, show
from faultbox_dashboard.text.language import choose_language

FORM_BYTES = 64 * 1024
FORM_FIELDS = 32
FORM_SECONDS = 20
SESSION_SECONDS = 30 * 24 * 3600
SESSION_TOKEN_CHARS = 200
MACHINE_PATHS = ("/v1/", "/api/", "/healthz/", "/readyz/", "/metrics/")
"""Where programs talk: what is missing there is not answered with a page."""

_log = logging.getLogger(__name__)


def cookie_name(*, secure: bool) -> str:
    """Return the name of the session cookie; browsers hold `__Host-` names to https and `/`."""
    return "__Host-faultbox" if secure else "faultbox"


def make_gate(
    private: frozenset[web.AbstractResource], public: frozenset[web.AbstractResource]
) -> Middleware:
    """Return the middleware for these resources; `public` ones need no session."""
    pages = private | public

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        if resource not in pages and (
            resource is not None or f"{request.path}/".startswith(MACHINE_PATHS)
        ):
            return await handler(request)
        response = await _answer(
            request, handler, known=resource not in public, needs_session=resource in private
        )
        response.headers.update(PROTECTION)
        return response

    return gate


async def _answer(
    request: web.Request, handler: Handler, *, known: bool, needs_session: bool
) -> web.StreamResponse:
    try:
        request[VISIT] = visit = await _open_visit(request) if known else find_visit(request)
        if needs_session and visit.person is None:
            return _ask_to_sign_in(request)
        if request.method not in ("GET", "HEAD"):
            await _check_post(request, visit)
        return await handler(request)
    except web.HTTPException as stop:
        if stop.status < 400:
            return web.Response(status=stop.status, headers=stop.headers)
        return show_failure(request, stop.status, stop.headers.get("Allow"))
    except DatabaseAway as error:
        _log.warning("no page: %s %r: %s", request.method, request.path[:200], error)
        return show_failure(request, 503)
    except Exception:  # noqa: BLE001 - whatever a page meets, its reader gets a page
        _log.exception("page failed: %s %r", request.method, request.path[:200])
        return show_failure(request, 500)


def show_failure(request: web.Request, status: int, allow: str | None = None) -> web.Response:
    """Answer with the page of a failure, or its fragment."""
    template = "_failure.html" if is_fragment(request) else "failure.html"
    headers = {"Allow": allow} if allow else {}
    return show(request, template, {"status": status}, status=status, headers=headers)


def _ask_to_sign_in(request: web.Request) -> web.Response:
    # a fragment cannot show this page: let the browser load the whole of it
    headers = {"HX-Refresh": "true"} if "HX-Request" in request.headers else {}
    return show(request, "stranger.html", status=401, headers=headers)


async def _open_visit(request: web.Request) -> Visit:
    app = request.app
    session = request.cookies.get(cookie_name(secure=app[SETTINGS].secure_cookies), "")
    person = None
    if 0 < len(session) <= SESSION_TOKEN_CHARS and session.isascii():
        person = await app[ACCOUNTS].person(session)
    language = choose_language(
        app[LANGUAGES],
        person.language if person and person.language else request.query.get("lang"),
        request.headers.get("Accept-Language", ""),
        app[SETTINGS].default_language,
    )
    return Visit(language, app[CLOCK](), person, session if person else None)


async def _check_post(request: web.Request, visit: Visit) -> None:
    if not _is_own_site(request):
        raise web.HTTPForbidden
    request[FORM] = form = await _read_form(request)
    if visit.person is None:
        return
    token = request.headers.get("X-CSRF-Token") or form.get("csrf", "")
    # A header may hold bytes that are no text; they come as halves of surrogate pairs.
    given = token.encode("utf-8", "replace")
    if not hmac.compare_digest(given, visit.person.csrf.encode()):
        raise web.HTTPForbidden


def _is_own_site(request: web.Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")  # what browsers send where Sec-Fetch-Site is not
    if origin is None:
        return True
    own = urlsplit(request.app[SETTINGS].server_url).netloc
    return urlsplit(origin).netloc in (request.host, own)


async def _read_form(request: web.Request) -> dict[str, str]:
    if not request.body_exists:
        return {}
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType
    if "Content-Encoding" in request.headers:
        raise web.HTTPUnsupportedMediaType
    body = bytearray()
    try:
        async with asyncio.timeout(FORM_SECONDS):
            async for chunk in request.content.iter_chunked(8192):
                body += chunk
                if len(body) > FORM_BYTES:
                    raise web.HTTPRequestEntityTooLarge(FORM_BYTES, len(body))
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=FORM_FIELDS, errors="strict"
        )
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except ValueError:
        raise web.HTTPBadRequest from None
    return dict(pairs)
