"""`/start`: the one line that makes an own program report, and the wait for its first bundle."""

import shlex

from aiohttp import web

from faultbox_collector.queries.records import Overview
from faultbox_dashboard.keys import READER, SETTINGS
from faultbox_dashboard.respond import show

EXAMPLE_PROGRAM = ("python3", "-c", "1/0")
OWN_PROGRAM = ("python3", "your_program.py")


async def show_start(request: web.Request) -> web.Response:
    """Show what to type, and what has arrived so far."""
    settings = request.app[SETTINGS]
    key = settings.first_key
    overview = await request.app[READER].overview()
    context = {
        "overview": overview,
        "seen": write_seen(overview),
        "has_key": key is not None,
        "product": settings.first_product,
        "own_line": write_line(settings.server_url, key, settings.first_product, OWN_PROGRAM),
        "example_line": write_line(
            settings.server_url, key, settings.first_product, EXAMPLE_PROGRAM
        ),
    }
    return show(request, "start.html", context)


async def show_arrival(request: web.Request) -> web.Response:
    """Show the part that waits; it asks again until there is a ticket to go to.

    Nothing is sent while nothing is new, so that a screen reader does not say the same again.
    """
    overview = await request.app[READER].overview()
    seen = write_seen(overview)
    if request.query.get("seen") == seen:
        return web.Response(status=204, headers={"Cache-Control": "no-store"})
    return show(request, "_arrival.html", {"overview": overview, "seen": seen})


def write_seen(overview: Overview) -> str:
    """Return what the waiting part shows, in short."""
    return f"{overview.bundles}-{overview.unreadable}-{overview.newest_ticket or ''}"


def write_line(server_url: str, key: str | None, product: str, program: tuple[str, ...]) -> str:
    """Return a shell line that runs a program under the agent's eyes."""
    command = ("faultbox-agent", "exec", "--product", product, "--", *program)
    shown_key = shlex.quote(key) if key else "KEY"
    return (
        f"FAULTBOX_SERVER={shlex.quote(server_url)} FAULTBOX_KEY={shown_key} {shlex.join(command)}"
    )
