"""Who may look: one-time login links and sessions.

Only hashes of tokens are stored, so that a copy of the database opens no door. A session lives in
the database and can be ended there.
"""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from faultbox_collector.store.engine import upsert
from faultbox_collector.store.products import DEFAULT_ORGANISATION
from faultbox_collector.store.tables import account, login_link, session

LINK_MS = 24 * 3600 * 1000
SESSION_MS = 30 * 24 * 3600 * 1000
FIRST_LOGIN = "admin"


@dataclass(frozen=True, slots=True)
class Person:
    """Who is looking."""

    login: str
    language: str | None
    csrf: str
    """The token that every form of this session carries."""


def hash_token(token: str) -> bytes:
    """Return what is stored of a token of 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def create_login_link(connection: Connection, login: str, now_ms: int) -> str:
    """Return a new one-time token for an account, made where it is new; valid for a day."""
    statement = upsert(connection.dialect.name, account).values(
        organisation_id=DEFAULT_ORGANISATION, login=login, created_ms=now_ms
    )
    connection.execute(
        statement.on_conflict_do_nothing(index_elements=["organisation_id", "login"])
    )
    account_id = connection.execute(
        select(account.c.id).where(
            account.c.organisation_id == DEFAULT_ORGANISATION, account.c.login == login
        )
    ).scalar_one()
    token = secrets.token_urlsafe(32)
    connection.execute(
        login_link.insert().values(
            token_hash=hash_token(token),
            organisation_id=DEFAULT_ORGANISATION,
            account_id=account_id,
            expires_ms=now_ms + LINK_MS,
        )
    )
    return token


def redeem_login_link(connection: Connection, token: str, now_ms: int) -> str | None:
    """Return a session token for a link that is unused and not expired, else None."""
    row = connection.execute(
        select(login_link).where(login_link.c.token_hash == hash_token(token))
    ).one_or_none()
    if row is None or row.used_ms is not None or row.expires_ms < now_ms:
        return None
    connection.execute(
        update(login_link).where(login_link.c.token_hash == row.token_hash).values(used_ms=now_ms)
    )
    connection.execute(delete(session).where(session.c.expires_ms < now_ms))
    session_token = secrets.token_urlsafe(32)
    connection.execute(
        session.insert().values(
            token_hash=hash_token(session_token),
            organisation_id=row.organisation_id,
            account_id=row.account_id,
            csrf=secrets.token_urlsafe(24),
            expires_ms=now_ms + SESSION_MS,
        )
    )
    return session_token


def find_person(connection: Connection, session_token: str, now_ms: int) -> Person | None:
    """Return who a session belongs to, None where it is unknown or over."""
    row = connection.execute(
        select(account.c.login, account.c.language, session.c.csrf)
        .join(account, account.c.id == session.c.account_id)
        .where(session.c.token_hash == hash_token(session_token), session.c.expires_ms >= now_ms)
    ).one_or_none()
    return Person(row.login, row.language, row.csrf) if row else None


def end_session(connection: Connection, session_token: str) -> None:
    """End a session."""
    connection.execute(delete(session).where(session.c.token_hash == hash_token(session_token)))


def set_language(connection: Connection, session_token: str, language: str) -> None:
    """Remember the language of whoever this session belongs to."""
    connection.execute(
        update(account)
        .where(
            account.c.id
            == select(session.c.account_id)
            .where(session.c.token_hash == hash_token(session_token))
            .scalar_subquery()
        )
        .values(language=language)
    )


def anybody_logged_in(connection: Connection) -> bool:
    """Tell whether any login link was ever used."""
    found = connection.execute(
        select(login_link.c.token_hash).where(login_link.c.used_ms.is_not(None)).limit(1)
    )
    return found.first() is not None
