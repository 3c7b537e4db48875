"""The log with its fault line in sight, the frames, the device's state."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from faultbox_dashboard.text.evidence import (
    LINES_AFTER,
    LINES_BEFORE,
    arrange_frames,
    arrange_log,
    arrange_state,
)
from faultbox_dashboard.text.language import Language, load_languages
from faultbox_protocol.report import Frame, LogLine, Plain
from support.fake_desk import make_sample

LANGUAGES = load_languages()

LINES = st.lists(
    st.builds(
        LogLine,
        st.none() | st.integers(-(10**12), 10**12),
        st.none() | st.just("error"),
        st.none() | st.text(max_size=5),
        st.text(max_size=20),
    ),
    max_size=600,
)


def test_the_line_nearest_to_the_fault_is_marked() -> None:
    log = arrange_log([LogLine(ms, None, None, str(ms)) for ms in (-900, -10, 3, 400)])
    assert [line.text for line in log.around if line.at_fault] == ["3"]
    assert [line.when for line in log.around] == ["-0.900", "-0.010", "+0.003", "+0.400"]


def test_without_times_the_end_of_the_log_is_shown_and_nothing_is_marked() -> None:
    log = arrange_log([LogLine(None, None, None, str(i)) for i in range(100)])
    assert log.around[-1].text == "99"
    assert not any(line.at_fault for line in log.around)


@given(LINES)
def test_the_fault_line_is_always_in_sight(lines: list[LogLine]) -> None:
    log = arrange_log(lines)
    marked = [line.at_fault for line in (*log.before, *log.around, *log.after)]
    assert sum(marked) == any(line.dt_ms is not None for line in lines)
    assert not any(line.at_fault for line in (*log.before, *log.after))
    assert len(log.around) <= LINES_BEFORE + LINES_AFTER + 1
    shown = [line.text for line in (*log.before, *log.around, *log.after)]
    assert len(shown) <= len(lines)
    if len(lines) <= 400:
        assert shown == [line.text for line in lines]


def test_foreign_frames_stand_back_only_where_the_own_ones_are_known() -> None:
    unknown = arrange_frames([Frame("a"), Frame("b", app=False)])
    assert [frame.own for frame in unknown] == [True, True]
    known = arrange_frames([Frame("a", app=True), Frame("b", app=False), Frame("c")])
    assert [frame.own for frame in known] == [True, False, False]


def test_a_frame_says_where_it_is() -> None:
    frames = arrange_frames(
        [Frame("f", "m", "x.c", 3), Frame(None, "m", off=16), Frame("g", "m"), Frame()]
    )
    assert [frame.place for frame in frames] == ["x.c:3", "m+0x10", "m", ""]
    assert frames[1].function == "??"


def test_state_is_measured_in_the_units_of_its_names(chinese: Language) -> None:
    state: dict[str, Plain] = {
        "uptime_ms": 7_200_000,
        "mem_avail_b": 1536,
        "cpu_pct": 12.5,
        "temp_c": 60,
        "procs": [{"name": "initd"}],
        "procs_total": 3,
        "load": [0.5, 0.25, 2],
        "many": [1, 2, 3, 4, 5],
        "witness": {"pid": 7},
        "odd": True,
        "deep": {"er": {"still": 1}, "raw": b"\x00\xff", "n": 1_000_000},
    }
    rows = dict(arrange_state(replace(make_sample(), sys=state), chinese))
    assert rows == {
        "运行时长": "2 小时",
        "可用内存": "1.5 KiB",
        "处理器占用": "12.5 %",
        "温度": "60 °C",
        "进程数": "3",
        "1、5、15 分钟负载": "0.5 / 0.25 / 2",
        "many": "5",
        "odd": "True",
        "deep.er": "1",
        "deep.raw": "00ff",
        "deep.n": "1,000,000",
    }


def test_an_endless_state_is_cut(english: Language) -> None:
    state = {f"k{i}": i for i in range(200)}
    assert len(arrange_state(replace(make_sample(), sys=state), english)) == 24


@given(
    st.dictionaries(
        st.text(max_size=6) | st.sampled_from(["a_ms", "a_b", "a_c", "a_pct"]),
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=9)
        | st.binary(max_size=4),
        max_size=30,
    )
)
def test_no_state_breaks_the_page(
    state: dict[str, str | int | float | bool | bytes | None],
) -> None:
    for language in LANGUAGES.values():
        for name, value in arrange_state(replace(make_sample(), sys=state), language):
            assert isinstance(name, str)
            assert isinstance(value, str)
