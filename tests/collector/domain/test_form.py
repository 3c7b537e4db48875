"""Every field that a bundle can fill is filled, with its origin; what the device said stays."""

import json
from dataclasses import replace

import pytest

from faultbox_collector.domain.dating import Dated
from faultbox_collector.domain.facts import Facts
from faultbox_collector.domain.form import (
    FieldValue,
    fields_from_plain,
    fields_to_plain,
    fill_form,
)
from faultbox_protocol.report import Attachment, Evidence, Head, Product, Scrub, Where
from faultbox_protocol.words import FaultKind, Place, Severity
from support.builders import NOON_MS, a_head, a_log_line, an_evidence

RECEIVED = NOON_MS + 90_000
FACTS = Facts("crash", type="ValueError", function="sensor.read", message="bad reading")


def a_full_head() -> Head:
    """Return a head that fills everything."""
    return replace(
        a_head(),
        prod=Product(
            name="inspect-eye",
            model="IE-500",
            serial="SN-0001",
            batch="B2405",
            hw="rev-B2",
            fw="EdgeOS 3.2.1",
            app="1.4.0",
            build_id="a1b2c3",
        ),
        where=Where(env=Place.CUSTOMER_SITE, site="line 3", host="eye-17"),
        scrub=Scrub(v=1, hits=4),
        att=(Attachment("core.zst", "application/zstd", 12_345, "ab" * 32, i=0),),
    )


def fill(
    head: Head | None = None,
    evidence: Evidence | None = None,
    facts: Facts = FACTS,
    dated: Dated | None = None,
    language: str = "zh_CN",
) -> dict[str, FieldValue]:
    """Fill the form of a fault at noon."""
    return fill_form(
        head or a_full_head(),
        an_evidence() if evidence is None else evidence,
        facts,
        dated or Dated(NOON_MS, "synced"),
        RECEIVED,
        language,
    )


@pytest.mark.parametrize(
    ("name", "value", "origin"),
    [
        ("submitted_at", str(RECEIVED), "rule"),
        ("submitter", "device", "rule"),
        ("product_name", "inspect-eye", "device"),
        ("product_model", "IE-500", "device"),
        ("serial", "SN-0001", "device"),
        ("batch", "B2405", "device"),
        ("system_version", "EdgeOS 3.2.1", "device"),
        ("app_version", "1.4.0 (a1b2c3)", "device"),
        ("hardware_version", "rev-B2", "device"),
        ("occurred_at", str(NOON_MS), "device"),
        ("place", "customer_site", "device"),
        ("problem_class", "technical", "rule"),
        ("problem_type", "software", "rule"),
        ("severity", "serious", "rule"),
        ("source", "auto", "rule"),
        ("phenomenon", "程序异常：取值无效（ValueError），位置 sensor.read：bad reading", "rule"),
        ("reproduction_steps", "sensor read 0\nsensor read 1\nsensor read 2", "device"),
    ],
)
def test_a_full_head_fills_each_field_with_its_origin(name: str, value: str, origin: str) -> None:
    assert fill()[name] == FieldValue(value, origin)


def test_an_error_code_has_a_field_of_its_own_and_the_devices_words_are_the_phenomenon() -> None:
    facts = Facts("error", code="E-202", message="设备启动后报错代码E-202，无法进入系统")
    found = fill(replace(a_full_head(), kind=FaultKind.ERROR), facts=facts)
    assert found["error_code"] == FieldValue("E-202", "device")
    assert found["phenomenon"] == FieldValue("设备启动后报错代码E-202，无法进入系统", "device")


def test_the_phenomenon_in_english() -> None:
    expected = "Program exception: invalid value (ValueError), in sensor.read: bad reading"
    assert fill(language="en")["phenomenon"].value == expected


def test_attachments_are_listed_with_their_redactions() -> None:
    found = json.loads(fill()["attachments"].value)
    assert [(one["name"], one["kind"], one["redactions"]) for one in found] == [
        ("core.zst", "other", 0),
        ("log-tail.txt", "log", 4),
        ("system-state.json", "state", 0),
    ]
    assert found[0]["bytes"] == 12_345


def test_a_clock_that_contradicts_keeps_what_the_device_said() -> None:
    head = replace(a_full_head(), t_ms=86_400_000)
    found = fill(head, dated=Dated(NOON_MS, "monotonic"))["occurred_at"]
    assert found == FieldValue(str(NOON_MS), "device", original="86400000")


def test_a_time_nobody_knows_is_a_rule_and_says_what_the_device_said() -> None:
    head = replace(a_full_head(), t_ms=0)
    found = fill(head, dated=Dated(RECEIVED, "received"))["occurred_at"]
    assert found == FieldValue(str(RECEIVED), "rule", original="0")


def test_what_the_bundle_does_not_say_is_left_out() -> None:
    bare = replace(a_head(), prod=Product("inspect-eye"), where=None, sev=Severity.ERROR)
    found = fill(bare, Evidence(), Facts("crash"))
    assert {name for name, field in found.items() if field.origin == "device"} == {
        "product_name",
        "occurred_at",
    }


def test_the_last_lines_of_the_log_are_the_draft_of_the_steps() -> None:
    evidence = Evidence(log=tuple(a_log_line(f"line {n}") for n in range(100)))
    lines = fill(evidence=evidence)["reproduction_steps"].value.splitlines()
    assert lines == [f"line {n}" for n in range(80, 100)]


def test_a_long_message_is_cut() -> None:
    found = fill(facts=replace(FACTS, message="x" * 10_000))
    assert len(found["phenomenon"].value) == 500


def test_fields_read_back_from_the_store() -> None:
    fields = fill(dated=Dated(NOON_MS - 5_000, "monotonic"))
    assert fields["occurred_at"].original is not None
    assert fields_from_plain(json.loads(json.dumps(fields_to_plain(fields)))) == fields


@pytest.mark.parametrize(
    ("ctype", "kind"),
    [
        ("image/png", "screenshot"),
        ("video/mp4", "video"),
        ("text/x-python", "log"),
        ("application/zstd", "other"),
        ("<b>", "other"),
    ],
)
def test_a_file_is_one_of_the_forms_kinds(ctype: str, kind: str) -> None:
    head = replace(a_head(), att=(Attachment("f", ctype, 1, "0" * 64, i=0),))
    fields = fill_form(head, Evidence(), Facts("crash"), Dated(NOON_MS, "synced"), NOON_MS, "en")
    assert json.loads(fields["attachments"].value)[0]["kind"] == kind


def test_steps_end_where_the_traceback_begins() -> None:
    lines = ("start", "read sensor 7", "Traceback (most recent call last):", "  File …", "E: 1")
    evidence = Evidence(log=tuple(a_log_line(text) for text in lines))
    fields = fill_form(a_head(), evidence, Facts("crash"), Dated(NOON_MS, "synced"), NOON_MS, "en")
    assert fields["reproduction_steps"].value == "start\nread sensor 7"


def test_a_report_by_hand_comes_from_an_engineer() -> None:
    head = replace(a_head(), kind=FaultKind.FEEDBACK)
    fields = fill_form(head, Evidence(), Facts("feedback"), Dated(NOON_MS, "synced"), NOON_MS, "en")
    assert fields["submitter"].value == "engineer"
