"""The form in a reader's words, and its agreement with docs/form.md."""

import json
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_collector.domain.form import FieldValue
from faultbox_dashboard.text.form import (
    FIELDS,
    FormRow,
    fill_form,
    fill_row,
    find_missing,
    write_value,
)
from faultbox_dashboard.text.language import Language, load_languages
from faultbox_dashboard.text.words import CHOICES
from support.fake_desk import make_fields

LANGUAGES = load_languages()

PAGE = Path(__file__).parents[2] / "docs" / "form.md"
SHANGHAI = ZoneInfo("Asia/Shanghai")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text("utf-8").splitlines()
    if re.match(r"\| \d+[●◇✚]", line)
]


def test_the_page_has_all_38_rows() -> None:
    assert [int(row[0][:-1]) for row in ROWS] == list(range(1, 39))


def test_names_and_order_are_those_of_the_page() -> None:
    documented = [name for row in ROWS for name in re.findall(r"`(\w+)`", row[1])]
    assert list(FIELDS) == documented


def test_labels_are_those_of_the_page(chinese: Language, english: Language) -> None:
    for row in ROWS:
        names = re.findall(r"`(\w+)`", row[1])
        for language, cell, separator in ((chinese, row[2], "/"), (english, row[3], ",")):
            labels = [part.strip().lower() for part in cell.split(separator)]
            shown = [language.gettext(FIELDS[name].label).lower() for name in names]
            for label, own in zip(labels, shown, strict=True):
                assert own in (
                    label,
                    label.replace("所属", ""),
                    f"{label} version",
                    "linked tickets",
                )


def test_choices_are_those_of_the_page() -> None:
    for row in ROWS:
        name = re.findall(r"`(\w+)`", row[1])[0]
        if name in CHOICES:
            assert list(CHOICES[name]) == re.findall(r"`(\w+)`", row[4])


def test_values_are_put_into_words(chinese: Language) -> None:
    rows = {
        row.name: row
        for _, rows in fill_form(make_fields("FB-1"), chinese, SHANGHAI)
        for row in rows
    }
    assert rows["problem_type"] == FormRow("problem_type", "问题类型", ("软件Bug",), "rule")
    assert rows["batch"].original == "B2409"
    assert rows["occurred_at"].lines == ("2026-11-22 09:05 +08:00",)
    assert rows["attachments"].lines[1] == "core.zst · 内存转储 · 1.1 MiB"


def test_only_filled_and_required_fields_are_shown(english: Language) -> None:
    sections = fill_form({"customer_wish": FieldValue(" ", "person")}, english, SHANGHAI)
    names = [row.name for _, rows in sections for row in rows]
    assert names == [
        "product_name",
        "serial",
        "app_version",
        "occurred_at",
        "place",
        "problem_class",
        "phenomenon",
    ]
    assert all(row.origin == "" for _, rows in sections for row in rows)


def test_either_version_will_do() -> None:
    base = {"problem_class": FieldValue("technical", "rule")}
    assert "app_version" in find_missing(base)
    assert "app_version" not in find_missing({**base, "system_version": FieldValue("5", "device")})


def test_a_service_ticket_needs_other_fields() -> None:
    assert find_missing({"problem_class": FieldValue("service", "person")}) == (
        "product_name",
        "service_description",
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("[]", "–"),
        ("no json", "no json"),
        ('{"name": 1}', '{"name": 1}'),
        ('[{"name": "a", "kind": "application/x-core", "bytes": 0}]', "a · application/x-core"),
        ('[{"redactions": true, "bytes": "x"}, 3, null]', "? · Other · 1 place redacted"),
        ("[" * 5000, "[" * 5000),
    ],
)
def test_odd_attachments_are_shown_as_far_as_they_make_sense(
    english: Language, value: str, shown: str
) -> None:
    assert write_value(FIELDS["attachments"], value, english, SHANGHAI)[0] == shown


def test_many_attachments_are_counted(english: Language) -> None:
    value = json.dumps([{"name": str(i), "kind": "log"} for i in range(70)])
    lines = write_value(FIELDS["attachments"], value, english, SHANGHAI)
    assert lines[-1] == "+6"
    assert len(lines) == 65


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.sampled_from(["name", "kind", "bytes", "redactions"]) | st.text(), inner
        )
    ),
    max_leaves=20,
)


@given(st.sampled_from(sorted(FIELDS)), st.text(max_size=200) | JSONISH.map(json.dumps))
def test_no_stored_value_breaks_the_form(name: str, value: str) -> None:
    for language in LANGUAGES.values():
        row = fill_row(FIELDS[name], FieldValue(value, "device", value + "!"), language, SHANGHAI)
        assert bool(row.origin) == bool(value.strip())
        assert row.label
