"""Hypothesis strategies: any report within the limits, and any report at all."""

from hypothesis import strategies as st

from faultbox_protocol.report import (
    Attachment,
    Cause,
    Err,
    Evidence,
    Fingerprint,
    Frame,
    Head,
    LogLine,
    Plain,
    Product,
    Scalar,
    Scrub,
    Where,
)
from faultbox_protocol.words import ClockQuality, FaultKind, Place, Severity

MAX_INT = 2**63 - 1
counts = st.integers(0, MAX_INT)
times = st.integers(-MAX_INT, MAX_INT)


def texts(most: int = 12) -> st.SearchStrategy[str]:
    """Return texts as a reader takes them."""
    plain = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    return st.text(plain, max_size=most)


def wild_texts() -> st.SearchStrategy[str]:
    """Return texts with NULs and lone surrogates, some of them huge."""
    short = st.text(st.characters(), max_size=20)
    pieces = st.sampled_from(["a", "\0", "\ud800", "故障", "\U0001f4a5", "<b>"])
    sizes = st.sampled_from([0, 1, 300, 2000, 40_000])
    huge = st.builds(lambda piece, tail, size: piece * size + tail, pieces, short, sizes)
    return short | huge


def heads() -> st.SearchStrategy[Head]:
    """Return heads within the limits of the wire."""
    return _heads(texts(), counts, times)


def wild_heads() -> st.SearchStrategy[Head]:
    """Return heads that nobody has trimmed."""
    wild_numbers = st.integers(-(2**70), 2**70)
    return _heads(wild_texts(), wild_numbers, wild_numbers)


def evidences() -> st.SearchStrategy[Evidence]:
    """Return evidence within the limits of the wire."""
    return _evidences(texts(), times, st.floats(allow_nan=False, allow_infinity=False), 16)


def wild_evidences() -> st.SearchStrategy[Evidence]:
    """Return evidence that nobody has trimmed."""
    return _evidences(wild_texts(), st.integers(-(2**70), 2**70), st.floats(), 40)


def _frames(
    text: st.SearchStrategy[str], number: st.SearchStrategy[int]
) -> st.SearchStrategy[Frame]:
    words, numbers = st.none() | text, st.none() | number
    return st.builds(
        Frame,
        fn=words,
        mod=words,
        file=words,
        line=numbers,
        off=numbers,
        build_id=words,
        app=st.none() | st.booleans(),
    )


def _errs(text: st.SearchStrategy[str], number: st.SearchStrategy[int]) -> st.SearchStrategy[Err]:
    words = st.none() | text
    frames = st.lists(_frames(text, number), max_size=4).map(tuple)
    causes = st.lists(st.builds(Cause, type=text, msg=words, frames=frames), max_size=2).map(tuple)
    return st.builds(
        Err,
        code=words,
        type=words,
        msg=words,
        sig_no=st.none() | st.integers(0, 255),
        frames=frames,
        causes=causes,
        text=words,
    )


def _heads(
    text: st.SearchStrategy[str], number: st.SearchStrategy[int], time: st.SearchStrategy[int]
) -> st.SearchStrategy[Head]:
    words = st.none() | text
    products = st.builds(
        Product,
        name=text.filter(bool),
        **dict.fromkeys(
            ("model", "serial", "batch", "hw", "fw", "app", "build_id", "channel"), words
        ),
    )
    return st.builds(
        Head,
        id=st.binary(min_size=16, max_size=16),
        kind=st.sampled_from(FaultKind),
        prod=products,
        v=st.just(1),
        seq=st.none() | number,
        sev=st.none() | st.sampled_from(Severity),
        t_ms=st.none() | time,
        clk=st.none() | st.sampled_from(ClockQuality),
        mono_ms=st.none() | number,
        boot=words,
        n=st.integers(1, 2**31),
        t0_ms=st.none() | time,
        t1_ms=st.none() | time,
        where=st.none() | st.builds(Where, env=st.sampled_from(Place), site=words, host=words),
        err=st.none() | _errs(text, number),
        fp=st.none()
        | st.builds(Fingerprint, alg=number, sig=text, parts=st.lists(text, max_size=3).map(tuple)),
        att=st.lists(
            st.builds(
                Attachment,
                name=text,
                ctype=text,
                raw_b=number,
                sha256=text,
                i=st.none() | st.integers(0, 15),
                up=words,
            ),
            max_size=2,
        ).map(tuple),
        form=st.dictionaries(text, text, max_size=3),
        drops=st.dictionaries(text, number, max_size=3),
        scrub=st.none() | st.builds(Scrub, v=number, hits=number),
        of=st.none() | st.binary(min_size=16, max_size=16),
        crit=st.just(()),
        unknown=st.just(()),
    )


def _evidences(
    text: st.SearchStrategy[str],
    number: st.SearchStrategy[int],
    real: st.SearchStrategy[float],
    most_bytes: int,
) -> st.SearchStrategy[Evidence]:
    scalars: st.SearchStrategy[Scalar] = st.none() | st.booleans() | number | real | text
    leaves: st.SearchStrategy[Plain] = scalars | st.binary(max_size=most_bytes)
    trees: st.SearchStrategy[Plain] = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
        max_leaves=8,
    )
    tables = st.dictionaries(text.filter(lambda name: name != "procs"), trees, max_size=3)
    lists = st.lists(tables, max_size=3).map(tuple)
    words = st.none() | text
    lines = st.builds(LogLine, dt_ms=st.none() | number, sev=words, unit=words, text=text)
    return st.builds(
        Evidence,
        log=st.lists(lines, max_size=4).map(tuple),
        sys=tables,
        crumbs=lists,
        threads=lists,
        modules=lists,
        form=st.dictionaries(text, text, max_size=3),
        x=st.dictionaries(text, scalars, max_size=3),
    )
