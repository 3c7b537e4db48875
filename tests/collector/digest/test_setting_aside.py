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

from faultbox_collector.digest.setting_aside import is_bundles_fault


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
