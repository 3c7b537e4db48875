"""The Chinese catalogue: nothing is missing, nothing stayed English, nothing left over."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from faultbox_dashboard.text.language import CATALOGUES, Language
from faultbox_dashboard.text.words import (
    ORIGINS,
    SIGNATURE_STATES,
    STEPS,
    TICKET_STATES,
)

PACKAGE = CATALOGUES.parent
GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"
HOW = "take new strings into locale/zh_CN.po: see locale/babel.cfg"
KEYWORDS = {"_": None, "gettext": None, "gettext_noop": None, "ngettext": (1, 2)}
SAME_IN_BOTH = frozenset[str]()
"""Messages that read the same in Chinese; none so far."""


def extract() -> Iterator[str]:
    """Yield every message of code and templates; a template that does not parse is an error."""
    with (CATALOGUES / "babel.cfg").open(encoding="utf-8") as file:
        mapping = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]  # Babel has no types here
    method_map, options_map = mapping
    for _, _, message, _, _ in extract_from_dir(
        PACKAGE, method_map, options_map, keywords=KEYWORDS
    ):
        yield message[0] if isinstance(message, tuple) else message


def read_catalogue() -> Catalog:
    with (CATALOGUES / "zh_CN.po").open("rb") as file:
        return read_po(file, locale="zh_CN", abort_invalid=True)


def texts_of(message: Message) -> tuple[str, ...]:
    found = message.string or ""
    return (found,) if isinstance(found, str) else tuple(found)


USED = frozenset(extract())
CHINESE = {
    (message.id[0] if isinstance(message.id, tuple) else message.id): message
    for message in read_catalogue()
    if message.id
}


def test_extraction_sees_code_and_templates() -> None:
    assert {"Nothing needs you.", "Escalating", "%(sentence)s: %(message)s", "Phenomenon"} <= USED


def test_every_string_is_in_the_catalogue() -> None:
    assert sorted(USED - CHINESE.keys()) == [], HOW


def test_nothing_is_left_over() -> None:
    assert sorted(CHINESE.keys() - USED) == [], HOW


@pytest.mark.parametrize("source", sorted(CHINESE))
def test_a_message_is_translated(source: str) -> None:
    message = CHINESE[source]
    assert not message.fuzzy
    for text in texts_of(message):
        assert text, "empty"
        assert text not in message.id or source in SAME_IN_BOTH, "still English"
        assert re.search("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]", text), "no Chinese in it"
        wanted = set(re.findall(r"%\(\w+\)[sd]", source))
        assert set(re.findall(r"%\(\w+\)[sd]", text)) == wanted


def glossary_tables() -> Iterator[list[str]]:
    for line in GLOSSARY.read_text("utf-8").splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize(
    "table", [SIGNATURE_STATES, TICKET_STATES, ORIGINS], ids=["signature", "ticket", "origin"]
)
def test_stored_words_read_as_the_glossary_says(
    chinese: Language, english: Language, table: dict[str, str]
) -> None:
    documented = {row[0].strip("`"): row for row in glossary_tables()}
    for word, message in table.items():
        _, said_en, said_zh, *_ = documented[word]
        zh, en = chinese.gettext(message), english.gettext(message)
        if word == "resolved":  # the glossary names the version, which is not always known
            assert (zh, en) == ("已修复", "Resolved")
        else:
            assert said_zh.split("（")[0] == zh
            assert said_en.split(" (")[0] == en


def test_steps_read_as_the_glossary_says(chinese: Language) -> None:
    documented = {row[0]: row[1] for row in glossary_tables() if len(row) == 2}
    for step in STEPS:
        assert chinese.gettext(step) == documented[step]


def test_no_word_is_used_that_the_glossary_rules_out() -> None:
    banned = {"签名", "工单", "故障包", "挂起", "静默", "平息", "恶化", "回归", "升级", "新增"}
    for row in glossary_tables():
        if len(row) >= 3 and row[2] in banned:
            banned.add(row[2])
    for message in CHINESE.values():
        for text in texts_of(message):
            assert not any(word in text for word in banned)
