"""Error codes are found in Chinese and English, written one way, and nothing else is."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from faultbox_collector.signature.codes import extract_codes, fold_widths, spell_code


def codes(text: str) -> list[str]:
    return [code.text for code in extract_codes(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("设备启动后报错代码E-202，无法进入系统", ["E-202"]),
        ("报错代码Ｅ－２０２", ["E-202"]),
        ("故障码：E202", ["E-202"]),
        ("屏幕显示错误 e-202", ["E-202"]),
        ("boot failed with error code e202", ["E-202"]),
        ("fault E 202 on start", ["E-202"]),
        ("camd: ERR-500 sensor lost", ["ERR-500"]),
        ("err_500 sensor lost", ["ERR-500"]),
        ("update failed: FW-0031", ["FW-0031"]),
        ("alarm ALM-17 and ALM-18", ["ALM-17", "ALM-18"]),
        ("lathe: XKQ-4711 spindle", ["XKQ-4711"]),
        ("error CS1002: ; expected", ["CS1002"]),
        ("ECU reports DTC P0301", ["P0301"]),
        ("read: EIO on /dev/sda", ["EIO"]),
        ("OSError: [Errno 28] No space left", ["errno 28"]),
        ("i2c transfer failed: -121", ["-121"]),
        ("probe returned -19", ["-19"]),
        ("died with SIGABRT", ["SIGABRT"]),
        ("killed by signal 11", ["SIGSEGV"]),
        ("exited with code 3", ["exit 3"]),
        ("进程退出码：137", ["exit 137"]),
        ("answer was HTTP/1.1 503", ["HTTP 503"]),
        ("SQLSTATE[42S02]: no such table", ["SQLSTATE 42S02"]),
        ("HRESULT: 0x80070005", ["0x80070005"]),
        ("esp_err_t 0x103 (ESP_ERR_INVALID_STATE)", ["0x103"]),
        ("nvs: ESP_ERR_NVS_NO_FREE_PAGES", ["ESP_ERR_NVS_NO_FREE_PAGES"]),
        ("SQLITE_CORRUPT while reading", ["SQLITE_CORRUPT"]),
        ("pod app is in CrashLoopBackOff", ["CrashLoopBackOff"]),
    ],
)
def test_found(text: str, found: list[str]) -> None:
    assert codes(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "UTF-8 UTF-16 GBK-2312 ISO-8859 ISO-8601 RFC-7807",
        "SHA-256 AES-128 MD-5 CRC-32 TLS-13",
        "CVE-2024-12345 CWE-079",
        "反馈单编号 FB-20240501001 已提交",
        "feedback FB-20240501001",
        "model E-500, serial SN-0042",
        "型号：E-500",
        "固件版本 E-500",
        "order no. AB-12345",
        "2024-05-01 10:30 and 10-0-0-1",
        "id 3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "COVID-19, Q-3, page-12, top-10, RS-485, USB-3, CPU-0",
        "exited with code 0",
        "GET /health HTTP/1.1 200",
        "mapped 0x7ffff7b08c59-0x7ffff7b0a000 flags 0x80000608",
        "temperature -5 outside, range [-40, 85]",
        "eth0 up, nl80211 loaded, h264 decoder",
        "ESP_ERROR_CHECK is a macro",
        "part 4-7-112 of libfoo-2.33.so",
    ],
)
def test_not_a_code(text: str) -> None:
    assert codes(text) == []


@given(
    prefix=st.sampled_from(["E", "ERR", "FW", "ALM"]),
    digits=st.from_regex(r"[1-9][0-9]{2,3}", fullmatch=True),
    joint=st.sampled_from(["-", "", "_", "－", "–"]),
    wide=st.booleans(),
    lead=st.sampled_from(["报错代码", "故障码：", "error code ", "Error: "]),
)
def test_every_way_to_write_a_code_is_one_spelling(
    prefix: str, digits: str, joint: str, wide: bool, lead: str
) -> None:
    written = f"{prefix}{joint}{digits}"
    if wide:
        written = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in written)
    assert codes(f"{lead}{written}，停机") == [f"{prefix}-{digits}"]
    assert spell_code(written) == f"{prefix}-{digits}"


@given(st.text(max_size=500))
def test_any_text_is_searched(text: str) -> None:
    for code in extract_codes(text):
        assert 0 <= code.start < code.end <= len(text)
        assert 1 <= code.confidence <= 3


@given(st.text(max_size=200))
def test_folding_keeps_positions(text: str) -> None:
    assert len(fold_widths(text)) == len(text)


def test_an_unknown_spelling_stays_as_it_is() -> None:
    assert spell_code("  overheat  left ") == "overheat left"
