"""`/tickets`: all tickets, newest first."""

from aiohttp import web

from faultbox_dashboard.keys import READER
from faultbox_dashboard.respond import show

PAGE_ROWS = 50
LAST_PAGE = 2_000


async def show_tickets(request: web.Request) -> web.Response:
    """Show one page of the list; one row more is read to know whether another page follows."""
    number = request.query.get("page", "1")
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 1
    page = max(1, min(page, LAST_PAGE))
    reader = request.app[READER]
    rows = await reader.tickets(limit=PAGE_ROWS + 1, offset=(page - 1) * PAGE_ROWS)
    context = {
        "rows": rows[:PAGE_ROWS],
        "page": page,
        "more": len(rows) > PAGE_ROWS and page < LAST_PAGE,
        "overview": await reader.overview(),
    }
    return show(request, "tickets.html", context)
