"""`/login/…` and `/logout`: sign in by a one-time link, and out again.

Opening the link only shows a button: programs that look at links in messages before a person
does would otherwise use it up.
"""

from aiohttp import web

from faultbox_dashboard.gate import SESSION_SECONDS, cookie_name
from faultbox_dashboard.keys import ACCOUNTS, SETTINGS, VISIT
from faultbox_dashboard.respond import redirect, show


async def show_login(request: web.Request) -> web.Response:
    """Show the button that signs in."""
    return show(request, "login.html", {"used_up": False})


async def log_in(request: web.Request) -> web.Response:
    """Use the link up, begin a session and go to the first page."""
    app = request.app
    session = await app[ACCOUNTS].redeem_login_link(request.match_info["token"])
    if session is None:
        return show(request, "login.html", {"used_up": True}, status=403)
    response = redirect("/")
    secure = app[SETTINGS].secure_cookies
    response.set_cookie(
        cookie_name(secure=secure),
        session,
        max_age=SESSION_SECONDS,
        path="/",
        secure=secure,
        httponly=True,
        samesite="Lax",
    )
    return response


async def log_out(request: web.Request) -> web.Response:
    """End the session and forget its cookie."""
    app = request.app
    session = request[VISIT].session
    if session is not None:
        await app[ACCOUNTS].end_session(session)
    secure = app[SETTINGS].secure_cookies
    response = redirect("/")
    response.del_cookie(
        cookie_name(secure=secure), path="/", secure=secure, httponly=True, samesite="Lax"
    )
    return response
