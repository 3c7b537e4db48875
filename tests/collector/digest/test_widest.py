"""The widest values that the protocol lets through are stored by both engines, each as it is.

SQLite takes any length in any column and PostgreSQL does not, so the widths are also checked
against what SQLite has stored.
"""

import re
from dataclasses import replace

import pytest
from sqlalchemy import BigInteger, Integer, String, Text, func, select

from faultbox_collector.store import tables
from faultbox_collector.store.activity import add_beats
from faultbox_collector.store.occurrences import QuarantineRow, insert_quarantine
from faultbox_protocol import limits
from faultbox_protocol.beats import DAY_SECONDS, Beat
from faultbox_protocol.fields import MAX_INT
from faultbox_protocol.report import Err, Evidence, Frame, Head, LogLine, Product, Where
from faultbox_protocol.words import ClockQuality, FaultKind, Place, Severity
from support.builders import BOOT, NOON_MS, a_bundle, a_head, an_err, an_id
from support.collector import Rig
from support.crash_texts import ALL

SHORT = "\N{MATHEMATICAL BOLD CAPITAL A}" * limits.SHORT_TEXT_CHARS
"""As many characters as a short text may have, four bytes each."""
PRODUCT = "p" * limits.SHORT_TEXT_CHARS


def a_wide_head(number: int, kind: FaultKind, err: Err) -> Head:
    """Return a head with the longest texts and the largest numbers."""
    return Head(
        id=an_id(number),
        kind=kind,
        prod=Product(PRODUCT, SHORT, SHORT[:-1], SHORT, SHORT, SHORT, SHORT, SHORT, SHORT),
        seq=MAX_INT,
        sev=Severity.FATAL,
        t_ms=MAX_INT,
        clk=ClockQuality.SYNCED,
        mono_ms=MAX_INT,
        boot="b" * limits.BOOT_CHARS,
        n=limits.FOLDED,
        t0_ms=-MAX_INT,
        t1_ms=MAX_INT,
        where=Where(Place.CUSTOMER_SITE, SHORT, SHORT),
        err=err,
        form={f"{n:02}".ljust(limits.WORD_CHARS, "f"): "v" * 100 for n in range(8)},
        drops={
            f"{n:02}".ljust(limits.WORD_CHARS, "d"): MAX_INT for n in range(limits.DROP_REASONS)
        },
    )


def wide_errors() -> list[Err]:
    """Return errors each with something as long as it may be."""
    frame_text = "\N{CJK UNIFIED IDEOGRAPH-6545}" * limits.FRAME_TEXT_CHARS
    frames = tuple(Frame(frame_text[:-1] + str(n), frame_text, frame_text) for n in range(3))
    return [
        Err(SHORT, frame_text, "m" * limits.MESSAGE_CHARS, frames=frames),
        Err(code="E-" + "9" * (limits.SHORT_TEXT_CHARS - 2)),
        Err(msg="code=" + "E" * 100 + "-" + "7" * 4_000),
        Err(type="x" * limits.FRAME_TEXT_CHARS, sig_no=limits.SIGNAL_NUMBER),
        Err(type="SIG" + "X" * (limits.FRAME_TEXT_CHARS - 3), sig_no=11),
        Err(text="t" * limits.CRASH_TEXT_CHARS),
    ]


def check_widths(rig: Rig) -> None:
    """Check every value stored against the width that PostgreSQL would hold it to."""
    for table in tables.metadata.sorted_tables:
        for column in table.columns:
            kind = column.type
            if isinstance(kind, String) and not isinstance(kind, Text) and kind.length:
                query, most = select(func.max(func.length(column))), kind.length
            elif isinstance(kind, Integer) and not isinstance(kind, BigInteger):
                query, most = select(func.max(column)), 2**31 - 1
            else:
                continue
            widest = rig.read(lambda c, query=query: c.execute(query).scalar())  # type: ignore[misc]
            assert widest is None or widest <= most, f"{table.name}.{column.name}: {widest}"


@pytest.mark.parametrize("kind", [FaultKind.CRASH, FaultKind.ERROR, FaultKind.FEEDBACK])
def test_the_longest_texts_and_the_largest_numbers(rig: Rig, kind: FaultKind) -> None:
    errors = wide_errors()
    evidence = Evidence(log=(LogLine(-MAX_INT, "s" * 16, SHORT, "l" * limits.LOG_LINE_CHARS),))
    rig.put(
        *(a_bundle(a_wide_head(n, kind, err), evidence) for n, err in enumerate(errors, 1)),
        product=PRODUCT,
    )
    rig.digest()
    assert rig.count(tables.quarantine) == 0
    assert [row.folded for row in rig.rows(tables.occurrence)] == [limits.FOLDED] * len(errors)
    [device] = rig.rows(tables.device)
    assert (device.serial, device.model, device.batch) == (SHORT[:-1], SHORT, SHORT)
    assert {row.version for row in rig.rows(tables.signature_version)} == {SHORT}
    check_widths(rig)


def grown_texts() -> list[str]:
    """Return the crash texts of every format, each with one of its words grown very long."""
    return [
        re.sub(rf"\b{word}\b", (word * 600)[:2_000], text, count=1)
        for text in ALL.values()
        for word in sorted(set(re.findall(r"[A-Za-z_]{3,}", text)))
    ]


def test_whatever_is_long_in_a_crash_text(rig: Rig) -> None:
    texts = grown_texts()
    assert len(texts) > 100
    rig.put(
        *(
            a_bundle(a_head(n, err=replace(an_err(functions=(), type=None, msg=None), text=text)))
            for n, text in enumerate(texts, 1)
        )
    )
    rig.digest()
    assert rig.count(tables.quarantine) == 0
    assert rig.count(tables.occurrence) == len(texts)
    check_widths(rig)


def test_the_widest_heartbeat(rig: Rig) -> None:
    product_id = rig.product_id()
    beat = Beat(
        20240501, "inspect-eye", SHORT, BOOT[:32] + "zzzz", DAY_SECONDS, SHORT, SHORT, SHORT, SHORT
    )
    assert rig.write(lambda c: add_beats(c, 1, product_id, [beat], NOON_MS)) == 1
    [row] = rig.rows(tables.activity_day)
    assert (row.version, row.up_seconds) == (SHORT, DAY_SECONDS)
    check_widths(rig)


def test_a_damaged_stretch_as_long_as_the_largest_pack(rig: Rig) -> None:
    row = QuarantineRow(
        organisation_id=1,
        product_id=None,
        bundle_id=None,
        reason="damaged",
        detail="d" * 500,
        received_ms=NOON_MS,
        pack=2**31 - 1,
        pack_offset=MAX_INT,
        pack_bytes=2**40,
    )
    rig.write(lambda c: len(insert_quarantine(c, [row])))
    [stored] = rig.rows(tables.quarantine)
    assert (stored.pack, stored.pack_offset, stored.pack_bytes) == (2**31 - 1, MAX_INT, 2**40)
