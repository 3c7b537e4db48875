"""Lines of a ticket's history in the reader's language.

Notes are shown as their author wrote them. What the system did is told from its data; where the
data say nothing the stored text is shown.
"""

from faultbox_collector.queries.records import TicketEntry
from faultbox_dashboard.text.language import Language
from faultbox_dashboard.text.times import write_number
from faultbox_dashboard.text.words import TICKET_STATES, say

_MACHINES = frozenset({"device", "system"})


def write_entry(entry: TicketEntry, language: Language) -> str:
    """Return what happened, in a sentence."""
    data = entry.data
    if entry.kind == "opened" and entry.actor in _MACHINES:
        return language.gettext("Opened automatically from a device's report.")
    count = data.get("devices")
    if entry.kind == "devices" and isinstance(count, int) and not isinstance(count, bool):
        text = language.ngettext(
            "%(count)s device is affected now.", "%(count)s devices are affected now.", count
        )
        return text % {"count": write_number(count, language)}
    if entry.kind == "version" and isinstance(data.get("version"), str):
        text = language.gettext("Seen for the first time in version %(version)s.")
        return text % {"version": data["version"]}
    if entry.kind == "state" and isinstance(data.get("to"), str):
        after = say(TICKET_STATES, str(data["to"]), language)
        if isinstance(data.get("from"), str):
            before = say(TICKET_STATES, str(data["from"]), language)
            return language.gettext("State: %(before)s → %(after)s") % {
                "before": before,
                "after": after,
            }
        return language.gettext("State: %(state)s") % {"state": after}
    return entry.text
