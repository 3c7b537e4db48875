"""Which data folder's packs a database on a PostgreSQL server follows.

SQLite lies beside its packs. A database elsewhere can be named together with any data folder, and
its cursor would then skip bundles of packs that it has never seen. So a folder gets an id when it
is first used with such a database, the database keeps it, and both must agree from then on.
"""

import os
import secrets
from pathlib import Path

from sqlalchemy import Connection, select

from faultbox_collector.pack.files import START, PackFolder
from faultbox_collector.pack.writer import sync_folder
from faultbox_collector.store.engine import upsert
from faultbox_collector.store.products import DEFAULT_ORGANISATION
from faultbox_collector.store.progress import DIGEST
from faultbox_collector.store.tables import pack_cursor

FILE = "folder-id"


class BindingError(Exception):
    """Database and data folder do not belong together; the text says what to do."""


def check_sqlite_folder(data: Path) -> None:
    """Refuse a folder whose packs are followed by a database elsewhere.

    Raises:
        BindingError: there is one.
    """
    if (data / FILE).exists():
        raise BindingError(
            f"the packs in {data} belong to a database on a PostgreSQL server: "
            "name it with FAULTBOX_DATABASE or --database"
        )


def bind_folder(connection: Connection, data: Path) -> None:
    """Bind a new database to a new folder, or check that the two belong together.

    Raises:
        BindingError: they do not.
        OSError: the folder's id cannot be written.
    """
    bound = connection.execute(
        select(pack_cursor.c.folder).where(
            pack_cursor.c.organisation_id == DEFAULT_ORGANISATION,
            pack_cursor.c.consumer == DIGEST,
        )
    ).scalar_one_or_none()
    own = _read_id(data)
    if bound is not None:
        if own != bound:
            raise BindingError(
                f"this database follows the packs of another data folder than {data}: "
                "use that folder, or a database of its own for this one"
            )
        return
    if PackFolder(data).numbers():
        raise BindingError(
            f"the packs in {data} belong to another database: "
            "use that one, or an empty data folder for this one"
        )
    own = own or _write_id(data)  # one without the other: an earlier start was cut off here
    statement = upsert(connection.dialect.name, pack_cursor).values(
        organisation_id=DEFAULT_ORGANISATION,
        consumer=DIGEST,
        pack=START.pack,
        pack_offset=START.offset,
        folder=own,
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "consumer"], set_={"folder": own}
        )
    )


def _read_id(data: Path) -> str | None:
    try:
        return (data / FILE).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None


def _write_id(data: Path) -> str:
    made = secrets.token_hex(16)
    new = data / f"{FILE}.new"
    file = os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "w", encoding="ascii") as out:
        out.write(made + "\n")
        out.flush()
        os.fsync(file)
    new.rename(data / FILE)
    sync_folder(data)
    return made
