"""Filling the feedback form from a bundle: every field that a device or a rule can fill.

Field names are those of `docs/form.md`. Each value keeps its origin: *device* (it was in the
bundle), *rule* (we derived it), later *person*. Choices are stored as words, times as Unix
milliseconds in decimal.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from faultbox_collector.domain.dating import Dated
from faultbox_collector.domain.facts import Facts
from faultbox_collector.domain.sentences import describe_fault
from faultbox_collector.domain.triage import guess_problem_type, guess_severity
from faultbox_protocol.report import Evidence, Head
from faultbox_protocol.words import FaultKind

_STEPS_LINES = 20
_TRACEBACK = "Traceback (most recent call last)"
_PHENOMENON_CHARS = 500


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One value of the feedback form with where it came from."""

    value: str
    origin: str
    """device, rule or person."""
    original: str | None = None
    """What the device said before a person changed it."""


def fill_form(
    head: Head,
    evidence: Evidence,
    facts: Facts,
    dated: Dated,
    received_ms: int,
    language: str,
) -> dict[str, FieldValue]:
    """Return the fields of the form that this bundle fills, in the order of the paper."""
    prod, where = head.prod, head.where
    device = {
        "product_name": prod.name,
        "product_model": prod.model,
        "serial": prod.serial,
        "batch": prod.batch,
        "system_version": prod.fw,
        "app_version": _app_version(head),
        "hardware_version": prod.hw,
        "place": str(where.env) if where and where.env else None,
        "error_code": facts.code,
        "reproduction_steps": _steps(evidence),
        "attachments": _attachments(head, evidence),
    }
    rule = {
        "submitted_at": str(received_ms),
        "submitter": "engineer" if head.kind is FaultKind.FEEDBACK else "device",
        "problem_class": "technical",
        "problem_type": guess_problem_type(head.kind, facts.signal),
        "severity": guess_severity(head.kind, head.sev),
        "source": "auto",
    }
    found = {name: FieldValue(value, "device") for name, value in device.items() if value}
    found.update({name: FieldValue(value, "rule") for name, value in rule.items()})
    found["occurred_at"] = _occurred(head, dated)
    found["phenomenon"] = _phenomenon(head, facts, language)
    return found


def fill_unreadable(
    product: str, received_ms: int, reason: str, size_bytes: int, place: str, language: str
) -> dict[str, FieldValue]:
    """Return the fields for a bundle that nobody can read: only its arrival is known."""
    sentence = describe_fault(Facts("unreadable"), language)
    detail = (
        f"{sentence}：原因 {reason}，{size_bytes} 字节，存放位置 {place}"
        if language.startswith("zh")
        else f"{sentence}: reason {reason}, {size_bytes} bytes, kept at {place}"
    )
    rule = {
        "submitted_at": str(received_ms),
        "submitter": "device",
        "product_name": product,
        "occurred_at": str(received_ms),
        "phenomenon": detail,
        "problem_class": "technical",
        "problem_type": "software",
        "severity": "normal",
        "source": "auto",
    }
    return {name: FieldValue(value, "rule") for name, value in rule.items()}


def fields_to_plain(fields: Mapping[str, FieldValue]) -> dict[str, dict[str, str]]:
    """Return the fields as the store keeps them."""
    return {
        name: {"value": field.value, "origin": field.origin}
        | ({} if field.original is None else {"original": field.original})
        for name, field in fields.items()
    }


def fields_from_plain(stored: Mapping[str, Mapping[str, str]]) -> dict[str, FieldValue]:
    """Return stored fields as values with origin."""
    return {
        name: FieldValue(field["value"], field["origin"], field.get("original"))
        for name, field in stored.items()
    }


def _app_version(head: Head) -> str | None:
    if head.prod.app and head.prod.build_id:
        return f"{head.prod.app} ({head.prod.build_id})"
    return head.prod.app or head.prod.build_id


def _occurred(head: Head, dated: Dated) -> FieldValue:
    """The corrected time; what the device's own clock said stays beside it where it differs."""
    said = head.t_ms
    original = str(said) if said is not None and abs(said - dated.at_ms) > 1000 else None
    return FieldValue(str(dated.at_ms), "rule" if dated.clock == "received" else "device", original)


def _phenomenon(head: Head, facts: Facts, language: str) -> FieldValue:
    """The device's own words where it has some, a sentence made of the facts otherwise."""
    message = (facts.message or "").strip()
    sentence = describe_fault(facts, language)
    if facts.code and message and head.kind.value in ("error", "anomaly"):
        return FieldValue(message[:_PHENOMENON_CHARS], "device")
    place = f"，位置 {facts.function}" if language.startswith("zh") else f", in {facts.function}"
    text = sentence + (place if facts.function else "")
    if message:
        text += ("：" if language.startswith("zh") else ": ") + message
    return FieldValue(text[:_PHENOMENON_CHARS], "rule")


def _steps(evidence: Evidence) -> str | None:
    """The last log lines before any traceback: what was done, not where it failed."""
    lines = [line.text for line in evidence.log]
    for at, line in enumerate(lines):
        if _TRACEBACK in line:
            lines = lines[:at]
            break
    return "\n".join(lines[-_STEPS_LINES:]) or None


def _attachments(head: Head, evidence: Evidence) -> str | None:
    redactions = head.scrub.hits if head.scrub else 0
    found: list[dict[str, str | int]] = [
        {"name": item.name, "kind": _kind(item.ctype), "bytes": item.raw_b, "redactions": 0}
        for item in head.att
    ]
    if evidence.log:
        size = sum(len(line.text.encode()) + 1 for line in evidence.log)
        found.append(
            {"name": "log-tail.txt", "kind": "log", "bytes": size, "redactions": redactions}
        )
    if evidence.sys:
        state = json.dumps(evidence.sys, default=str, ensure_ascii=False)
        found.append(
            {
                "name": "system-state.json",
                "kind": "state",
                "bytes": len(state.encode("utf-8", "replace")),
                "redactions": 0,
            }
        )
    return json.dumps(found, ensure_ascii=False) if found else None


def _kind(content_type: str) -> str:
    """The form's word for a file, as the device typed it: screenshot, video, log or other."""
    major = content_type.partition("/")[0]
    return {"image": "screenshot", "video": "video", "text": "log"}.get(major, "other")
