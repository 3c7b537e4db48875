"""Templates: one Jinja2 environment per language, escaping on, hidden characters made visible.

Everything a template prints passes through `finalize`, so no template can forget that its text
may come from a hostile device; a name that is not given is an error, not an empty string.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from faultbox_dashboard.assets import Assets
from faultbox_dashboard.charts.sparkline import draw_sparkline
from faultbox_dashboard.charts.versions import draw_share, draw_versions
from faultbox_dashboard.text.display import display
from faultbox_dashboard.text.language import Language
from faultbox_dashboard.text.times import write_bytes, write_number
from faultbox_dashboard.text.titles import write_title
from faultbox_dashboard.text.words import (
    ACTORS,
    CLOCKS,
    ORIGIN_MEANINGS,
    ORIGINS,
    SIGNATURE_STATES,
    TICKET_STATES,
    say,
)

TEMPLATES = Path(__file__).parent / "templates"
_TABLES: Mapping[str, Mapping[str, str]] = {
    "actor": ACTORS,
    "clock": CLOCKS,
    "origin": ORIGINS,
    "origin_meaning": ORIGIN_MEANINGS,
    "signature_state": SIGNATURE_STATES,
    "ticket_state": TICKET_STATES,
}


class Renderer:
    """Makes pages out of templates, in any of the languages."""

    def __init__(self, languages: Mapping[str, Language], assets: Assets) -> None:
        self._environments = {
            tag: _make_environment(language, languages, assets)
            for tag, language in languages.items()
        }

    def render(self, language: Language, template: str, context: Mapping[str, object]) -> str:
        """Return the page in the language."""
        return self._environments[language.tag].get_template(template).render(context)


def _make_environment(
    language: Language, languages: Mapping[str, Language], assets: Assets
) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        finalize=show_hidden,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
        language.gettext, language.ngettext, newstyle=True
    )
    environment.globals.update(
        language=language,
        languages=tuple(languages.values()),
        asset=assets.address,
    )
    environment.filters.update(
        number=lambda value: write_number(value, language),
        size=write_bytes,
        title_line=lambda facts: write_title(facts, language),
        sparkline=lambda trend: draw_sparkline(trend, language),
        version_bars=draw_versions,
        share_bar=draw_share,
    )
    for name, table in _TABLES.items():
        environment.filters[name] = _speak(table, language)
    return environment


def show_hidden(value: object) -> object:
    """Return what a template is about to print with its hidden characters made visible."""
    if value is None:
        return ""
    if isinstance(value, Markup):
        return Markup(display(value))  # noqa: S704 - escapes add only letters, digits, backslashes
    return display(value) if isinstance(value, str) else value


def _speak(table: Mapping[str, str], language: Language) -> Callable[[str], str]:
    return lambda word: say(table, word, language)
