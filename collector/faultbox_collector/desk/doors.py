"""What pages call: read models and use cases, each run where it belongs.

Reading takes a read-only connection in a worker thread, writing goes through the one writer.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from faultbox_collector.clock import wall_ms
from faultbox_collector.desk import accounts, notes
from faultbox_collector.desk.accounts import Person
from faultbox_collector.domain.keys import KeyRow
from faultbox_collector.pack.files import PackFolder
from faultbox_collector.queries import overview, receipts, signatures, tickets, unreadable
from faultbox_collector.queries.receipts import ReceiptRow
from faultbox_collector.queries.records import (
    Overview,
    SignatureFilter,
    SignaturePage,
    TicketPage,
    TicketRow,
    UnreadableRow,
)
from faultbox_collector.store.engine import READERS
from faultbox_collector.store.products import DEFAULT_ORGANISATION, Organisation, list_keys
from faultbox_collector.store.progress import read_totals
from faultbox_collector.writer import ANSWER_SECONDS, DatabaseAway, Writer

T = TypeVar("T")


class Reader:
    """The read models of one organisation.

    Every method raises `DatabaseAway` where the database does not answer.
    """

    def __init__(self, engine: Engine, packs: PackFolder, organisation: Organisation) -> None:
        self._engine = engine
        self._packs = packs
        self._organisation = organisation
        # Threads of its own: a database that hangs must not take those of the intake.
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="reader")

    async def overview(self) -> Overview:
        """Return the totals."""
        return await self._read(lambda c: overview.read_overview(c, self._organisation.id))

    async def signatures(
        self, wanted: SignatureFilter, *, limit: int, offset: int
    ) -> SignaturePage:
        """Return one page of the list of signatures."""
        return await self._read(
            lambda c: signatures.list_signatures(
                c,
                self._organisation.id,
                wanted,
                now_ms=wall_ms(),
                timezone=self._organisation.timezone,
                limit=limit,
                offset=offset,
            )
        )

    async def ticket(self, number: str) -> TicketPage | None:
        """Return everything on one ticket's page."""
        return await self._read(
            lambda c: tickets.read_ticket(
                c,
                self._packs,
                self._organisation.id,
                number,
                now_ms=wall_ms(),
                timezone=self._organisation.timezone,
            )
        )

    async def tickets(self, *, limit: int, offset: int) -> tuple[TicketRow, ...]:
        """Return tickets, the newest first."""
        return await self._read(
            lambda c: tickets.list_tickets(c, self._organisation.id, limit=limit, offset=offset)
        )

    async def receipt(
        self, organisation_id: int, product_id: int, bundle_id: bytes
    ) -> ReceiptRow | None:
        """Return what became of a bundle of one product."""
        return await self._read(
            lambda c: receipts.find_receipt(c, organisation_id, product_id, bundle_id)
        )

    async def unreadable(self, *, limit: int, offset: int) -> tuple[UnreadableRow, ...]:
        """Return what was set aside, newest first."""
        return await self._read(
            lambda c: unreadable.list_unreadable(
                c, self._organisation.id, limit=limit, offset=offset
            )
        )

    async def unreadable_bytes(self, row_id: int) -> bytes | None:
        """Return the bytes of what was set aside; None where they are not there."""
        try:
            return await self._read(
                lambda c: unreadable.read_unreadable(c, self._packs, self._organisation.id, row_id)
            )
        except FileNotFoundError:
            return None

    async def totals(self) -> dict[str, int]:
        """Return the totals of all outcomes, of all organisations together."""
        return await self._read(read_totals)

    async def keys(self) -> list[KeyRow]:
        """Return every ingest key."""
        return await self._read(list_keys)

    async def person(self, session_token: str) -> Person | None:
        """Return who a session belongs to."""
        return await self._read(lambda c: accounts.find_person(c, session_token, wall_ms()))

    async def _read(self, query: Callable[[Connection], T]) -> T:
        def run() -> T:
            with self._engine.connect() as connection:
                return query(connection)

        reading = asyncio.get_running_loop().run_in_executor(self._threads, run)
        try:
            return await asyncio.wait_for(reading, ANSWER_SECONDS)
        except TimeoutError:
            raise DatabaseAway("the database does not answer") from None
        except (OperationalError, InterfaceError) as error:
            raise DatabaseAway(f"the database cannot be read: {error.orig}") from error


class Accounts:
    """Login links and sessions."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    async def redeem_login_link(self, token: str) -> str | None:
        """Return a session token for a good link, else None."""
        return await self._writer.run(lambda c: accounts.redeem_login_link(c, token, wall_ms()))

    async def person(self, session_token: str) -> Person | None:
        """Return who a session belongs to."""
        return await self._reader.person(session_token)

    async def end_session(self, session_token: str) -> None:
        """End a session."""
        await self._writer.run(lambda c: accounts.end_session(c, session_token))

    async def set_language(self, session_token: str, language: str) -> None:
        """Remember a person's language."""
        await self._writer.run(lambda c: accounts.set_language(c, session_token, language))


class Desk:
    """What people do with tickets."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def add_note(self, number: str, author: str, text: str) -> bool:
        """Append a progress note; False where there is no such ticket.

        Raises:
            ValueError: an empty or too long note.
        """
        return await self._writer.run(
            lambda c: notes.add_note(c, DEFAULT_ORGANISATION, number, author, text, wall_ms())
        )
