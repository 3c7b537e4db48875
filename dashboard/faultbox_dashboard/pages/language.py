"""`/language`: switch the language of the screens, for this person and from now on."""

import re

from aiohttp import web

from faultbox_dashboard.keys import ACCOUNTS, FORM, LANGUAGES, VISIT
from faultbox_dashboard.respond import redirect

_OWN_PAGE = re.compile(r"/(?:[A-Za-z0-9][A-Za-z0-9/_.-]*)?(?:\?[A-Za-z0-9/_.~%&=+-]*)?")
"""A path on this server; `//elsewhere` is not one."""


async def set_language(request: web.Request) -> web.Response:
    """Remember the language and go back to the page the switch was on."""
    form, session = request[FORM], request[VISIT].session
    wanted = form.get("language", "")
    if wanted not in request.app[LANGUAGES] or session is None:
        raise web.HTTPBadRequest
    await request.app[ACCOUNTS].set_language(session, wanted)
    back = form.get("back", "/")
    return redirect(back if _OWN_PAGE.fullmatch(back) else "/")
