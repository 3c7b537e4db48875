"""The agent's own fingerprint: equal for the same fault, different for another."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from faultbox_protocol.fingerprint import ALGORITHM, compute_fingerprint
from faultbox_protocol.report import Err, Frame, Head
from faultbox_protocol.words import FaultKind
from support.builders import a_frame, a_head, a_product, an_err
from support.strategies import wild_heads


def sig(head: Head) -> str:
    return compute_fingerprint(head).sig


def test_time_device_and_line_numbers_do_not_matter() -> None:
    later = replace(
        a_head(2, prod=a_product(serial="SN-2", app="9.9"), t_ms=0),
        err=replace(an_err(), frames=(a_frame(line=1), a_frame("poll"), a_frame("main"))),
    )
    assert sig(later) == sig(a_head(1))


def test_what_went_wrong_and_where_matters() -> None:
    heads = [
        a_head(),
        a_head(kind=FaultKind.HANG),
        a_head(prod=a_product("other")),
        a_head(err=an_err(type="KeyError")),
        a_head(err=an_err(code="E-202")),
        a_head(err=an_err(functions=("write_sensor", "poll"))),
        a_head(err=Err(sig_no=11)),
        a_head(err=Err(sig_no=9)),
        a_head(err=Err(frames=(Frame(mod="/usr/lib/libc.so", off=5),))),
        a_head(err=Err(frames=(Frame(file="C:\\app\\main.c"),))),
        replace(a_head(), err=None),
    ]
    assert len({sig(head) for head in heads}) == len(heads)


def test_own_frames_count_before_those_of_libraries() -> None:
    library = a_frame("decode", app=False)
    with_library = a_head(err=replace(an_err(), frames=(library, *an_err().frames)))
    assert sig(with_library) == sig(a_head())


def test_where_a_library_is_installed_does_not_matter() -> None:
    paths = ["/usr/lib/libfoo.so", "C:\\foo\\libfoo.so", "libfoo.so"]
    heads = [a_head(err=Err(frames=(Frame(fn="f", mod=path),))) for path in paths]
    assert len({sig(head) for head in heads}) == 1


def test_the_parts_explain_the_fingerprint() -> None:
    found = compute_fingerprint(a_head())
    assert found.alg == ALGORITHM
    assert found.parts[:3] == ("inspect-eye", "crash", "ValueError")
    assert found.parts[3] == "inspect.sensor!read_sensor"


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(wild_heads())
def test_any_head_has_a_fingerprint(head: Head) -> None:
    assert len(sig(head)) == 32
