"""`faultbox sign` explains to people, answers scripts line by line, and shields the terminal."""

import argparse
import io
import json

import pytest

from faultbox_collector.commands.sign import add_parser, run, sign_stream
from support.crash_texts import ALL, PYTHON


def sign(data: bytes, *, jsonl: bool = False) -> tuple[int, str, str]:
    """Run the command on some bytes; its exit status, output and complaints."""
    out, errors = io.BytesIO(), io.StringIO()
    status = sign_stream(io.BytesIO(data), out, errors, jsonl=jsonl)
    return status, out.getvalue().decode(), errors.getvalue()


def test_the_command_line_reaches_the_command() -> None:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["sign", "--jsonl"])
    assert args.func is run
    assert args.jsonl


def test_people_get_title_key_and_reasons() -> None:
    status, out, _ = sign(PYTHON.encode())
    assert status == 0
    assert "ZeroDivisionError in pricing.ratio" in out
    assert "exception | ZeroDivisionError | pricing.ratio" in out
    assert "strict:1:" in out
    assert "loose" in out
    assert "python_paths_not_in_app" in out


def test_scripts_get_one_answer_a_line_in_order() -> None:
    rows = [{"id": name, "input": text} for name, text in ALL.items()]
    rows.append({"id": "nothing", "input": "all is well"})
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    status, out, _ = sign(data, jsonl=True)
    answers = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [answer["id"] for answer in answers] == [row["id"] for row in rows]
    assert answers[-1]["key"] is None
    assert set(answers[0]) == {
        "id", "key", "title", "kind", "type", "function", "frames", "codes", "fields"
    }  # fmt: skip
    assert answers[0]["frames"] == ["pricing.ratio", "order.total", "app.main"]


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '{"id": 1}', '{"input": "x"}', '{"id": 1, "input": 3}', "[" * 100_000, "\xff"],
)
def test_a_malformed_line_is_named_and_ends_the_run(line: str) -> None:
    data = b'{"id": 1, "input": "E"}\n' + line.encode("latin-1") + b"\n"
    status, out, err = sign(data, jsonl=True)
    assert status == 2
    assert "line 2" in err
    assert len(out.splitlines()) == 1


def test_control_characters_never_reach_the_terminal() -> None:
    text = PYTHON.replace("division by zero", "\x1b]0;owned\x07\x9b31m E-\x1b17")
    text = text.replace("ratio", "ra\x9btio\u202e")
    _, out, _ = sign(text.encode())
    assert not any(not char.isprintable() and char != "\n" for char in out)


def test_bytes_that_are_no_text_are_signed() -> None:
    status, out, _ = sign(b"\xff\xfe\x00" + PYTHON.encode() + b"\xff")
    assert status == 0
    assert "ZeroDivisionError" in out


def test_half_a_surrogate_in_json_is_answered() -> None:
    data = b'{"id": "\\ud800", "input": "java.lang.E: \\ud800\\n\\tat a.B\\ud800.c(D.java:1)"}\n'
    status, out, _ = sign(data, jsonl=True)
    assert status == 0
    assert json.loads(out)["key"] is not None
