"""`/static/…`: style sheets, scripts and icons, from memory."""

from aiohttp import web

from faultbox_dashboard.keys import ASSETS
from faultbox_dashboard.respond import redirect

FOREVER = "public, max-age=31536000, immutable"


async def send_asset(request: web.Request) -> web.Response:
    """Send one file; for ever where its version is the one that was asked for."""
    assets = request.app[ASSETS]
    asset = assets.files.get(request.match_info["name"])
    if asset is None:
        raise web.HTTPNotFound
    current = request.match_info["version"] == assets.version
    headers = {
        "Content-Type": asset.content_type,
        "Cache-Control": FOREVER if current else "no-cache",
        "Vary": "Accept-Encoding",
    }
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return web.Response(body=asset.zipped, headers={**headers, "Content-Encoding": "gzip"})
    return web.Response(body=asset.body, headers=headers)


async def send_icon(request: web.Request) -> web.Response:
    """Answer browsers that ask for an icon without having read a page."""
    return redirect(request.app[ASSETS].address("icon.svg"))
