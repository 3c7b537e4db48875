"""`/`: where a person who names no page is taken."""

from aiohttp import web

from faultbox_dashboard.keys import READER
from faultbox_dashboard.respond import redirect


async def show_home(request: web.Request) -> web.Response:
    """Go to the signatures; while no bundle has ever come, to the first-run page."""
    overview = await request.app[READER].overview()
    return redirect("/signatures" if overview.bundles else "/start")
