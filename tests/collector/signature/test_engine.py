"""What must never change a key, what always must, and that no text can hurt the engine."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from faultbox_collector.signature.engine import sign_text
from faultbox_collector.signature.keys import EXACT_KINDS
from support.crash_texts import (
    ALL,
    CODE_LINE,
    GDB,
    INNERMOST,
    PYTHON,
    TYPES,
    add_syslog,
    move_addresses,
    shift_lines,
)

names = st.sampled_from(sorted(ALL))
noise = st.lists(
    st.sampled_from(
        [
            "INFO scheduler: tick 2390 done in 66 ms",
            "DEBUG net: rx 9169 bytes from 10.0.202.7",
            "2026-11-25 08:05:11 worker heartbeat ok seq=7701",
            "systemd[1]: Started Session 6028 of user root.",
            "您好，设备又坏了，请看下面的日志：",
            "",
        ]
    ),
    max_size=20,
).map(lambda lines: "".join(f"{line}\n" for line in lines))


@given(name=names, before=noise, after=noise)
def test_lines_around_the_fault_change_nothing(name: str, before: str, after: str) -> None:
    text = ALL[name]
    assert sign_text(f"{before}\n{text}\n{after}").key == sign_text(text).key


@given(name=names, by=st.integers(1, 5000))
def test_another_release_moves_lines_and_keeps_the_key(name: str, by: int) -> None:
    assert sign_text(shift_lines(ALL[name], by)).key == sign_text(ALL[name]).key


@given(name=names, by=st.integers(1, 1 << 30))
def test_another_run_moves_addresses_and_keeps_the_key(name: str, by: int) -> None:
    assert sign_text(move_addresses(ALL[name], by)).key == sign_text(ALL[name]).key


@given(
    name=names,
    host=st.from_regex(r"[a-z]{1,8}-[0-9]{1,3}", fullmatch=True),
    pid=st.integers(1, 99999),
)
def test_a_way_through_syslog_keeps_the_key(name: str, host: str, pid: int) -> None:
    assert sign_text(add_syslog(ALL[name], host, pid)).key == sign_text(ALL[name]).key


@pytest.mark.parametrize("name", sorted(ALL))
def test_windows_line_ends_keep_the_key(name: str) -> None:
    assert sign_text(ALL[name].replace("\n", "\r\n")).key == sign_text(ALL[name]).key


@pytest.mark.parametrize(
    ("old", "new"), [("/srv/shop", "/home/ann/checkout"), ("/home/build", "/b/77")]
)
@pytest.mark.parametrize("name", sorted(ALL))
def test_another_folder_keeps_the_key(name: str, old: str, new: str) -> None:
    assert sign_text(ALL[name].replace(old, new)).key == sign_text(ALL[name]).key


@pytest.mark.parametrize("name", ["java", "gdb", "asan", "logcat"])
def test_a_text_cut_below_the_application_keeps_the_key(name: str) -> None:
    lines = ALL[name].splitlines(keepends=True)
    cut = {"java": 4, "gdb": 6, "asan": 5, "logcat": 4}[name]
    assert sign_text("".join(lines[:cut])).key == sign_text(ALL[name]).key


@pytest.mark.parametrize("name", sorted(INNERMOST))
def test_another_innermost_function_is_another_fault(name: str) -> None:
    old, new = INNERMOST[name]
    assert sign_text(ALL[name].replace(old, new)).key != sign_text(ALL[name]).key


@pytest.mark.parametrize("name", sorted(TYPES))
def test_another_type_is_another_fault(name: str) -> None:
    old, new = TYPES[name]
    assert sign_text(ALL[name].replace(old, new)).key != sign_text(ALL[name]).key


def test_another_outer_type_is_another_fault() -> None:
    text = ALL["java_caused"]
    changed = text.replace("UplinkException", "DownlinkException")
    assert sign_text(changed).key != sign_text(text).key


def test_another_program_killed_is_another_fault() -> None:
    text = ALL["oom"]
    assert sign_text(text.replace("camd", "logd")).key != sign_text(text).key


def test_words_around_a_code_do_not_matter() -> None:
    other = "camd: E202 while booting, giving up"
    assert sign_text(f"error {other}").key == sign_text(CODE_LINE).key


@given(st.text(max_size=2000))
def test_any_text_gets_an_answer(text: str) -> None:
    signed = sign_text(text)
    assert (signed.key is None) == (not any(key.kind in EXACT_KINDS for key in signed.keys))
    assert signed.steps


PIECES = (
    'File "a", line 1, in f', "Traceback (most recent call last):", "\tat a.b(C.java:1)", "#0",
    "#1 0x12ab in f", "Caused by: ", "E: x", "|", "SIGSEGV", "==1==ERROR: AddressSanitizer: x",
    "killed by signal 9", "operator()<", "(((", "{lambda(", "0x", "-5", "error E-", "\n", "\n",
    " ", "\x00", "\x1b[31m", "错误",
)  # fmt: skip


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=60))
@settings(max_examples=300)
def test_pieces_of_every_format_mixed_get_an_answer(pieces: list[str]) -> None:
    assert sign_text("".join(pieces)).steps


@pytest.mark.parametrize(
    "piece",
    ["(", "<", "at ", "a.", ": ", "x" * 5000 + "\n", "\x00", "#0 ", "E-", "/a", "'", "Error:"],
)
def test_200_kilobytes_of_one_thing_are_no_fault_to_the_engine(piece: str) -> None:
    assert sign_text(piece * (200_000 // len(piece))).quality <= 1


def test_a_recursion_of_any_depth_is_one_fault() -> None:
    head, frame, *_ = PYTHON.splitlines()
    keys = {
        sign_text("\n".join([head, *[frame] * depth, "RecursionError: too deep"])).key
        for depth in (3, 30, 1500)
    }
    assert len(keys) == 1


def test_where_in_a_cycle_the_stack_ran_out_does_not_matter() -> None:
    turn = ["\tat a.Tree.left(Tree.java:1)", "\tat a.Tree.right(Tree.java:2)"]
    texts = ["\n".join(["java.lang.StackOverflowError", *(turn * 20)[start:]]) for start in (0, 1)]
    assert sign_text(texts[0]).key == sign_text(texts[1]).key


def test_a_text_without_a_fault_has_no_key() -> None:
    signed = sign_text("GET /health HTTP/1.1 200\nmodel SM-G998B, UTF-8, SHA-256 verified\n")
    assert signed.key is None
    assert signed.codes == ()


def test_the_answer_names_everything_a_ticket_needs() -> None:
    signed = sign_text(GDB)
    assert signed.title == "SIGSEGV in parse_frame"
    assert signed.kind == "crash"
    assert signed.signal == "SIGSEGV"
    assert signed.program == "camd"
    assert signed.function == "parse_frame"
    assert signed.frames == ("parse_frame", "cam::Reader::next", "main")
    assert signed.quality == 3
    assert any("native" in step for step in signed.steps)


def test_the_loose_key_never_counts_by_itself() -> None:
    for text in ALL.values():
        signed = sign_text(text)
        chosen = next(key for key in signed.keys if key.value == signed.key)
        assert chosen.kind in EXACT_KINDS
