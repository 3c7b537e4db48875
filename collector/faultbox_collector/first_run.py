"""What a new server prepares for a newcomer: a login link, a product with a key.

The key is kept in plain text, in a file only its owner may read, for the first-run page; the first
start after a bundle has arrived removes it. Every other key is shown once and kept as a hash.
"""

import os
from dataclasses import dataclass

from faultbox_collector.clock import wall_ms
from faultbox_collector.desk import accounts
from faultbox_collector.queries.overview import read_overview
from faultbox_collector.store.opening import OpenStore
from faultbox_collector.store.products import DEFAULT_ORGANISATION, add_key, ensure_product

PRODUCT = "my-device"
_KEY_FILE = "first-key"


@dataclass(frozen=True, slots=True)
class FirstRun:
    """What to tell whoever starts the server; both are None once they are not needed."""

    login_token: str | None
    key: str | None


def prepare_first_run(store: OpenStore) -> FirstRun:
    """Return the login token while nobody ever logged in, the first key while nothing arrived."""
    with store.writer_engine.connect() as connection, connection.begin():
        now_ms = wall_ms()
        token = None
        if not accounts.anybody_logged_in(connection):
            token = accounts.create_login_link(connection, accounts.FIRST_LOGIN, now_ms)
        overview = read_overview(connection, DEFAULT_ORGANISATION)
        path = store.data / _KEY_FILE
        if overview.bundles:
            path.unlink(missing_ok=True)
            return FirstRun(token, None)
        if path.exists():
            return FirstRun(token, path.read_text(encoding="ascii").strip())
        if overview.products:
            return FirstRun(token, None)
        product_id = ensure_product(connection, DEFAULT_ORGANISATION, PRODUCT, now_ms)
        key = add_key(connection, DEFAULT_ORGANISATION, product_id, now_ms)
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "w", encoding="ascii") as out:
        out.write(key + "\n")
    return FirstRun(token, key)
