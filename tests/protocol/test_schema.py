"""Head and evidence, version 1: what a reader takes, what it refuses, and with which word."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings

from faultbox_protocol import limits, schema
from faultbox_protocol.errors import Invalid
from faultbox_protocol.report import Evidence, Head, Plain
from faultbox_protocol.words import ClockQuality, FaultKind, Place, Severity
from support.strategies import evidences, heads

ID = bytes(range(16))


def a_map(**more: Plain) -> dict[str, Plain]:
    return {"v": 1, "id": ID, "kind": "crash", "prod": {"name": "p"}, **more}


def read(**more: Plain) -> Head:
    return schema.head_from_map(a_map(**more))


def refusal(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(Invalid) as caught:
        call()
    return caught.value.reason, caught.value.detail


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(heads())
def test_a_head_comes_back_as_it_was(head: Head) -> None:
    assert schema.head_from_map(schema.head_to_map(head)) == head


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(evidences())
def test_evidence_comes_back_as_it_was(evidence: Evidence) -> None:
    assert schema.evidence_from_map(schema.evidence_to_map(evidence)) == evidence


def test_four_fields_are_enough() -> None:
    head = read()
    assert (head.v, head.id, head.kind, head.prod.name, head.n) == (1, ID, "crash", "p", 1)
    assert head.err is None
    assert head.unknown == ()


@pytest.mark.parametrize("field", ["v", "id", "kind", "prod"])
@pytest.mark.parametrize("nil", [True, False])
def test_a_missing_field_is_named(field: str, nil: bool) -> None:
    source = a_map()
    if nil:
        source[field] = None
    else:
        del source[field]
    assert refusal(lambda: schema.head_from_map(source)) == ("missing_field", field)


def test_an_id_may_be_hex() -> None:
    assert read(id=ID.hex()).id == ID
    assert read(of=ID.hex().upper()).of == ID


def test_unknown_names_are_listed_and_otherwise_left_alone() -> None:
    assert read(zebra=1, ape=[{"deep": 1}]).unknown == ("ape", "zebra")


def test_unknown_words_read_as_other() -> None:
    head = read(kind="meltdown", sev="doom", clk="sundial", where={"env": "moon"})
    assert head.kind is FaultKind.OTHER
    assert head.sev is Severity.OTHER
    assert head.clk is ClockQuality.OTHER
    assert head.where is not None
    assert head.where.env is Place.OTHER


@pytest.mark.parametrize("version", [0, 2, 99])
def test_another_version_is_refused(version: int) -> None:
    assert refusal(lambda: read(v=version))[0] == "unknown_version"


def test_an_unknown_demand_is_refused() -> None:
    assert refusal(lambda: read(crit=["telepathy"])) == ("unknown_crit", "telepathy")
    assert read(crit=[]).crit == ()


FRAME: dict[str, Plain] = {"fn": "main"}


@pytest.mark.parametrize(
    ("more", "reason", "field"),
    [
        ({"v": "1"}, "bad_field", "v"),
        ({"v": True}, "bad_field", "v"),
        ({"id": b"short"}, "bad_field", "id"),
        ({"id": "zz" * 16}, "bad_field", "id"),
        ({"id": "ab" * 15}, "bad_field", "id"),
        ({"id": 5}, "bad_field", "id"),
        ({"kind": 1}, "bad_field", "kind"),
        ({"kind": "x" * 65}, "field_too_long", "kind"),
        ({"prod": []}, "bad_field", "prod"),
        ({"prod": {}}, "missing_field", "prod.name"),
        ({"prod": {"name": ""}}, "missing_field", "prod.name"),
        ({"prod": {"name": "p", "fw": 3}}, "bad_field", "prod.fw"),
        ({"prod": {"name": "p" * 257}}, "field_too_long", "prod.name"),
        ({"seq": -1}, "bad_field", "seq"),
        ({"seq": 1.0}, "bad_field", "seq"),
        ({"n": 0}, "bad_field", "n"),
        ({"n": 2**31 + 1}, "bad_field", "n"),
        ({"boot": "b" * 37}, "field_too_long", "boot"),
        ({"err": {"sig_no": 256}}, "bad_field", "err.sig_no"),
        ({"err": {"msg": "x" * 8193}}, "field_too_long", "err.msg"),
        ({"err": {"text": "x" * 32769}}, "field_too_long", "err.text"),
        ({"err": {"frames": {}}}, "bad_field", "err.frames"),
        ({"err": {"frames": [1]}}, "bad_field", "err.frames"),
        ({"err": {"frames": [FRAME] * 129}}, "field_too_long", "err.frames"),
        ({"err": {"frames": [FRAME, {"fn": 1}]}}, "bad_field", "err.frames[1].fn"),
        ({"err": {"frames": [{"app": 1}]}}, "bad_field", "err.frames[0].app"),
        ({"err": {"frames": [{"file": "x" * 1025}]}}, "field_too_long", "err.frames[0].file"),
        ({"err": {"causes": [{"type": "E"}] * 17}}, "field_too_long", "err.causes"),
        ({"err": {"causes": [{}]}}, "missing_field", "err.causes[0].type"),
        (
            {"err": {"causes": [{"type": "E", "frames": [{"line": -1}]}]}},
            "bad_field",
            "err.causes[0].frames[0].line",
        ),
        ({"fp": {"alg": 1}}, "missing_field", "fp.sig"),
        ({"fp": {"alg": 1, "sig": "a", "parts": [1]}}, "bad_field", "fp.parts"),
        ({"fp": {"alg": 1, "sig": "a", "parts": ["x" * 1025]}}, "field_too_long", "fp.parts"),
        ({"fp": {"alg": 1, "sig": "a", "parts": ["x"] * 17}}, "field_too_long", "fp.parts"),
        ({"att": [{"name": "a"}]}, "missing_field", "att[0].ctype"),
        ({"form": {"phenomenon": 1}}, "bad_field", "form"),
        ({"form": {"phenomenon": "x" * 8193}}, "field_too_long", "form"),
        ({"form": {str(n): "" for n in range(65)}}, "field_too_long", "form"),
        ({"drops": {"rate": -1}}, "bad_field", "drops"),
        ({"drops": [1]}, "bad_field", "drops"),
        ({"scrub": {"v": 1}}, "missing_field", "scrub.hits"),
        ({"crit": "x"}, "bad_field", "crit"),
        ({"crit": ["x"] * 17}, "field_too_long", "crit"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    more: dict[str, Plain], reason: str, field: str
) -> None:
    found, detail = refusal(lambda: schema.head_from_map({**a_map(), **more}))
    assert (found, detail.split(":")[0]) == (reason, field)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ({"log": {}}, "bad_field"),
        ({"log": [1]}, "bad_field"),
        ({"log": [[0, "info", "u"]]}, "bad_field"),
        ({"log": [[0, "info", "u", 1]]}, "bad_field"),
        ({"log": [["0", "info", "u", "t"]]}, "bad_field"),
        ({"log": [[True, "info", "u", "t"]]}, "bad_field"),
        ({"log": [[0, 1, "u", "t"]]}, "bad_field"),
        ({"log": [[0, "i" * 17, "u", "t"]]}, "bad_field"),
        ({"log": [[0, "info", "u" * 257, "t"]]}, "bad_field"),
        ({"log": [[0, "info", "u", "x" * 4097]]}, "field_too_long"),
        ({"log": [[0, None, None, ""]] * 2001}, "field_too_long"),
        ({"sys": {"procs": [{}] * 21}}, "field_too_long"),
        ({"sys": {"procs": 5}}, "bad_field"),
        ({"sys": {str(n): n for n in range(65)}}, "field_too_long"),
        ({"crumbs": [1]}, "bad_field"),
        ({"crumbs": [{}] * 101}, "field_too_long"),
        ({"x": {"deep": [1]}}, "bad_field"),
        ({"x": {"bytes": b"1"}}, "bad_field"),
    ],
)
def test_broken_evidence_is_refused(source: dict[str, Plain], reason: str) -> None:
    assert refusal(lambda: schema.evidence_from_map(source))[0] == reason


def test_a_log_line_without_a_time_and_a_source_is_taken() -> None:
    evidence = schema.evidence_from_map({"log": [[None, None, None, "only text"]]})
    assert evidence.log[0].text == "only text"
    assert schema.evidence_from_map({"sys": {"procs": [{"pid": 1}]}}).sys["procs"] == [{"pid": 1}]


def test_a_value_that_no_report_can_hold_is_an_error_of_the_writer() -> None:
    with pytest.raises(TypeError, match="set"):
        schema.evidence_to_map(Evidence(x={"a": {1}}))  # type: ignore[dict-item]


def test_limits_agree_with_each_other() -> None:
    assert limits.LOG_LINES <= limits.ARRAY_ITEMS
    assert limits.FRAMES * (limits.CAUSES + 1) * 8 <= limits.NODES
    assert limits.EXTRA_KEYS <= limits.MAP_ITEMS
