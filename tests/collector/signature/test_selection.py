"""Which frames mean something."""

import pytest

from faultbox_collector.signature.selection import list_addresses, select_frames
from faultbox_collector.signature.trace import Ecosystem, Frame, Trace, TraceKind


def select(ecosystem: Ecosystem, *functions: str) -> tuple[str, ...]:
    frames = tuple(Frame(function=name) for name in functions)
    return select_frames(Trace(ecosystem, TraceKind.EXCEPTION, frames=frames)).names


@pytest.mark.parametrize(
    ("functions", "kept"),
    [
        (("__GI_raise", "abort", "__assert_fail", "check", "main"), ("check", "main")),
        (("_int_free", "free", "close_lens", "main"), ("close_lens", "main")),
        (("std::__throw_out_of_range(char const*)", "at", "main"), ("at", "main")),
        (("strlen", "name_of", "main", "__libc_start_main", "_start"), ("name_of", "main")),
        (("on_segv_signal_handler", "<signal handler called>", "draw"), ("draw",)),
        (("f", "f", "f", "g", "main"), ("f", "g", "main")),
    ],
)
def test_native(functions: tuple[str, ...], kept: tuple[str, ...]) -> None:
    assert select(Ecosystem.NATIVE, *functions) == kept


@pytest.mark.parametrize(
    ("functions", "kept"),
    [
        (("java.util.List.get", "com.acme.A.run", "java.lang.Thread.run"), ("com.acme.A.run",)),
        (("com.acme.A.run", "com.acme.ATest.testRun", "com.acme.Suite.go"), ("com.acme.A.run",)),
        (("com.acme.ATest.testRun", "org.junit.Runner.go"), ("com.acme.ATest.testRun",)),
        (("com.acme.A.access$000", "com.acme.A.run"), ("com.acme.A.run",)),
    ],
)
def test_java(functions: tuple[str, ...], kept: tuple[str, ...]) -> None:
    assert select(Ecosystem.JAVA, *functions) == kept


def test_only_foreign_frames_stand_in_for_missing_own_ones() -> None:
    frames = (Frame(function="java.util.Timer.run"),)
    selection = select_frames(Trace(Ecosystem.JAVA, TraceKind.EXCEPTION, frames=frames))
    assert selection.names == ("java.util.Timer.run",)
    assert not selection.own


def test_what_was_dropped_is_told() -> None:
    frames = tuple(Frame(function=name) for name in ("abort", "strlen", "draw"))
    steps = select_frames(Trace(Ecosystem.NATIVE, TraceKind.SIGNAL, frames=frames)).steps
    assert any("abort" in step and "native_cut" in step for step in steps)
    assert any("native_not_in_app" in step for step in steps)


def test_python_paths_of_libraries_are_foreign() -> None:
    frames = (
        Frame(function="get", file="/usr/lib/python3/dist-packages/requests/api.py"),
        Frame(function="<listcomp>", file="/srv/shop/app.py"),
        Frame(function="fetch", file="/srv/shop/app.py"),
    )
    trace = Trace(Ecosystem.PYTHON, TraceKind.EXCEPTION, frames=frames)
    assert select_frames(trace).names == ("app.fetch",)


def test_addresses_stop_where_one_is_missing() -> None:
    frames = (
        Frame(module="/lib/libc.so.6", offset=1),
        Frame(module="/opt/camd", offset=2),
        Frame(module="/opt/camd"),
        Frame(module="/opt/camd", offset=4),
    )
    trace = Trace(Ecosystem.NATIVE, TraceKind.SIGNAL, frames=frames)
    assert list_addresses(trace, 5) == ("camd+0x2",)
