"""Whose fault an error is: a bundle is set aside only for what it did itself."""

import pytest
from sqlalchemy.exc import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    PendingRollbackError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from faultbox_collector.digest.setting_aside import is_bundles_fault, read_id, reason_of
from faultbox_collector.pack.records import Arrival, Position, Record, encode_arrival, read_record
from faultbox_protocol.codec import Bundle
from faultbox_protocol.errors import Invalid
from faultbox_protocol.report import Head
from support.builders import NOON_MS, a_bundle, an_id


class _Refused(Exception):
    """What a driver raises, with its SQLSTATE."""

    def __init__(self, sqlstate: str | None = None) -> None:
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    "error",
    [
        IntegrityError("INSERT", {}, _Refused()),
        DataError("INSERT", {}, _Refused()),
        OperationalError("INSERT", {}, _Refused("54000")),  # a key too long for its index
        StatementError("cannot bind", "INSERT", {}, ValueError("a lone surrogate")),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
        OverflowError("too large"),
        KeyError("a mistake of ours that this bundle brings about"),
    ],
)
def test_the_bundles(error: Exception) -> None:
    assert is_bundles_fault(error)


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("COMMIT", {}, _Refused()),  # SQLite: disk full, locked
        OperationalError("SELECT", {}, _Refused("57P01")),  # the server is being stopped
        OperationalError("INSERT", {}, _Refused("40P01")),  # deadlock
        OperationalError("INSERT", {}, _Refused("53100")),  # disk full
        InterfaceError("SELECT", {}, _Refused()),
        PendingRollbackError("the connection went"),
        PoolTimeoutError("no connection in time"),
        MemoryError(),
        OSError(5, "input/output error"),
    ],
)
def test_the_databases_or_the_machines(error: Exception) -> None:
    assert not is_bundles_fault(error)


def a_record() -> Record:
    """Return a record as it is read from a pack."""
    data = encode_arrival(Arrival(NOON_MS, 1, 1)) + a_bundle()
    return read_record(memoryview(data), Position(1, 0))


def test_only_the_protocols_reasons_are_taken_over() -> None:
    assert reason_of(Invalid("unknown_crit")) == "unknown_crit"
    assert reason_of(UnicodeDecodeError("utf-8", b"x", 0, 1, "bad_crc")) == "undigestible"


def test_the_id_is_noted_where_the_head_can_be_read() -> None:
    def broken(_bundle: Bundle) -> Head:
        raise RecursionError("the same mistake again")

    assert read_id(a_record()) == an_id(1)
    assert read_id(a_record(), broken) is None
