"""The sentence that support reads first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_collector.domain.facts import Facts
from faultbox_collector.domain.fault_words import EXCEPTIONS, SIGNALS
from faultbox_collector.domain.sentences import describe_fault
from faultbox_dashboard.text.language import Language, load_languages
from faultbox_dashboard.text.titles import write_title

LANGUAGES = load_languages()

CASES = (
    (
        Facts("crash", "SIGSEGV", None, "SIGSEGV", "f", "worker"),
        "程序 worker 崩溃（段错误）",
        "worker crashed (segmentation fault)",
    ),
    (
        Facts("error", code="E-202", program="init"),
        "设备报错代码 E-202",
        "The device reports error code E-202",
    ),
    (
        Facts("crash", "ZeroDivisionError"),
        "程序异常：除数为零（ZeroDivisionError）",
        "Program exception: division by zero (ZeroDivisionError)",
    ),
    (
        Facts("crash", "java.lang.NullPointerException"),
        "程序异常：空指针（NullPointerException）",
        "Program exception: null pointer (NullPointerException)",
    ),
    (
        Facts("crash", "vendor::OddFailure"),
        "程序异常：OddFailure",
        "Program exception: OddFailure",
    ),
    (
        Facts("crash", signal="SIGKILL", program="storaged"),
        "程序 storaged 被强制结束",
        "storaged was killed",
    ),
    (
        Facts("oom", signal="SIGKILL", program="indexer"),
        "程序 indexer 因内存不足被终止",
        "indexer was killed: out of memory",
    ),
    (
        Facts("crash", signal="SIGRTMIN+3"),
        "程序崩溃（信号 SIGRTMIN+3）",
        "The program crashed (SIGRTMIN+3)",
    ),
    (
        Facts("crash", code="E-1", signal="SIGABRT"),
        "程序崩溃（异常中止）",
        "The program crashed (aborted)",
    ),
    (Facts("hang", program="modemd"), "程序 modemd 无响应", "modemd hung"),
    (Facts("reboot"), "设备意外重启", "The device rebooted"),
    (
        Facts("error", program="netd", message="peer\n closed"),
        "程序 netd 报错：peer closed",
        "netd reported an error: peer closed",
    ),
    (Facts("something new"), "设备故障", "Device fault"),
)


@pytest.mark.parametrize(("facts", "zh", "en"), CASES)
def test_the_sentence_in_both_languages(
    chinese: Language, english: Language, facts: Facts, zh: str, en: str
) -> None:
    assert write_title(facts, chinese) == zh
    assert write_title(facts, english) == en


def test_it_says_what_the_collector_writes_into_the_form() -> None:
    """Title and phenomenon stand on one page: two words for one thing would confuse."""
    for facts, _zh, _en in CASES:
        if not facts.message:
            for language in LANGUAGES.values():
                assert write_title(facts, language) == describe_fault(facts, language.tag)


@given(
    st.builds(
        Facts,
        kind=st.sampled_from(["crash", "hang", "oom", "error", "anomaly", "other", "%s", ""]),
        type=st.none() | st.text(max_size=40) | st.sampled_from(sorted(EXCEPTIONS)),
        code=st.none() | st.text(max_size=20),
        signal=st.none() | st.text(max_size=20) | st.sampled_from(sorted(SIGNALS)),
        program=st.none() | st.text(max_size=40),
        message=st.none() | st.text(max_size=300),
    )
)
def test_any_facts_give_a_title(facts: Facts) -> None:
    for language in LANGUAGES.values():
        title = write_title(facts, language)
        assert title.strip()
        assert len(title) < 400
