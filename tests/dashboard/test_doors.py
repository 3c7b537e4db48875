"""The collector's doors are the doors that the pages were made for."""

import inspect

import pytest

from faultbox_collector.desk import doors as real
from faultbox_dashboard import doors
from support.fake_desk import FakeDesk

# the type checker compares these in full; the test below what it can at run time
READER: type[doors.Reader] = real.Reader
ACCOUNTS: type[doors.Accounts] = real.Accounts
DESK: type[doors.Desk] = real.Desk
FAKE_READER: type[doors.Reader] = FakeDesk
FAKE_ACCOUNTS: type[doors.Accounts] = FakeDesk
FAKE_DESK: type[doors.Desk] = FakeDesk


@pytest.mark.parametrize(
    ("door", "made"),
    [
        (doors.Reader, READER),
        (doors.Accounts, ACCOUNTS),
        (doors.Desk, DESK),
        (doors.Reader, FAKE_READER),
        (doors.Accounts, FAKE_ACCOUNTS),
        (doors.Desk, FAKE_DESK),
    ],
)
def test_every_question_of_the_pages_is_answered(door: type, made: type) -> None:
    for name, asked in inspect.getmembers(door, inspect.isfunction):
        if name.startswith("_"):
            continue
        answered = getattr(made, name)
        assert inspect.iscoroutinefunction(answered)
        count = len(inspect.signature(asked).parameters)
        assert len(inspect.signature(answered).parameters) == count
