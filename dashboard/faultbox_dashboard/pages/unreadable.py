"""`/unreadable`: bundles that no step could digest, each with its bytes to take away."""

from aiohttp import web

from faultbox_dashboard.keys import READER
from faultbox_dashboard.respond import show
from faultbox_dashboard.text.words import UNREADABLE, UNREADABLE_OTHERWISE

PAGE_ROWS = 50
LAST_PAGE = 2_000
LARGEST_ID = 2**63 - 1


async def show_unreadable(request: web.Request) -> web.Response:
    """Show one page of the list; one row more is read to know whether another page follows."""
    number = request.query.get("page", "1")
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 1
    page = max(1, min(page, LAST_PAGE))
    reader = request.app[READER]
    rows = await reader.unreadable(limit=PAGE_ROWS + 1, offset=(page - 1) * PAGE_ROWS)
    context = {
        "rows": rows[:PAGE_ROWS],
        "page": page,
        "more": len(rows) > PAGE_ROWS and page < LAST_PAGE,
        "why": lambda reason: UNREADABLE.get(reason, UNREADABLE_OTHERWISE),
    }
    return show(request, "unreadable.html", context)


async def send_bundle(request: web.Request) -> web.Response:
    """Send the bytes of one bundle as a file to be saved, never to be shown."""
    row_id = int(request.match_info["id"])
    data = await request.app[READER].unreadable_bytes(row_id) if row_id <= LARGEST_ID else None
    if data is None:
        raise web.HTTPNotFound
    return web.Response(
        body=data,
        headers={
            "Content-Type": "application/octet-stream",
            "Content-Disposition": f'attachment; filename="unreadable-{row_id}.fbx"',
            "Cache-Control": "no-store",
        },
    )
