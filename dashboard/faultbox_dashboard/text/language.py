"""A language that the screens speak: its tag, its Babel locale and its catalogue.

The source strings are English. Catalogues are `.po` files, compiled in memory when the server
starts, so that no compiled file can be older than its source.
"""

import io
from dataclasses import dataclass
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

CATALOGUES = Path(__file__).parent.parent / "locale"


@dataclass(frozen=True, slots=True)
class Language:
    """One language; `tag` is what browsers and people's settings call it."""

    tag: str
    name: str
    """In its own words, for the switch."""
    locale: Locale
    catalogue: NullTranslations

    def gettext(self, message: str) -> str:
        """Return the message in this language."""
        return str(self.catalogue.gettext(message))

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Return the form of a message that fits `count`."""
        return str(self.catalogue.ngettext(singular, plural, count))


def gettext_noop(message: str) -> str:
    """Mark a message of a table for the catalogue; it is translated where it is shown."""
    return message


def load_languages() -> dict[str, Language]:
    """Return the languages by tag, compiling their catalogues."""
    with (CATALOGUES / "zh_CN.po").open("rb") as file:
        catalogue = read_po(file, locale="zh_CN")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    chinese = Language("zh-CN", "中文", Locale("zh", "CN", "Hans"), Translations(compiled))
    english = Language("en", "English", Locale("en"), NullTranslations())
    return {chinese.tag: chinese, english.tag: english}


def choose_language(
    languages: dict[str, Language], chosen: str | None, accepted: str, default: str
) -> Language:
    """Return the chosen language, else the first of Accept-Language we speak, else the default."""
    if chosen in languages:
        return languages[chosen]
    for wish in accepted[:200].split(","):
        primary = wish.split(";")[0].strip().lower().split("-")[0]
        for language in languages.values():
            if language.tag.split("-")[0] == primary:
                return language
    return languages.get(default, languages["en"])
