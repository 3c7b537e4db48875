"""Stored words in the reader's language: states, choices of the form, kinds of things.

The Chinese is that of docs/glossary.md. A word that is not in its table is shown as stored.
"""

from collections.abc import Mapping

from faultbox_dashboard.text.language import Language, gettext_noop

SIGNATURE_STATES: Mapping[str, str] = {
    "escalating": gettext_noop("Escalating"),
    "regressed": gettext_noop("Regressed"),
    "new": gettext_noop("New"),
    "open": gettext_noop("Open"),
    "resolved": gettext_noop("Resolved"),
    "muted": gettext_noop("Muted"),
}
"""In the order of urgency in which the list is sorted and the filter offers them."""

TICKET_STATES: Mapping[str, str] = {
    "draft": gettext_noop("Draft"),
    "needs_info": gettext_noop("Needs info"),
    "submitted": gettext_noop("Submitted"),
    "dispatched": gettext_noop("Dispatched"),
    "in_progress": gettext_noop("In progress"),
    "pending": gettext_noop("Pending"),
    "awaiting_confirmation": gettext_noop("Awaiting confirmation"),
    "closed": gettext_noop("Closed"),
    "filed": gettext_noop("Filed"),
    "invalid": gettext_noop("Invalid"),
    "merged": gettext_noop("Merged"),
}
ENDED_TICKET_STATES = frozenset({"closed", "filed", "invalid", "merged"})

STEPS = (
    gettext_noop("First record"),
    gettext_noop("Completion"),
    gettext_noop("Submission and dispatch"),
    gettext_noop("Progress updates"),
    gettext_noop("Confirmation and filing"),
)
_STEP_OF_STATE = {
    "draft": 0,
    "needs_info": 1,
    "submitted": 2,
    "dispatched": 3,
    "in_progress": 3,
    "pending": 3,
    "awaiting_confirmation": 4,
    "closed": 4,
    "filed": 5,
}

ORIGINS: Mapping[str, str] = {
    "device": gettext_noop("Auto"),
    "rule": gettext_noop("Rule"),
    "person": gettext_noop("Manual"),
}
ORIGIN_MEANINGS: Mapping[str, str] = {
    "device": gettext_noop("Filled in from the device's report"),
    "rule": gettext_noop("Derived by a rule"),
    "person": gettext_noop("Entered by a person"),
}

ACTORS: Mapping[str, str] = {
    "device": gettext_noop("Device"),
    "system": gettext_noop("System"),
}

CLOCKS: Mapping[str, str] = {
    "monotonic": gettext_noop("time from the device's running clock"),
    "synced": gettext_noop("time from the device's synchronised clock"),
    "received": gettext_noop("device clock unusable: happened at or before this time"),
}

MISSING_EVIDENCE: Mapping[str, str] = {
    "pack_missing": gettext_noop("The stored report could not be found."),
    "truncated": gettext_noop("The evidence was cut off on its way."),
}

UNREADABLE: Mapping[str, str] = {
    "deadly": gettext_noop("The server ended each time it worked on this bundle."),
    "id_reused": gettext_noop("Another bundle with the same id had come before."),
    "undigestible": gettext_noop("A step failed on it, or the database refused it."),
    "unknown_version": gettext_noop("Its format is newer than this server."),
    "unknown_crit": gettext_noop("Its format is newer than this server."),
}
"""Why a bundle was set aside."""
UNREADABLE_OTHERWISE = gettext_noop("Its bytes are damaged.")

CHOICES: Mapping[str, Mapping[str, str]] = {
    "submitter": {
        "device": gettext_noop("Device (automatic)"),
        "customer": gettext_noop("Customer"),
        "service": gettext_noop("Service representative"),
        "engineer": gettext_noop("Engineer"),
        "other": gettext_noop("Other"),
    },
    "place": {
        "customer_site": gettext_noop("Customer site"),
        "test": gettext_noop("Test environment"),
        "production": gettext_noop("Production server"),
        "other": gettext_noop("Other"),
    },
    "problem_class": {
        "technical": gettext_noop("Technical fault"),
        "service": gettext_noop("Service experience"),
    },
    "problem_type": {
        "hardware": gettext_noop("Hardware fault"),
        "software": gettext_noop("Software bug"),
        "operation": gettext_noop("Operation"),
        "suggestion": gettext_noop("Suggestion"),
        "other": gettext_noop("Other"),
    },
    "severity": {
        "fatal": gettext_noop("Fatal"),
        "serious": gettext_noop("Serious"),
        "normal": gettext_noop("Normal"),
        "minor": gettext_noop("Minor"),
    },
    "source": {
        "auto": gettext_noop("Automatic report"),
        "phone": gettext_noop("Telephone"),
        "portal": gettext_noop("Customer page"),
        "import": gettext_noop("Import"),
    },
    "attachment": {
        "log": gettext_noop("Log file"),
        "screenshot": gettext_noop("Screenshot"),
        "video": gettext_noop("Video"),
        "core": gettext_noop("Memory dump"),
        "state": gettext_noop("Device state"),
        "report": gettext_noop("Test report"),
        "other": gettext_noop("Other"),
    },
}


def say(table: Mapping[str, str], word: str, language: Language) -> str:
    """Return a stored word in the reader's language, or the word itself when it is unknown."""
    return language.gettext(table[word]) if word in table else word


def step_progress(state: str) -> tuple[tuple[str, str], ...]:
    """Return the five steps, each with `done`, `now`, `todo`, or `off` for a ticket set aside."""
    if state not in _STEP_OF_STATE:
        return tuple((step, "off") for step in STEPS)
    now = _STEP_OF_STATE[state]
    marks = ("done" if i < now else "now" if i == now else "todo" for i in range(len(STEPS)))
    return tuple(zip(STEPS, marks, strict=True))
