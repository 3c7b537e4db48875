"""The title of a fault: one sentence in the reader's language, made from its facts.

Support reads this line first; the technical line below it is the same in every language. The
sentence is the collector's own, the one that also stands in the form: title and phenomenon are
on one page. Where a sentence says only that something was reported, the words come behind it.
"""

from faultbox_collector.domain.facts import Facts
from faultbox_collector.domain.sentences import describe_fault
from faultbox_dashboard.text.language import Language

MESSAGE_CHARS = 80
_WITH_MESSAGE = frozenset({"error", "anomaly", "feedback"})


def write_title(facts: Facts, language: Language) -> str:
    """Return the title sentence, as 程序 worker 崩溃（段错误）."""
    sentence = describe_fault(facts, language.tag)
    message = " ".join((facts.message or "").split())
    says_why = facts.code or facts.signal or facts.type
    if not message or says_why or facts.kind not in _WITH_MESSAGE:
        return sentence
    shown = message if len(message) <= MESSAGE_CHARS else message[: MESSAGE_CHARS - 1] + "…"
    return language.gettext("%(sentence)s: %(message)s") % {
        "sentence": sentence,
        "message": shown,
    }
