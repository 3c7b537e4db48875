"""A login link opens the door once, for a day; a session can be ended."""

from faultbox_collector.desk import accounts
from faultbox_collector.store import tables
from support.builders import NOON_MS
from support.collector import Rig


def a_link(rig: Rig, login: str = "admin", now_ms: int = NOON_MS) -> str:
    """Return a new login link's token."""
    return rig.write(lambda c: accounts.create_login_link(c, login, now_ms))


def redeem(rig: Rig, token: str, now_ms: int = NOON_MS) -> str | None:
    """Try a login link."""
    return rig.write(lambda c: accounts.redeem_login_link(c, token, now_ms))


def test_a_link_works_once(rig: Rig) -> None:
    token = a_link(rig)
    session = redeem(rig, token)
    assert session is not None
    assert redeem(rig, token) is None
    person = rig.read(lambda c: accounts.find_person(c, session, NOON_MS))
    assert person is not None
    assert (person.login, person.language) == ("admin", None)


def test_a_link_ends_after_a_day(rig: Rig) -> None:
    assert redeem(rig, a_link(rig), NOON_MS + accounts.LINK_MS + 1) is None
    assert redeem(rig, a_link(rig), NOON_MS + accounts.LINK_MS) is not None


def test_unknown_tokens_open_nothing(rig: Rig) -> None:
    a_link(rig)
    for token in ("", "x", "\ud800", "' OR 1=1 --"):
        assert redeem(rig, token) is None
        assert find_now(rig, token) is None


def test_a_session_ends_when_asked_and_after_its_time(rig: Rig) -> None:
    first, second = (redeem(rig, a_link(rig)) for _ in range(2))
    assert first is not None
    assert second is not None
    rig.write(lambda c: accounts.end_session(c, first))
    late = NOON_MS + accounts.SESSION_MS + 1

    def find(token: str, now_ms: int) -> accounts.Person | None:
        return rig.read(lambda c: accounts.find_person(c, token, now_ms))

    assert find(first, NOON_MS) is None
    assert find(second, NOON_MS) is not None
    assert find(second, late) is None


def test_the_language_belongs_to_the_person(rig: Rig) -> None:
    first, second = (redeem(rig, a_link(rig)) for _ in range(2))
    other = redeem(rig, a_link(rig, "li"))
    assert first is not None
    assert second is not None
    assert other is not None
    rig.write(lambda c: accounts.set_language(c, first, "en"))
    languages = [
        person.language
        for token in (first, second, other)
        if (person := find_now(rig, token)) is not None
    ]
    assert languages == ["en", "en", None]


def find_now(rig: Rig, token: str) -> accounts.Person | None:
    """Return who a session belongs to."""
    return rig.read(lambda c: accounts.find_person(c, token, NOON_MS))


def test_a_copy_of_the_database_holds_no_token(rig: Rig) -> None:
    token = a_link(rig)
    session = redeem(rig, token)
    rows = repr(rig.rows(tables.login_link)) + repr(rig.rows(tables.session))
    assert session is not None
    assert token not in rows
    assert session not in rows


def test_whether_anybody_ever_logged_in(rig: Rig) -> None:
    token = a_link(rig)
    assert not rig.read(accounts.anybody_logged_in)
    redeem(rig, token)
    assert rig.read(accounts.anybody_logged_in)
