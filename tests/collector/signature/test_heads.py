"""What a device states in fields outranks what its texts say, and both roads meet in one key."""

import hypothesis.strategies as st
from hypothesis import given

from faultbox_collector.signature.engine import Signed, sign_head, sign_text
from faultbox_protocol.report import Cause, Err, Frame, Head, Product
from faultbox_protocol.words import FaultKind
from support.builders import an_id
from support.crash_texts import GDB, PYTHON


def sign(err: Err | None, kind: FaultKind = FaultKind.CRASH) -> Signed:
    return sign_head(Head(id=an_id(), kind=kind, prod=Product("camera"), err=err))


def a_stack(*places: tuple[str, str]) -> tuple[Frame, ...]:
    return tuple(
        Frame(fn=fn, mod=f"shop.{stem}", file=f"/srv/shop/{stem}.py", line=8, app=True)
        for stem, fn in places
    )


RATIO = a_stack(("pricing", "ratio"), ("order", "Order.total"), ("app", "main"))


def test_fields_and_text_of_one_exception_are_one_fault() -> None:
    err = Err(type="ZeroDivisionError", msg="division by zero", frames=RATIO)
    signed = sign(err)
    assert signed.key == sign_text(PYTHON).key
    assert signed.title == "ZeroDivisionError in pricing.ratio"


def test_logged_or_uncaught_is_one_fault() -> None:
    err = Err(type="ZeroDivisionError", msg="division by zero", frames=RATIO)
    assert sign(err, FaultKind.ERROR).key == sign(err, FaultKind.CRASH).key
    assert sign(err, FaultKind.ERROR).kind == "error"


def test_a_cause_with_frames_is_the_root() -> None:
    inner = Cause("KeyError", "'id'", a_stack(("store", "load")))
    signed = sign(Err(type="shop.LoadError", msg="cannot load", frames=RATIO, causes=(inner,)))
    assert signed.title == "KeyError in store.load"
    other = sign(Err(type="shop.SaveError", msg="cannot save", frames=RATIO, causes=(inner,)))
    assert other.key != signed.key


def test_of_a_group_the_first_member_counts() -> None:
    members = (
        Cause("ValueError", "a", a_stack(("g", "one"))),
        Cause("KeyError", "b", a_stack(("g", "two"))),
    )
    signed = sign(Err(type="ExceptionGroup", msg="many", frames=RATIO, causes=members))
    assert signed.function == "g.one"


def test_frames_that_the_device_calls_foreign_are_dropped() -> None:
    frames = (Frame(fn="get", mod="requests.api", file="/opt/v/requests/api.py", app=False), *RATIO)
    err = Err(type="KeyError", msg="x", frames=frames)
    assert sign(err).function == "pricing.ratio"


def test_a_stated_code_is_the_fault_whatever_the_words() -> None:
    first = sign(Err(code="E-202", msg="设备启动后报错代码E-202，无法进入系统"), FaultKind.ERROR)
    other = sign(Err(code="Ｅ２０２", msg="still down after 3 restarts, ERR-9"), FaultKind.ERROR)
    assert first.key == other.key
    assert (first.title, first.codes[0], first.kind) == ("E-202", "E-202", "error")
    assert first.key == sign_text("报错代码E-202").key


def test_the_same_code_of_two_programs_is_two_faults() -> None:
    faults = {sign(Err(code="E-202", type=unit), FaultKind.ERROR).key for unit in ("camd", "logd")}
    assert len(faults) == 2


def test_a_code_tells_exceptions_of_one_place_apart() -> None:
    keys = {
        sign(Err(type="shop.DeviceError", msg=f"{code} stalled", code=code, frames=RATIO)).key
        for code in ("E-17", "E-18")
    }
    assert len(keys) == 2


def test_an_exit_by_signal_is_program_and_signal() -> None:
    signed = sign(Err(type="/usr/bin/worker", sig_no=9, msg="killed by signal 9"))
    assert (signed.title, signed.program, signed.signal) == ("SIGKILL: worker", "worker", "SIGKILL")
    assert signed.key != sign(Err(type="/usr/bin/worker", sig_no=11)).key
    assert signed.key != sign(Err(type="/usr/bin/logger", sig_no=9)).key
    assert signed.key == sign(Err(type="/opt/v2/worker", sig_no=9)).key
    assert signed.key == sign_text("process worker killed by signal 9").key


def a_supervised_end(signal: int | None, what: str, *stderr: str, code: str | None = None) -> Err:
    """What a supervisor reports: the sentence first, then the last lines of the program."""
    return Err(
        type="SIGSEGV" if signal else what,
        sig_no=signal,
        code=code,
        msg=stderr[-1] if stderr else what,
        text="\n".join([f"camd: {what}", *stderr]),
    )


def test_a_supervised_program_is_named_by_the_sentence_about_its_end() -> None:
    end = a_supervised_end(11, "killed by signal 11 (SIGSEGV)", "child foo exited with code 3")
    assert sign(end).title == "SIGSEGV: camd"
    assert sign(a_supervised_end(None, "exit status 3")).title == "exit 3: camd"


def test_a_supervised_program_that_told_a_code_is_known_by_it() -> None:
    end = a_supervised_end(None, "exit status 3", "报错代码E-202", code="E-202")
    assert sign(end).title == "E-202: camd"


def test_a_traceback_on_the_way_out_is_the_fault_itself() -> None:
    end = a_supervised_end(None, "exit status 1", *PYTHON.splitlines())
    assert sign(end).key == sign_text(PYTHON).key


def test_out_of_memory_is_its_own_kind() -> None:
    signed = sign(Err(type="worker", sig_no=9), FaultKind.OOM)
    assert (signed.kind, signed.title) == ("oom", "out of memory: worker")


def test_a_stack_in_the_text_beats_the_bare_signal() -> None:
    signed = sign(Err(type="camd", sig_no=11, text=GDB))
    assert signed.key == sign_text(GDB).key


def test_a_signal_outlives_text_without_a_stack() -> None:
    signed = sign(Err(type="camd", sig_no=11, text="ERROR camera not found\n"))
    assert signed.title == "SIGSEGV: camd"


def test_native_frames_without_symbols_get_an_address_key() -> None:
    frames = (
        Frame(mod="/usr/lib/libcam.so", build_id="ab12", off=0x1F0),
        Frame(mod="/usr/bin/camd", build_id="cd34", off=0x2A0),
    )
    signed = sign(Err(sig_no=11, frames=frames))
    assert signed.keys[0].kind == "addr"
    assert signed.keys[0].text.endswith("libcam.so:ab12+0x1f0 < camd:cd34+0x2a0")
    named = tuple(
        Frame(fn=fn, mod=f.mod, build_id=f.build_id, off=f.off)
        for fn, f in zip(("open_lens", "main"), frames, strict=True)
    )
    later = sign(Err(sig_no=11, frames=named))
    assert later.keys[0].kind == "strict"
    assert signed.key in {key.value for key in later.keys}


def test_a_log_call_rests_on_its_place_and_words() -> None:
    place = a_stack(("lens", "focus"))
    first = sign(Err(msg="lens 4 stuck at 17 mm", frames=place), FaultKind.ERROR)
    again = sign(Err(msg="lens 2 stuck at 99 mm", frames=place), FaultKind.ERROR)
    other = sign(Err(msg="lens lost", frames=place), FaultKind.ERROR)
    assert first.key == again.key != other.key
    assert first.title == "lens * stuck at * mm in lens.focus"


def test_a_head_without_error_has_no_key() -> None:
    assert sign(None, FaultKind.FEEDBACK).key is None
    assert sign(Err(), FaultKind.CRASH).key is None
    assert sign(Err(), FaultKind.CRASH).steps


words = st.none() | st.text(max_size=60)
frames = st.lists(
    st.builds(
        Frame,
        fn=words,
        mod=words,
        file=words,
        line=st.none() | st.integers(0, 1 << 31),
        off=st.none() | st.integers(0, 1 << 63),
        build_id=words,
        app=st.none() | st.booleans(),
    ),
    max_size=5,
).map(tuple)


@given(
    st.builds(
        Err,
        code=words,
        type=words,
        msg=words,
        sig_no=st.none() | st.integers(0, 70),
        frames=frames,
        causes=st.lists(
            st.builds(Cause, type=st.text(max_size=20), msg=words, frames=frames), max_size=3
        ).map(tuple),
        text=words,
    ),
    st.sampled_from(FaultKind),
)
def test_any_head_gets_an_answer(err: Err, kind: FaultKind) -> None:
    assert sign(err, kind).steps
