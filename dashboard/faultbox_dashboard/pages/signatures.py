"""`/signatures`: the list of signatures, narrowed by state, product and words."""

from urllib.parse import urlencode

from aiohttp import web

from faultbox_collector.queries.records import SignatureFilter
from faultbox_dashboard.keys import READER
from faultbox_dashboard.respond import is_fragment, show
from faultbox_dashboard.text.words import SIGNATURE_STATES

PAGE_ROWS = 50
LAST_PAGE = 2_000
WORDS_CHARS = 200
PRODUCT_CHARS = 256


async def show_signatures(request: web.Request) -> web.Response:
    """Show one page of the list; as a fragment for a filter that was changed in the browser."""
    wanted, page = read_filter(request)
    reader = request.app[READER]
    found = await reader.signatures(wanted, limit=PAGE_ROWS, offset=(page - 1) * PAGE_ROWS)
    last_page = min(LAST_PAGE, max(1, -(-found.total // PAGE_ROWS)))
    if page > last_page:
        page = last_page
        found = await reader.signatures(wanted, limit=PAGE_ROWS, offset=(page - 1) * PAGE_ROWS)
    context = {
        "found": found,
        "overview": await reader.overview(),
        "wanted": wanted,
        "narrowed": wanted != SignatureFilter(),
        "states": SIGNATURE_STATES,
        "page": page,
        "last_page": last_page,
        "first_row": (page - 1) * PAGE_ROWS + 1,
        "address": lambda number: write_address(wanted, number),
        "here": write_address(wanted, page),
    }
    if is_fragment(request):
        headers = {"HX-Replace-Url": write_address(wanted, page)}
        return show(request, "_signatures.html", {**context, "swap": True}, headers=headers)
    return show(request, "signatures.html", {**context, "swap": False})


def read_filter(request: web.Request) -> tuple[SignatureFilter, int]:
    """Return what the address asks for; what cannot be meant is left out."""
    query = request.query
    states = frozenset(state for state in query.getall("state", []) if state in SIGNATURE_STATES)
    words = " ".join(query.get("q", "").split())[:WORDS_CHARS]
    product = query.get("product", "")[:PRODUCT_CHARS] or None
    number = query.get("page", "1")
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 1
    return SignatureFilter(states, product, words), max(1, min(page, LAST_PAGE))


def write_address(wanted: SignatureFilter, page: int = 1) -> str:
    """Return the address of a page of the narrowed list, without what is not narrowed."""
    query = [("state", state) for state in SIGNATURE_STATES if state in wanted.states]
    if wanted.product:
        query.append(("product", wanted.product))
    if wanted.words:
        query.append(("q", wanted.words))
    if page > 1:
        query.append(("page", str(page)))
    return f"/signatures?{urlencode(query)}" if query else "/signatures"
