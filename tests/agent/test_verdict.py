"""What an answer does to the bundles: the protocol's table, and everything that is not ours."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_agent.verdict import Answer, Fate, Wait, judge_answer
from faultbox_protocol.api import PROBLEM_PREFIX, PROBLEM_TYPE

A, B = b"\x01" * 16, b"\x02" * 16
ONE, TWO = {A: "aa" * 32}, {A: "aa" * 32, B: "bb" * 32}


def problem(status: int, reason: str, retry_after: str | None = None) -> Answer:
    body = json.dumps({"type": PROBLEM_PREFIX + reason, "status": status})
    return Answer(status, PROBLEM_TYPE + "; charset=utf-8", retry_after, body)


def receipts(status: int, **by_id: str) -> Answer:
    rows = [{"id": key, "sha256": value, "state": "stored"} for key, value in by_id.items()]
    return Answer(status, "application/json", None, json.dumps({"receipts": rows}))


@pytest.mark.parametrize("status", [200, 202])
def test_a_receipt_with_the_right_digest_delivers(status: int) -> None:
    verdict = judge_answer(receipts(status, **{A.hex(): "aa" * 32}), ONE)
    assert verdict.fates == {A: Fate.DELIVERED}
    assert verdict.wait is Wait.NOW


def test_a_receipt_with_another_digest_delivers_nothing() -> None:
    verdict = judge_answer(receipts(202, **{A.hex(): "ff" * 32}), ONE)
    assert verdict.fates == {}
    assert verdict.wait is Wait.BACKOFF


def test_bundles_without_a_receipt_are_kept() -> None:
    verdict = judge_answer(receipts(202, **{A.hex(): "aa" * 32}), TWO)
    assert verdict.fates == {A: Fate.DELIVERED}
    assert verdict.wait is Wait.BACKOFF


@pytest.mark.parametrize("status", [200, 202, 204, 302, 400, 401, 403, 404, 413, 415, 422, 500])
def test_a_middlebox_talking_changes_nothing(status: int) -> None:
    answer = Answer(status, "text/html", None, "<html>log in to the hotel network</html>")
    verdict = judge_answer(answer, ONE)
    assert verdict.fates == {}
    assert verdict.wait is Wait.BACKOFF


def test_a_foreign_problem_document_is_not_ours() -> None:
    body = json.dumps({"type": "about:blank", "status": 400})
    assert judge_answer(Answer(400, PROBLEM_TYPE, None, body), ONE).fates == {}


@pytest.mark.parametrize("status", [400, 415, 422])
def test_our_refusal_of_one_bundle_sets_it_aside(status: int) -> None:
    verdict = judge_answer(problem(status, "bad_field"), ONE)
    assert verdict.fates == {A: Fate.DEAD}
    assert verdict.reasons[A] == "bad_field"


def test_a_refused_batch_is_sent_in_smaller_ones_to_find_the_culprit() -> None:
    verdict = judge_answer(problem(400, "truncated"), TWO)
    assert verdict.fates == {}
    assert verdict.smaller_batch
    assert verdict.wait is Wait.NOW


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_keeps_everything(status: int) -> None:
    verdict = judge_answer(problem(status, "unknown_key"), ONE)
    assert verdict.fates == {}
    assert verdict.wait is Wait.KEY


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_trouble_that_passes_keeps_everything_and_heeds_retry_after(status: int) -> None:
    verdict = judge_answer(problem(status, "busy", "120"), ONE)
    assert verdict.fates == {}
    assert verdict.wait is Wait.BACKOFF
    assert verdict.retry_after_seconds == 120


def test_no_answer_at_all_backs_off() -> None:
    verdict = judge_answer(Answer(None, error="connection refused"), ONE)
    assert verdict.wait is Wait.BACKOFF
    assert "connection refused" in verdict.word


def test_in_flight_comes_again_after_a_second() -> None:
    assert judge_answer(problem(409, "in_flight"), ONE).wait is Wait.SECOND


def test_too_large_halves_a_batch_and_sheds_a_single_bundle() -> None:
    assert judge_answer(problem(413, "body_too_large"), TWO).smaller_batch
    assert judge_answer(problem(413, "head_too_large"), ONE).fates == {A: Fate.SHED}


def test_a_mixed_answer_settles_each_bundle() -> None:
    body = json.dumps(
        {
            "receipts": [{"id": A.hex(), "sha256": "aa" * 32, "state": "stored"}],
            "items": [
                {"index": 0, "id": A.hex(), "status": 202, "state": "stored", "reason": None},
                {"index": 1, "id": B.hex(), "status": 422, "state": "refused", "reason": "x"},
            ],
        }
    )
    verdict = judge_answer(Answer(207, "application/json", None, body), TWO)
    assert verdict.fates == {A: Fate.DELIVERED, B: Fate.DEAD}
    assert verdict.wait is Wait.NOW


def test_an_item_without_an_id_is_told_by_its_place() -> None:
    first = {"index": 0, "id": A.hex(), "status": 409, "reason": "in_flight"}
    second = {"index": 1, "id": None, "status": 400, "reason": "bad_crc"}
    body = json.dumps({"items": [first, second]})
    verdict = judge_answer(Answer(207, "application/json", None, body), TWO)
    assert verdict.fates == {B: Fate.DEAD}
    assert verdict.waits == {A: 1.0}
    assert verdict.wait is Wait.NOW


def test_a_place_says_nothing_where_the_items_are_not_those_sent() -> None:
    body = json.dumps({"items": [{"index": 1, "id": None, "status": 400, "reason": "bad_crc"}]})
    verdict = judge_answer(Answer(207, "application/json", None, body), TWO)
    assert verdict.fates == {}
    assert verdict.wait is Wait.BACKOFF


def test_a_refusal_says_why_in_the_collectors_words() -> None:
    problem = {"type": PROBLEM_PREFIX + "product_mismatch", "detail": "the key is for 'EdgeBox'"}
    verdict = judge_answer(Answer(422, PROBLEM_TYPE, None, json.dumps(problem)), ONE)
    assert verdict.word == "422 product_mismatch: the key is for 'EdgeBox'"
    problem["detail"] = "\x1b[31mred"
    verdict = judge_answer(Answer(422, PROBLEM_TYPE, None, json.dumps(problem)), ONE)
    assert verdict.word == "422 product_mismatch"


def test_an_item_that_says_stored_must_show_the_digest() -> None:
    body = json.dumps({"items": [{"index": 0, "id": A.hex(), "status": 202}]})
    assert judge_answer(Answer(207, "application/json", None, body), ONE).fates == {}


def test_an_item_tells_nothing_by_its_place_where_another_is_out_of_place() -> None:
    items = [{"index": 0, "id": B.hex(), "status": 202}, {"index": 1, "status": 400, "reason": "x"}]
    verdict = judge_answer(Answer(207, "application/json", None, json.dumps({"items": items})), TWO)
    assert verdict.fates == {}


def items(*rows: tuple[bytes, int, str], retry_after: str | None = None) -> Answer:
    listed = [
        {"index": index, "id": bundle_id.hex(), "status": status, "reason": reason}
        for index, (bundle_id, status, reason) in enumerate(rows)
    ]
    return Answer(207, "application/json", retry_after, json.dumps({"items": listed}))


@pytest.mark.parametrize(
    ("status", "reason", "fate"),
    [
        (400, "bad_crc", Fate.DEAD),
        (415, "unknown_kind", Fate.DEAD),
        (415, "unknown_codec", Fate.UNPACK),
        (422, "id_reused", Fate.DEAD),
        (413, "head_too_large", Fate.SHED),
        (400, "", None),
        (401, "unknown_key", None),
        (404, "no_route", None),
        (409, "in_flight", None),
        (429, "rate", None),
        (500, "internal", None),
        (503, "busy", None),
    ],
)
def test_every_item_of_a_mixed_answer_by_its_status(
    status: int, reason: str, fate: Fate | None
) -> None:
    verdict = judge_answer(items((A, status, reason)), ONE)
    assert verdict.fates == ({A: fate} if fate else {})


def test_a_device_over_its_rate_keeps_that_bundle_and_the_others_go_on() -> None:
    body = {
        "receipts": [{"id": A.hex(), "sha256": "aa" * 32}],
        "items": [
            {"index": 0, "id": A.hex(), "status": 202},
            {"index": 1, "id": B.hex(), "status": 429, "reason": "rate"},
        ],
    }
    answer = Answer(207, "application/json", "40", json.dumps(body))
    verdict = judge_answer(answer, TWO)
    assert verdict.fates == {A: Fate.DELIVERED}
    assert verdict.waits == {B: 40.0}
    assert verdict.wait is Wait.NOW
    answer = Answer(207, "application/json", "9999999", json.dumps(body))
    assert judge_answer(answer, TWO).waits == {B: 86_400.0}, "a day is the longest"


def test_a_refused_item_without_a_time_backs_off() -> None:
    verdict = judge_answer(items((A, 429, "rate"), (B, 503, "busy")), TWO)
    assert (verdict.fates, verdict.waits, verdict.wait) == ({}, {}, Wait.BACKOFF)


def test_a_codec_that_the_collector_does_not_know_asks_for_plain_bytes() -> None:
    assert judge_answer(problem(415, "unknown_codec"), ONE).fates == {A: Fate.UNPACK}
    assert judge_answer(problem(415, "unknown_codec"), TWO).smaller_batch
    assert judge_answer(problem(415, "content_type"), ONE).fates == {A: Fate.DEAD}


DIGESTS = st.sampled_from(["aa" * 32, "bb" * 32, "ff" * 32, "AA" * 32, "", None, 5])
IDS = st.sampled_from([A.hex(), B.hex(), A.hex().upper(), "cc" * 16, "", None, 7])
STATUSES = st.sampled_from([None, 200, 202, 204, 207, 301, 400, 401, 403, 404, 405, 408, 409,
                            413, 415, 422, 429, 500, 502, 503, 504])  # fmt: skip
REASONS = st.sampled_from(["busy", "unknown_codec", "bad_crc", "", None])
LISTED = st.fixed_dictionaries({"id": IDS, "sha256": DIGESTS})
ITEM = st.fixed_dictionaries(
    {"id": IDS, "status": STATUSES, "reason": REASONS},
    optional={"index": st.integers(-1, 3), "sha256": DIGESTS},
)


@given(
    STATUSES,
    st.sampled_from([PROBLEM_TYPE, "application/json", "text/html"]),
    st.sampled_from([None, "0", "30", "x"]),
    st.sampled_from([PROBLEM_PREFIX + "busy", PROBLEM_PREFIX, "about:blank", None]),
    st.lists(LISTED, max_size=3),
    st.lists(ITEM, max_size=3),
)
def test_no_bundle_is_deleted_without_its_own_receipt_nor_given_up_without_our_word(
    status: int | None,
    content_type: str,
    retry_after: str | None,
    kind: str | None,
    listed: list[dict[str, object]],
    answered: list[dict[str, object]],
) -> None:
    body = json.dumps({"type": kind, "receipts": listed, "items": answered})
    verdict = judge_answer(Answer(status, content_type, retry_after, body), TWO)
    shown = {(str(row["id"]).lower(), str(row.get("sha256")).lower()) for row in listed + answered}
    places = {index for index, item in enumerate(answered) if item["id"] is None}
    for bundle_id, fate in verdict.fates.items():
        if fate is Fate.DELIVERED:
            assert status in (200, 202, 207)
            own = {row.get("sha256") for row in answered if row["id"] is None} if places else set()
            assert (bundle_id.hex(), TWO[bundle_id]) in shown or TWO[bundle_id] in own
        elif status == 207:
            assert any(row["reason"] and row["status"] in (400, 413, 415, 422) for row in answered)
        else:
            assert status in (400, 413, 415, 422)
            assert content_type == PROBLEM_TYPE
            assert str(kind).startswith(PROBLEM_PREFIX)
    assert all(0 <= seconds <= 86_400 for seconds in verdict.waits.values())
    assert not set(verdict.waits) & set(verdict.fates)


@given(
    st.one_of(st.none(), st.integers(100, 599)),
    st.text(max_size=20),
    st.one_of(st.none(), st.text(max_size=20)),
    st.one_of(
        st.text(max_size=100),
        st.recursive(
            st.one_of(st.none(), st.integers(), st.text(max_size=8)),
            lambda inner: st.one_of(
                st.lists(inner, max_size=4),
                st.dictionaries(st.sampled_from(["receipts", "items", "id", "type"]), inner),
            ),
            max_leaves=12,
        ).map(json.dumps),
    ),
)
def test_no_answer_without_our_digest_or_our_problem_loses_a_bundle(
    status: int | None, content_type: str, retry_after: str | None, body: str
) -> None:
    verdict = judge_answer(Answer(status, content_type, retry_after, body), TWO)
    assert verdict.fates == {}
