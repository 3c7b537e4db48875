"""Which evidence makes which key."""

import pytest

from faultbox_collector.signature.recipes import Recipe, cook_keys
from faultbox_collector.signature.selection import select_frames
from faultbox_collector.signature.trace import Ecosystem, Frame, Trace, TraceKind


def cook(kind: str, message: str, *functions: str) -> Recipe:
    trace = Trace(
        Ecosystem.JAVA,
        TraceKind.EXCEPTION,
        type=kind,
        message=message,
        frames=tuple(Frame(function=name) for name in functions),
    )
    return cook_keys(trace, select_frames(trace))


STACK = ("a.A.one", "a.B.two", "a.C.three", "a.D.four")


@pytest.mark.parametrize(
    ("kind", "message", "frames"),
    [
        ("java.lang.NullPointerException", "x is null", 1),
        ("a.PumpException", "", 1),
        ("a.PumpException", "pump is dry", 3),
    ],
)
def test_how_many_frames_a_type_takes(kind: str, message: str, frames: int) -> None:
    text = cook(kind, message, *STACK).keys[0].text
    assert text.count(" < ") == frames - 1


def test_the_message_of_an_exception_with_frames_is_not_in_its_key() -> None:
    first, other = cook("a.E", "pump A is dry", *STACK), cook("a.E", "pump B is dry", *STACK)
    assert first.keys == other.keys


def test_the_errno_of_a_message_is() -> None:
    first, other = cook("a.E", "[Errno 28] full", *STACK), cook("a.E", "[Errno 2] gone", *STACK)
    assert first.keys[0] != other.keys[0]


def test_without_frames_the_template_must_do() -> None:
    recipe = cook("a.E", "pump 4 is dry")
    assert [key.kind for key in recipe.keys] == ["msg", "loose"]
    assert recipe.keys[0] == cook("a.E", "pump 5 is dry").keys[0]
    assert recipe.title == "E: pump * is dry"


def test_foreign_frames_alone_need_the_template_too() -> None:
    first, other = cook("a.E", "dry", "java.util.T.run"), cook("a.E", "wet", "java.util.T.run")
    assert first.keys[0] != other.keys[0]


def test_every_recipe_says_why() -> None:
    for recipe in (cook("a.E", "dry", *STACK), cook("a.E", "dry")):
        assert recipe.steps
