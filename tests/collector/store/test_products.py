"""Products and their ingest keys: made once, kept as hashes, revoked by what lists show."""

from faultbox_collector.domain.keys import hash_key
from faultbox_collector.store import tables
from faultbox_collector.store.engine import inserted_id
from faultbox_collector.store.products import add_key, ensure_product, list_keys, revoke_keys
from support.builders import NOON_MS
from support.collector import Rig


def a_key(rig: Rig, product: str = "eye") -> str:
    """Return a new key of a product."""
    product_id = rig.product_id(product)
    return rig.write(lambda c: add_key(c, 1, product_id, NOON_MS))


def test_the_next_organisation_has_an_id_of_its_own(rig: Rig) -> None:
    statement = tables.organisation.insert().values(
        organisation_id=2, slug="second", name="second", timezone="UTC", language="en"
    )
    assert rig.write(lambda c: inserted_id(c.execute(statement))) == 2


def test_a_product_is_made_once(rig: Rig) -> None:
    first = rig.write(lambda c: ensure_product(c, 1, "eye", 1))
    assert rig.write(lambda c: ensure_product(c, 1, "eye", 2)) == first
    assert rig.write(lambda c: ensure_product(c, 1, "Eye", 2)) != first


def test_keys_differ_and_only_their_hash_is_kept(rig: Rig) -> None:
    keys = {a_key(rig) for _ in range(20)}
    assert len(keys) == 20
    assert all(key.startswith("fbk_") and len(key) == 30 for key in keys)
    stored = rig.rows(tables.ingest_key)
    assert {row.key_hash for row in stored} == {hash_key(key) for key in keys}
    assert not any(key in repr(stored) for key in keys)


def test_revoking_by_prefix_takes_the_whole_key_too(rig: Rig) -> None:
    one, two = a_key(rig), a_key(rig, "other")
    assert rig.write(lambda c: revoke_keys(c, 1, one, NOON_MS)) == 1
    assert rig.write(lambda c: revoke_keys(c, 1, one[:8], NOON_MS)) == 0
    assert rig.write(lambda c: revoke_keys(c, 1, "", NOON_MS)) == 0
    states = [(row.product, row.revoked_ms) for row in rig.read(list_keys)]
    assert states == [("eye", NOON_MS), ("other", None)]
    assert two
