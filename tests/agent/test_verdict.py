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
    assert verdict.wait is Wait.SECOND


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
