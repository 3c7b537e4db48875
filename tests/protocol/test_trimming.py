"""Trimming: whatever a program has to say, its report can be written and read."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faultbox_protocol import codec, limits, trimming
from faultbox_protocol.report import Attachment, Cause, Evidence, Frame, Head, LogLine, Plain, Scrub
from support.builders import a_frame, a_head, a_log_line, a_product, an_err, an_evidence, an_id
from support.strategies import evidences, heads, wild_evidences, wild_heads, wild_texts

SLOW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)


def send(head: Head, evidence: Evidence | None = None) -> tuple[Head, Evidence]:
    bundle = codec.scan_bundle(memoryview(codec.encode_bundle(head, evidence)))
    return codec.read_head(bundle), codec.read_evidence(bundle)


@SLOW
@given(wild_heads(), wild_evidences())
def test_any_report_can_be_written_and_read(head: Head, evidence: Evidence) -> None:
    read, _ = send(head, evidence)
    assert (read.id, read.kind, read.of) == (head.id, head.kind, head.of)


@SLOW
@given(heads(), evidences())
def test_a_report_within_its_limits_arrives_whole(head: Head, evidence: Evidence) -> None:
    within = replace(head, boot=(head.boot or "")[:36])
    assert send(within, evidence) == (within, evidence)


@given(wild_texts(), st.integers(16, 5000))
def test_a_trimmed_text_fits_and_is_plain(text: str, limit_chars: int) -> None:
    trimmed = trimming.trim_text(text, limit_chars)
    assert len(trimmed) <= limit_chars
    assert "\0" not in trimmed
    assert trimmed.encode().decode() == trimmed
    assert trimming.trim_text(trimmed, limit_chars) == trimmed


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    trimmed = trimming.trim_text("first " + "x" * 1000 + " last", 100)
    assert trimmed.startswith("first")
    assert trimmed.endswith("last")
    assert "[…]" in trimmed


def test_nul_and_lone_surrogates_become_visible() -> None:
    assert trimming.trim_text("a\0b\ud800c故", 100) == "a␀b?c故"


@given(st.lists(st.integers(), max_size=40).map(tuple), st.integers(1, 20))
def test_both_ends_of_a_list_are_kept(items: tuple[int, ...], limit: int) -> None:
    kept = trimming.both_ends(items, limit)
    assert len(kept) == min(len(items), limit)
    if len(items) > limit:
        assert kept[: limit - limit // 4] == items[: limit - limit // 4]
        assert kept[len(kept) - limit // 4 :] == items[len(items) - limit // 4 :]


def test_a_deep_stack_keeps_the_fault_and_the_entry_point() -> None:
    functions = [f"f{n}" for n in range(500)]
    head, _ = send(a_head(err=an_err(functions=functions)))
    assert head.err is not None
    names = [frame.fn for frame in head.err.frames]
    assert len(names) == limits.FRAMES
    assert (names[0], names[-1]) == ("f0", "f499")


def test_a_log_keeps_its_newest_lines() -> None:
    lines = tuple(a_log_line(f"line {n}") for n in range(3000))
    _, evidence = send(a_head(), Evidence(log=lines))
    assert len(evidence.log) == limits.LOG_LINES
    assert evidence.log[-1].text == "line 2999"


def test_numbers_out_of_range_are_left_out_rather_than_guessed() -> None:
    kernel_address = 0xFFFF_FFFF_8123_4567
    frame = Frame(fn="do_syscall", off=kernel_address, line=-1)
    odd = replace(
        a_head(t_ms=2**70),
        seq=-5,
        n=0,
        err=replace(an_err(), frames=(frame,), sig_no=999),
        drops={"rate": -1, "hold": 2**70},
        scrub=Scrub(v=-1, hits=2**70),
        att=(Attachment("core", "application/octet-stream", -1, "ab", i=99),),
    )
    head, _ = send(odd)
    assert head.err is not None
    assert head.err.frames == (Frame(fn="do_syscall"),)
    assert (head.seq, head.t_ms, head.n, head.err.sig_no) == (None, None, 1, None)
    assert head.drops == {"rate": 0, "hold": 2**63 - 1}
    assert head.scrub == Scrub(0, 0)
    assert (head.att[0].raw_b, head.att[0].i) == (0, None)


def test_a_product_without_a_name_is_still_reported() -> None:
    assert send(a_head(prod=a_product("")))[0].prod.name == "unknown"


def test_numbers_that_are_none_and_long_bytes_are_written_another_way() -> None:
    wild: dict[str, Plain] = {
        "nan": float("nan"),
        "inf": float("inf"),
        "pi": 3.14,
        "big": 2**64,
        "bytes": bytes(range(20)),
        "short": b"ok",
        "yes": True,
    }
    _, evidence = send(a_head(), Evidence(sys=wild))
    assert evidence.sys == {
        "nan": None,
        "inf": None,
        "pi": 3.14,
        "big": None,
        "bytes": bytes(range(20)).hex(),
        "short": b"ok",
        "yes": True,
    }


@pytest.mark.parametrize("depth", [8, 9, 10, 200])
def test_what_lies_too_deep_becomes_a_short_text(depth: int) -> None:
    value: Plain = "bottom"
    for _ in range(depth):
        value = {"in": value}
    _, evidence = send(a_head(), Evidence(sys={"deep": value}, crumbs=({"deep": value},)))
    assert _bottom(evidence.sys["deep"]) in {"bottom", "[…]"}
    assert _bottom(evidence.crumbs[0]["deep"]) in {"bottom", "[…]"}


def _bottom(value: Plain) -> Plain:
    return _bottom(value["in"]) if isinstance(value, dict) else value


def test_too_many_of_anything_is_cut() -> None:
    many: dict[str, Plain] = {str(n): n for n in range(500)}
    _, evidence = send(
        a_head(),
        Evidence(
            sys={**{"procs": [{"pid": n} for n in range(50)]}, **many},
            crumbs=tuple({"n": n} for n in range(200)),
            threads=({"list": list(range(3000)), "map": many},),
            form={str(n): "text" for n in range(100)},
            x={str(n): n for n in range(100)},
        ),
    )
    processes = evidence.sys["procs"]
    assert isinstance(processes, list)
    assert len(processes) == limits.PROCESSES
    assert len(evidence.sys) == len(evidence.form) == len(evidence.x) == limits.EXTRA_KEYS
    assert [crumb["n"] for crumb in evidence.crumbs] == list(range(100, 200))
    assert evidence.threads[0]["list"] == list(range(limits.ARRAY_ITEMS))


def test_what_is_within_its_limits_passes_as_the_same_object() -> None:
    frame, line = a_frame(), a_log_line()
    trimmed = trimming.trim_head(a_head(err=replace(an_err(), frames=(frame,))))
    assert trimmed.err is not None
    assert trimmed.err.frames[0] is frame
    assert trimming.trim_evidence(Evidence(log=(line,))).log[0] is line


def test_a_long_line_and_its_words_are_cut() -> None:
    line = LogLine(2**70, "s" * 50, "u" * 500, "t" * 5000)
    _, evidence = send(a_head(), Evidence(log=(line,)))
    found = evidence.log[0]
    assert found.sev is not None
    assert found.unit is not None
    assert (found.dt_ms, len(found.sev), len(found.unit)) == (None, 16, 256)
    assert len(found.text) == limits.LOG_LINE_CHARS


def test_causes_keep_the_outermost_and_the_innermost() -> None:
    chain = tuple(Cause(f"E{n}", "m" * 10_000) for n in range(40))
    trimmed = trimming.trim_head(a_head(err=replace(an_err(), causes=chain)))
    assert trimmed.err is not None
    names = [int(cause.type[1:]) for cause in trimmed.err.causes]
    assert (names[0], names[-1], len(names)) == (0, 39, limits.CAUSES)
    assert all(one < other for one, other in pairwise(names))


def test_an_id_of_another_length_is_an_error_of_the_writer() -> None:
    for head in (replace(a_head(), id=b"short"), replace(a_head(), of=an_id() + b"x")):
        with pytest.raises(ValueError, match="16 bytes"):
            codec.encode_bundle(head, an_evidence())
