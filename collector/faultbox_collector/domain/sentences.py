"""A fault in one sentence, in Chinese or English, as a support desk would say it.

Support reads this first and the technical line second. It is made of `Facts` only, so that the
same fault reads the same on the form, in the list and in a message. What is tried, in this order:
an error code, a signal, an exception, then the kind of fault alone.
"""

import re

from faultbox_collector.domain.facts import Facts
from faultbox_collector.domain.fault_words import EXCEPTIONS, SIGNALS

Words = tuple[str, str]
"""The Chinese and the English."""

_ENDED_FROM_OUTSIDE: dict[str, Words] = {
    "SIGKILL": ("被强制结束", "was killed"),
    "SIGTERM": ("被要求结束", "was terminated"),
}
_KINDS: dict[str, Words] = {
    "crash": ("崩溃", "crashed"),
    "hang": ("无响应", "hung"),
    "oom": ("因内存不足被终止", "was killed: out of memory"),
}
_NAMELESS_KINDS: dict[str, Words] = {
    "error": ("设备报错", "The device reported an error"),
    "reboot": ("设备意外重启", "The device rebooted"),
    "anomaly": ("数据异常", "Abnormal data"),
    "feedback": ("用户反馈", "Customer's report"),
    "unreadable": ("无法解析的上报数据包", "Unreadable report"),
}
_OTHER: Words = ("设备故障", "Device fault")
_LAST_NAME = re.compile(r"[.:$/]")


def describe_fault(facts: Facts, language: str) -> str:
    """Return the sentence for `facts`; `language` is zh_CN or en, in any usual spelling."""
    chinese = language.lower().startswith("zh")
    signal = facts.signal or (facts.type if (facts.type or "").startswith("SIG") else None)
    died = facts.kind in _KINDS and (signal or facts.type)
    if facts.code and not died:
        sentence = ("设备报错代码 {}", "The device reports error code {}")
        return _say(sentence, chinese).replace("{}", facts.code, 1)
    if facts.kind == "oom":
        return _program(facts, _KINDS["oom"], chinese)
    if signal:
        return _program(facts, _describe_signal(signal), chinese)
    if facts.type:
        return _describe_exception(facts.kind, facts.type, chinese)
    if facts.kind in _KINDS:
        return _program(facts, _KINDS[facts.kind], chinese)
    if facts.kind == "error" and facts.program:
        return _program(facts, ("报错", "reported an error"), chinese)
    return _say(_NAMELESS_KINDS.get(facts.kind, _OTHER), chinese)


def _say(words: Words, chinese: bool) -> str:
    return words[0] if chinese else words[1]


def _program(facts: Facts, predicate: Words, chinese: bool) -> str:
    if chinese:
        return f"程序 {facts.program} {predicate[0]}" if facts.program else f"程序{predicate[0]}"
    return f"{facts.program or 'The program'} {predicate[1]}"


def _describe_signal(signal: str) -> Words:
    if signal in _ENDED_FROM_OUTSIDE:
        return _ENDED_FROM_OUTSIDE[signal]
    zh, en = SIGNALS.get(signal, (f"信号 {signal}", signal))
    return f"崩溃（{zh}）", f"crashed ({en})"


def _describe_exception(kind: str, type_name: str, chinese: bool) -> str:
    name = _LAST_NAME.split(type_name)[-1] or type_name
    what = ("程序报错", "Program error") if kind == "error" else ("程序异常", "Program exception")
    known = EXCEPTIONS.get(name)
    if chinese:
        return f"{what[0]}：{known[0]}（{name}）" if known else f"{what[0]}：{name}"
    return f"{what[1]}: {known[1]} ({name})" if known else f"{what[1]}: {name}"
