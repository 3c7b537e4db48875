"""Error codes are found in Chinese and English lines; versions, standards and dates are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_agent.codes import find_code, find_last_code, strip_stamp


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("设备启动后报错代码E-202，无法进入系统", "E-202"),
        ("代码报错：ERR-500", "ERR-500"),
        ("2024-05-01 10:30:00 ERROR boot failed: FW-0031", "FW-0031"),
        ("[E-17] door open", "E-17"),
        ("传感器故障（SENS-0042）", "SENS-0042"),
        ("ALARM-0007 raised", "ALARM-0007"),
        ("error PLC-12.", "PLC-12"),
        ("failed with UTF-8 text, code E-9001", "E-9001"),
    ],
)
def test_error_codes_are_found(line: str, code: str) -> None:
    assert find_code(line) == code


@pytest.mark.parametrize(
    "line",
    [
        "反馈单 FB-20240501001 处理失败",
        "error decoding UTF-8 text",
        "SHA-256 mismatch: error",
        "error CVE-2021-44228 found",
        "2024-05-01 INFO started FX-200",
        "INFO E-202 was cleared",
        "error on MAY-2024 report",
        "failed RFC-2616 check",
        "error in abcE-202 and E-202-B and E-202.5",
        "path /var/E-202 error",
        "GB-18030 编码错误",
        "error: E-1",
        "",
    ],
)
def test_what_only_looks_like_a_code_is_not(line: str) -> None:
    assert find_code(line) is None


def test_a_line_known_to_report_an_error_needs_no_word_about_it() -> None:
    assert find_code("PLC-12 on axis 3") is None
    assert find_code("PLC-12 on axis 3", failing=True) == "PLC-12"


def test_the_last_code_of_a_stderr_tail_counts() -> None:
    assert find_last_code(["E-1 no", "error E-201", "error E-202", "bye"]) == "E-202"
    assert find_last_code(["nothing"]) is None


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("2024-05-01 10:30:00,123 ERROR boot", "boot"),
        ("[WARN] low voltage", "low voltage"),
        ("ERROR: ERR-500 from the pool", "ERR-500 from the pool"),
        ("ERROR", "ERROR"),
        ("ERR-500", "ERR-500"),
        ("[2024-05-01T10:30:00.5Z] boot", "boot"),
        ("May  1 10:30:00 host app: boot", "host app: boot"),
        ("10:30:00 boot", "boot"),
        ("boot at 10:30:00", "boot at 10:30:00"),
        ("2024-05-01 10:30:00", "2024-05-01 10:30:00"),
    ],
)
def test_a_clear_time_stamp_is_stripped(line: str, rest: str) -> None:
    assert strip_stamp(line) == rest


@given(st.text(max_size=500))
def test_any_text_is_searched_without_harm(text: str) -> None:
    code = find_code(text, failing=True)
    assert code is None or code in text
    assert len(strip_stamp(text)) <= len(text)
