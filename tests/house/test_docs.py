"""What the pages promise is what the code has: reasons, settings, decisions, the changelog."""

import re
from pathlib import Path

import pytest

from faultbox_agent import __version__
from faultbox_collector.web.problems import WEB_REASONS
from faultbox_protocol.errors import REASONS

ROOT = Path(__file__).resolve().parents[2]
PAGES = {path.name: path.read_text() for path in (ROOT / "docs").glob("*.md")}
OWN = ("protocol", "agent", "collector", "dashboard")
SOURCES = [path for name in OWN for path in sorted((ROOT / name).rglob("*.py"))]
VARIABLES = sorted(
    {
        name
        for path in SOURCES
        for name in re.findall(r"FAULTBOX_[A-Z]+(?:_[A-Z]+)*", path.read_text())
    }
)
DECISIONS = sorted((ROOT / "docs" / "adr").glob("*.md"))
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("reason", sorted({**REASONS, **WEB_REASONS}))
def test_every_reason_word_is_in_the_specification(reason: str) -> None:
    assert f"`{reason}`" in PAGES["protocol.md"]


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_environment_variable_is_in_the_settings(variable: str) -> None:
    assert f"`{variable}`" in PAGES["settings.md"]


def test_decisions_are_numbered_without_a_gap_and_have_every_part() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(len(DECISIONS)))
    for path in DECISIONS:
        text = path.read_text()
        assert text.startswith(f"# {path.name[:4]}. ")
        assert re.search(r"^Status: (template|accepted|replaced by \d{4})$", text, re.MULTILINE)
        parts = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert parts == ["Context", "Drivers", "Options", "Outcome", "Consequences"]


def test_the_changelog_has_the_current_version_and_room_for_the_next() -> None:
    versions = re.findall(r"^## \[([^]]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[:2] == ["Unreleased", __version__]


@pytest.mark.parametrize(
    "page",
    [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))],
    ids=lambda path: path.name,
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_flow_in_the_architecture_names_files_that_exist() -> None:
    named = re.findall(
        r"`((?:protocol|agent|collector|dashboard)/[\w/]+\.py)`", PAGES["architecture.md"]
    )
    assert len(set(named)) > 20
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_import_contract_is_told_in_words() -> None:
    names = re.findall(r"^name = (.+)$", (ROOT / ".importlinter").read_text(), re.MULTILINE)
    assert [name for name in names if name not in PAGES["architecture.md"]] == []


def test_the_readme_begins_with_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    first = readme.split("```")[1].split()
    assert first[:2] == ["make", "demo"]
    assert "make test" in readme.split("```")[1]


def test_make_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony is not None
    for target in phony[1].split():
        assert re.search(rf"^{target}:.*## \w", makefile, re.MULTILINE), target
