"""A fault in one sentence, as a support desk would say it, in both languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_collector.domain.facts import Facts
from faultbox_collector.domain.sentences import describe_fault
from faultbox_protocol.words import FaultKind


@pytest.mark.parametrize(
    ("facts", "chinese", "english"),
    [
        (
            Facts("crash", signal="SIGSEGV", program="ui-shell"),
            "程序 ui-shell 崩溃（段错误）",
            "ui-shell crashed (segmentation fault)",
        ),
        (
            Facts("crash", signal="SIGABRT"),
            "程序崩溃（异常中止）",
            "The program crashed (aborted)",
        ),
        (
            Facts("crash", signal="SIGRTMIN"),
            "程序崩溃（信号 SIGRTMIN）",
            "The program crashed (SIGRTMIN)",
        ),
        (
            Facts("crash", signal="SIGKILL", program="storaged"),
            "程序 storaged 被强制结束",
            "storaged was killed",
        ),
        (Facts("crash", signal="SIGTERM"), "程序被要求结束", "The program was terminated"),
        (
            Facts("oom", signal="SIGKILL", program="indexer"),
            "程序 indexer 因内存不足被终止",
            "indexer was killed: out of memory",
        ),
        (
            Facts("crash", type="ZeroDivisionError"),
            "程序异常：除数为零（ZeroDivisionError）",
            "Program exception: division by zero (ZeroDivisionError)",
        ),
        (
            Facts("error", type="java.lang.NullPointerException"),
            "程序报错：空指针（NullPointerException）",
            "Program error: null pointer (NullPointerException)",
        ),
        (
            Facts("crash", type="vendor.CalibrationDrift"),
            "程序异常：CalibrationDrift",
            "Program exception: CalibrationDrift",
        ),
        (
            Facts("error", code="E-202", message="无法进入系统"),
            "设备报错代码 E-202",
            "The device reports error code E-202",
        ),
        (
            Facts("crash", code="42", signal="SIGSEGV"),
            "程序崩溃（段错误）",
            "The program crashed (segmentation fault)",
        ),
        (Facts("hang"), "程序无响应", "The program hung"),
        (Facts("reboot"), "设备意外重启", "The device rebooted"),
        (Facts("anomaly"), "数据异常", "Abnormal data"),
        (Facts("feedback"), "用户反馈", "Customer's report"),
        (Facts("from the future"), "设备故障", "Device fault"),
    ],
)
def test_sentences(facts: Facts, chinese: str, english: str) -> None:
    assert describe_fault(facts, "zh_CN") == chinese
    assert describe_fault(facts, "en") == english


words = st.none() | st.text(max_size=30)


@given(
    st.builds(
        Facts,
        kind=st.sampled_from([str(kind) for kind in FaultKind]),
        type=words,
        code=words,
        signal=words,
        function=words,
        program=words,
        message=words,
    ),
    st.sampled_from(["zh_CN", "en"]),
)
def test_every_fault_has_a_sentence(facts: Facts, language: str) -> None:
    assert describe_fault(facts, language).strip()
