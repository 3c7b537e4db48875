"""Shedding: a report too large as a whole becomes smaller, and keeps what names the fault."""

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from faultbox_protocol import codec, limits, packing, schema, shedding, trimming
from faultbox_protocol.report import (
    Attachment,
    Cause,
    Evidence,
    Fingerprint,
    Frame,
    Head,
    LogLine,
    Plain,
    Where,
)
from faultbox_protocol.words import Codec, Place
from support.builders import a_head, a_log_line, a_product, an_err
from support.strategies import wild_evidences, wild_heads

RANDOM = random.Random(7)


def noise(chars: int) -> str:
    """Return Chinese text that no compressor can shorten much."""
    return "".join(chr(RANDOM.randrange(0x4E00, 0x9FA5)) for _ in range(chars))


def noisy_frames(count: int) -> tuple[Frame, ...]:
    return tuple(Frame(noise(300), noise(300), noise(300), n, n, noise(100)) for n in range(count))


def largest_head() -> Head:
    frames = noisy_frames(128)
    return replace(
        a_head(
            prod=replace(
                a_product(noise(256)),
                **{
                    name: noise(256)
                    for name in ("model", "serial", "hw", "fw", "app", "batch", "build_id")
                },
            ),
            err=replace(
                an_err(code=noise(256), type=noise(1024), msg=noise(8192), text=noise(32_768)),
                frames=frames,
                causes=tuple(Cause(noise(1024), noise(8192), frames[:20]) for _ in range(16)),
            ),
        ),
        where=Where(Place.TEST, noise(256), noise(256)),
        fp=Fingerprint(1, "ab" * 16, tuple(noise(256) for _ in range(16))),
        att=tuple(Attachment(noise(256), noise(256), 1, "ab" * 32, i=n) for n in range(16)),
        form={noise(64): noise(8192) for _ in range(64)},
        drops={noise(64): n for n in range(32)},
        crit=tuple(noise(64) for _ in range(16)),
    )


@pytest.mark.parametrize("how", list(Codec))
def test_even_the_largest_head_fits(how: Codec) -> None:
    head = replace(largest_head(), crit=())
    read = codec.read_head(codec.scan_bundle(memoryview(codec.encode_bundle(head, codec=how))))
    assert (read.id, read.prod.name) == (head.id, head.prod.name)
    assert read.err is not None
    assert head.err is not None
    assert read.err.code == head.err.code
    assert read.fp is not None
    assert read.fp.sig == "ab" * 16


def test_the_smallest_head_fits_plain_whatever_it_demands() -> None:
    *_, smallest = shedding.smaller_heads(trimming.trim_head(largest_head()))
    raw = packing.pack(schema.head_to_map(smallest))
    assert len(raw) <= limits.HEAD_ENCODED_BYTES


def test_chinese_crash_text_is_shortened_not_dropped() -> None:
    text = "开始" + noise(30_000) + "结束"
    head = a_head(err=an_err(text=text, functions=()))
    read = codec.read_head(codec.scan_bundle(memoryview(codec.encode_bundle(head))))
    assert read.err is not None
    assert read.err.text is not None
    assert read.err.text.startswith("开始")
    assert read.err.text.endswith("结束")
    assert len(read.err.text) >= 4096


def test_frames_outlive_the_frames_of_causes() -> None:
    frames = noisy_frames(20)
    causes = tuple(Cause("E", noise(8000), frames) for _ in range(16))
    head = a_head(err=replace(an_err(), frames=frames[:6], causes=causes))
    read = codec.read_head(codec.scan_bundle(memoryview(codec.encode_bundle(head))))
    assert read.err is not None
    assert read.err.frames == frames[:6]


@settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)
@given(wild_heads())
def test_a_head_without_an_error_sheds_too(head: Head) -> None:
    steps = list(shedding.smaller_heads(replace(head, err=None)))
    assert steps[0].id == steps[-1].id
    assert steps[-1].form == {}


def read_back(evidence: Evidence) -> Evidence:
    data = codec.encode_bundle(a_head(), evidence)
    return codec.read_evidence(codec.scan_bundle(memoryview(data)))


def test_a_log_too_large_keeps_its_newest_lines() -> None:
    lines = tuple(LogLine(-n, None, None, noise(1500)) for n in range(400, 0, -1))
    found = read_back(Evidence(log=lines, sys={"uptime_ms": 5}))
    assert found.log[-1] == lines[-1]
    assert found.log == lines[-len(found.log) :]
    assert len(found.log) >= 100
    assert found.sys == {"uptime_ms": 5}


def test_modules_and_threads_go_before_the_log() -> None:
    bulky: tuple[dict[str, Plain], ...] = tuple({"name": noise(2000)} for _ in range(600))
    lines = tuple(a_log_line(f"line {n}") for n in range(50))
    found = read_back(Evidence(log=lines, modules=bulky, threads=bulky))
    assert found.log == lines
    assert found.modules == ()
    assert 0 < len(found.threads) <= 32


def test_a_hundred_lines_outlive_breadcrumbs_and_system_state() -> None:
    lines = tuple(a_log_line(noise(400)) for _ in range(100))
    crumbs: tuple[dict[str, Plain], ...] = tuple({"text": noise(4000)} for _ in range(100))
    found = read_back(
        Evidence(log=lines, crumbs=crumbs, sys={"text": noise(9000)}, form={"repro": noise(9000)})
    )
    assert found.log == lines
    assert found.crumbs == ()
    assert len(found.form["repro"]) == 1024


def test_too_many_small_values_are_shed_though_their_bytes_would_fit() -> None:
    dense: dict[str, Plain] = {str(n): [0] * 2000 for n in range(30)}
    found = read_back(Evidence(threads=(dense,), log=(a_log_line(),)))
    assert found.log == (a_log_line(),)
    assert found.threads == ()


def test_the_last_step_is_empty() -> None:
    lines = tuple(a_log_line(str(n)) for n in range(300))
    *_, last = shedding.smaller_evidence(Evidence(log=lines, x={"a": 1}))
    assert last == Evidence()


@settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)
@given(wild_evidences())
def test_every_step_is_no_larger_than_the_one_before(evidence: Evidence) -> None:
    trimmed = trimming.trim_evidence(evidence)
    sizes = [
        len(packing.pack(schema.evidence_to_map(step)))
        for step in shedding.smaller_evidence(trimmed)
    ]
    assert sizes == sorted(sizes, reverse=True)
