"""The feedback form as a reader sees it: fields in the order of the paper, values in words.

Machine names, order and required fields are those of docs/form.md; a test compares the two.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

from faultbox_collector.domain.form import FieldValue
from faultbox_dashboard.text.language import Language, gettext_noop
from faultbox_dashboard.text.times import write_bytes, write_time
from faultbox_dashboard.text.words import CHOICES, say

ATTACHMENTS = 64
"""As many attachments are listed; the rest is counted."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of the paper form."""

    name: str
    label: str
    kind: str = "text"
    """text, choice, time, files, or long: over the whole width, line breaks kept."""


@dataclass(frozen=True, slots=True)
class FormRow:
    """One field as shown; `origin` is empty for a required field that nobody filled in."""

    name: str
    label: str
    lines: tuple[str, ...] = ()
    origin: str = ""
    original: str | None = None
    wide: bool = False


SECTIONS: tuple[tuple[str, tuple[FormField, ...]], ...] = (
    (
        gettext_noop("Basics"),
        (
            FormField("number", gettext_noop("Ticket number")),
            FormField("submitted_at", gettext_noop("Submitted at"), "time"),
            FormField("submitter", gettext_noop("Submitter"), "choice"),
            FormField("staff_id", gettext_noop("Staff id")),
            FormField("extension", gettext_noop("Extension")),
        ),
    ),
    (
        gettext_noop("Product"),
        (
            FormField("product_name", gettext_noop("Product name")),
            FormField("product_model", gettext_noop("Model")),
            FormField("serial", gettext_noop("Serial")),
            FormField("batch", gettext_noop("Batch")),
            FormField("system_version", gettext_noop("System version")),
            FormField("app_version", gettext_noop("App version")),
            FormField("hardware_version", gettext_noop("Hardware version")),
            FormField("occurred_at", gettext_noop("Occurred at"), "time"),
            FormField("place", gettext_noop("Place"), "choice"),
        ),
    ),
    (
        gettext_noop("Description"),
        (
            FormField("problem_class", gettext_noop("Class"), "choice"),
            FormField("problem_type", gettext_noop("Type"), "choice"),
            FormField("error_code", gettext_noop("Error code")),
            FormField("phenomenon", gettext_noop("Phenomenon"), "long"),
            FormField("reproduction_steps", gettext_noop("Steps to reproduce"), "long"),
            FormField("service_description", gettext_noop("Service description"), "long"),
            FormField("customer_wish", gettext_noop("Customer's wish"), "long"),
            FormField("usage_scenario", gettext_noop("Usage scenario"), "long"),
            FormField("attachments", gettext_noop("Attachments"), "files"),
        ),
    ),
    (
        gettext_noop("Handling"),
        (
            FormField("received_by", gettext_noop("Received by")),
            FormField("received_at", gettext_noop("Received at"), "time"),
            FormField("team", gettext_noop("Team")),
            FormField("severity", gettext_noop("Severity"), "choice"),
            FormField("progress", gettext_noop("Progress"), "long"),
            FormField("cause", gettext_noop("Cause"), "long"),
            FormField("solution", gettext_noop("Solution"), "long"),
            FormField("spare_parts", gettext_noop("Spare parts"), "long"),
            FormField("planned_finish", gettext_noop("Planned finish"), "time"),
            FormField("finished_at", gettext_noop("Finished at"), "time"),
            FormField("fixed_in", gettext_noop("Fixed in version")),
            FormField("result", gettext_noop("Result"), "long"),
            FormField("verified_by", gettext_noop("Verified by")),
        ),
    ),
    (
        gettext_noop("Confirmation and filing"),
        (
            FormField("confirmation", gettext_noop("Customer confirmation")),
            FormField("satisfaction", gettext_noop("Satisfaction")),
            FormField("prevention", gettext_noop("Prevention"), "long"),
            FormField("closed_by", gettext_noop("Closed by")),
            FormField("closed_at", gettext_noop("Closed at"), "time"),
            FormField("case_number", gettext_noop("Case number")),
            FormField("source", gettext_noop("Source"), "choice"),
            FormField("signature", gettext_noop("Signature")),
            FormField("links", gettext_noop("Linked tickets")),
        ),
    ),
)
FIELDS: Mapping[str, FormField] = {field.name: field for _, fields in SECTIONS for field in fields}

_TECHNICAL = ("product_name", "serial", "app_version", "occurred_at", "place", "phenomenon")
_SERVICE = ("product_name", "service_description")


def find_missing(values: Mapping[str, FieldValue]) -> tuple[str, ...]:
    """Return the names of required fields that nobody has filled in, in the form's order.

    Either version will do, and `app_version` stands for both.
    """
    found = {name for name, value in values.items() if value.value.strip()}
    if "system_version" in found:
        found.add("app_version")
    if "problem_class" not in found:
        return ("problem_class", *(name for name in _TECHNICAL if name not in found))
    required = _SERVICE if values["problem_class"].value == "service" else _TECHNICAL
    return tuple(name for name in required if name not in found)


def label_missing(name: str, language: Language) -> str:
    """Return what to call a missing field."""
    if name == "app_version":
        return language.gettext("System or app version")
    return language.gettext(FIELDS[name].label)


def fill_form(
    values: Mapping[str, FieldValue], language: Language, zone: tzinfo
) -> tuple[tuple[str, tuple[FormRow, ...]], ...]:
    """Return the sections that have something to show: title, rows in the form's order."""
    missing = frozenset(find_missing(values))
    sections = []
    for title, fields in SECTIONS:
        rows = tuple(
            fill_row(field, values.get(field.name), language, zone)
            for field in fields
            if field.name in missing or (field.name in values and values[field.name].value.strip())
        )
        if rows:
            sections.append((language.gettext(title), rows))
    return tuple(sections)


def fill_row(
    field: FormField, value: FieldValue | None, language: Language, zone: tzinfo
) -> FormRow:
    """Return one field in words; without a value, as one that must still be filled."""
    wide = field.kind in ("long", "files")
    if value is None or not value.value.strip():
        return FormRow(field.name, label_missing(field.name, language), wide=wide)
    lines = write_value(field, value.value, language, zone)
    original = None
    if value.original is not None and value.original != value.value:
        original = " / ".join(write_value(field, value.original, language, zone))
    return FormRow(
        field.name, language.gettext(field.label), lines, value.origin, original, wide=wide
    )


def write_value(field: FormField, value: str, language: Language, zone: tzinfo) -> tuple[str, ...]:
    """Return a stored value in words, one or more lines; unreadable values as they are."""
    if field.kind == "choice":
        return (say(CHOICES[field.name], value, language),)
    if field.kind == "time":
        if value.isascii() and value.isdigit() and len(value) <= 16:
            return (write_time(int(value), zone, offset=field.name == "occurred_at"),)
        return (value,)
    if field.kind == "files":
        return _write_files(value, language)
    return tuple(value.splitlines()) if field.kind == "long" else (value,)


def _write_files(value: str, language: Language) -> tuple[str, ...]:
    try:
        files = json.loads(value)
    except (ValueError, RecursionError):
        return (value,)
    if not isinstance(files, list):
        return (value,)
    lines = [_write_file(file, language) for file in files[:ATTACHMENTS] if isinstance(file, dict)]
    if len(files) > ATTACHMENTS:
        lines.append(f"+{len(files) - ATTACHMENTS}")
    return tuple(lines) or ("–",)


def _write_file(file: Mapping[str, object], language: Language) -> str:
    parts = [
        str(file.get("name", "?")),
        say(CHOICES["attachment"], str(file.get("kind", "other")), language),
    ]
    size_bytes, redactions = file.get("bytes"), file.get("redactions")
    if isinstance(size_bytes, int) and size_bytes > 0:
        parts.append(write_bytes(size_bytes))
    if isinstance(redactions, int) and redactions > 0:
        text = language.ngettext(
            "%(count)d place redacted", "%(count)d places redacted", redactions
        )
        parts.append(text % {"count": redactions})
    return " · ".join(parts)
