"""What the pages ask of the rest of the server: three small doors, satisfied by the collector.

Pages import records and these protocols, never tables; tests put in-memory twins behind them.
"""

from typing import Protocol

from faultbox_collector.queries.records import (
    Overview,
    SignatureFilter,
    SignaturePage,
    TicketPage,
    TicketRow,
    UnreadableRow,
)


class Person(Protocol):
    """Who is signed in."""

    @property
    def login(self) -> str:
        """Name under which notes are written."""
        ...

    @property
    def language(self) -> str | None:
        """Chosen language tag, `zh-CN` or `en`; None while none was chosen."""
        ...

    @property
    def csrf(self) -> str:
        """Token that every form of this session carries."""
        ...


class Reader(Protocol):
    """Read models; each call is one consistent read."""

    async def overview(self) -> Overview:
        """Return what the page heads and the first-run page need."""
        ...

    async def signatures(
        self, wanted: SignatureFilter, /, *, limit: int, offset: int
    ) -> SignaturePage:
        """Return `limit` rows of the list of signatures, from row `offset`."""
        ...

    async def ticket(self, number: str, /) -> TicketPage | None:
        """Return everything on a ticket's page, or None when there is no such number."""
        ...

    async def tickets(self, *, limit: int, offset: int) -> tuple[TicketRow, ...]:
        """Return `limit` tickets, newest first, from row `offset`."""
        ...

    async def unreadable(self, *, limit: int, offset: int) -> tuple[UnreadableRow, ...]:
        """Return `limit` bundles that were set aside, newest first, from row `offset`."""
        ...

    async def unreadable_bytes(self, row_id: int, /) -> bytes | None:
        """Return the bytes of one of them, or None when they are not there."""
        ...


class Accounts(Protocol):
    """Login links and sessions."""

    async def redeem_login_link(self, token: str, /) -> str | None:
        """Use up a one-time link; return a new session token, or None when it is not valid."""
        ...

    async def person(self, session_token: str, /) -> Person | None:
        """Return whose session this is, or None when it has ended."""
        ...

    async def end_session(self, session_token: str, /) -> None:
        """Forget a session."""
        ...

    async def set_language(self, session_token: str, language: str, /) -> None:
        """Remember the language of the session's person."""
        ...


class Desk(Protocol):
    """Use cases on tickets."""

    async def add_note(self, number: str, author: str, text: str, /) -> bool:
        """Add a progress note; False when there is no such ticket."""
        ...
