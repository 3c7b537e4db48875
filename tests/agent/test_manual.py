"""What a field engineer says becomes a fault in the words of the form."""

from faultbox_agent.sources.manual import Statement, build_fault
from faultbox_protocol.words import FaultKind
from support.device import StillClock


def test_a_statement_keeps_its_words_and_loses_its_secrets() -> None:
    said = Statement(
        FaultKind.FEEDBACK, None, "代码报错：ERR-500，密码：abc123", "line one\nline two"
    )
    fault = build_fault(said, StillClock(), {"name": "press"}, {"env": "customer_site"})
    assert fault.head["kind"] == "feedback"
    assert fault.head["err"] == {
        "code": "ERR-500",
        "msg": "代码报错：ERR-500，密码：[redacted:secret]",
    }
    assert fault.head["form"] == {"phenomenon": "代码报错：ERR-500，密码：[redacted:secret]"}
    assert fault.head["where"] == {"env": "customer_site"}
    assert fault.head["scrub"] == {"v": 2, "hits": 1}


def test_a_text_alone_gives_its_first_line_as_the_message() -> None:
    said = Statement(FaultKind.ERROR, "E-7", "", "screen stays dark\nsince morning")
    fault = build_fault(said, StillClock(), {}, {})
    assert fault.head["err"] == {
        "msg": "screen stays dark",
        "code": "E-7",
        "text": "screen stays dark\nsince morning",
    }
    assert "where" not in fault.head


def test_files_are_named_by_the_report_they_belong_to() -> None:
    said = Statement(FaultKind.ERROR, None, "m", "", ["/a/photo.jpg", "/b/data"])
    fault = build_fault(said, StillClock(), {}, {})
    assert fault.facts["files"] == [
        {"name": "photo.jpg", "ctype": "image/jpeg", "file": f"{fault.id.hex()}.0.blob"},
        {"name": "data", "ctype": "application/octet-stream", "file": f"{fault.id.hex()}.1.blob"},
    ]
