"""A fault in one sentence, in Chinese or English, as a support desk would say it.

Support reads this first and the technical line second. It is made of `Facts` only, so that the
same fault reads the same on the form, in the list and in a message.
"""

from faultbox_collector.domain.facts import Facts

_SIGNALS = {
    "SIGSEGV": ("段错误", "segmentation fault"),
    "SIGABRT": ("异常中止", "aborted"),
    "SIGBUS": ("总线错误", "bus error"),
    "SIGFPE": ("算术错误", "arithmetic error"),
    "SIGILL": ("非法指令", "illegal instruction"),
    "SIGKILL": ("被强制结束", "killed"),
    "SIGTERM": ("被要求结束", "terminated"),
    "SIGTRAP": ("断点陷阱", "trap"),
    "SIGSYS": ("非法系统调用", "bad system call"),
    "SIGXCPU": ("超出处理器时间限制", "processor time limit"),
}

_EXCEPTIONS = {
    "ZeroDivisionError": ("除数为零", "division by zero"),
    "MemoryError": ("内存不足", "out of memory"),
    "TimeoutError": ("超时", "timeout"),
    "ConnectionRefusedError": ("连接被拒绝", "connection refused"),
    "ConnectionResetError": ("连接被重置", "connection reset"),
    "FileNotFoundError": ("找不到文件", "file not found"),
    "PermissionError": ("权限不足", "permission denied"),
    "RecursionError": ("递归过深", "recursion too deep"),
    "KeyError": ("缺少键值", "missing key"),
    "AssertionError": ("断言失败", "assertion failed"),
    "NullPointerException": ("空指针", "null pointer"),
    "OutOfMemoryError": ("内存不足", "out of memory"),
    "StackOverflowError": ("栈溢出", "stack overflow"),
}

_KINDS = {
    "crash": ("程序崩溃", "The program crashed"),
    "hang": ("程序无响应", "The program hung"),
    "oom": ("内存不足", "Out of memory"),
    "reboot": ("设备意外重启", "The device rebooted"),
    "error": ("设备报错", "The device reported an error"),
    "anomaly": ("数据异常", "Abnormal data"),
    "feedback": ("用户反馈", "Customer's report"),
}
_OTHER = ("设备故障", "Device fault")


def describe_fault(facts: Facts, language: str) -> str:
    """Return the sentence for `facts`; `language` is zh_CN or en."""
    chinese = language.startswith("zh")
    if facts.code and facts.kind not in ("crash", "oom", "hang"):
        return (
            f"设备报错代码 {facts.code}"
            if chinese
            else f"The device reports error code {facts.code}"
        )
    if facts.kind == "oom":
        return _program(facts, chinese, "因内存不足被终止", "was killed: out of memory")
    if facts.signal:
        words = _SIGNALS.get(facts.signal)
        zh, en = words or (f"信号 {facts.signal}", facts.signal)
        verb = "" if facts.signal in ("SIGKILL", "SIGTERM") else "崩溃"
        return _program(
            facts,
            chinese,
            f"{verb}（{zh}）" if verb else zh,
            f"crashed ({en})" if verb else f"was {en}",
        )
    if facts.type:
        return _exception(facts, chinese)
    zh, en = _KINDS.get(facts.kind, _OTHER)
    return zh if chinese else en


def _program(facts: Facts, chinese: bool, zh: str, en: str) -> str:
    name = facts.program
    if chinese:
        return f"程序 {name} {zh}" if name else f"程序{zh}"
    return f"{name} {en}" if name else f"The program {en}"


def _exception(facts: Facts, chinese: bool) -> str:
    short = (facts.type or "").rsplit(".", 1)[-1]
    known = _EXCEPTIONS.get(short)
    subject = (
        ("程序报错" if facts.kind == "error" else "程序异常")
        if chinese
        else ("Program error" if facts.kind == "error" else "Program exception")
    )
    if known is None:
        return f"{subject}：{short}" if chinese else f"{subject}: {short}"
    return f"{subject}：{known[0]}（{short}）" if chinese else f"{subject}: {known[1]} ({short})"
