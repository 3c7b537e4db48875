"""A newcomer gets a login link and a key that works, until they are not needed any more."""

from faultbox_collector.clock import wall_ms
from faultbox_collector.desk.accounts import redeem_login_link
from faultbox_collector.domain.keys import hash_key
from faultbox_collector.first_run import PRODUCT, prepare_first_run
from faultbox_collector.store import tables
from faultbox_collector.store.products import list_keys
from support.builders import a_bundle, a_head, a_product
from support.collector import Rig


def test_the_first_start_prepares_a_link_and_a_key(rig: Rig) -> None:
    first = prepare_first_run(rig.store)
    assert first.key is not None
    assert first.login_token is not None
    [key] = rig.read(list_keys)
    assert (key.product, key.key_hash) == (PRODUCT, hash_key(first.key))
    assert (rig.store.data / "first-key").stat().st_mode & 0o777 == 0o600
    again = prepare_first_run(rig.store)
    assert again.key == first.key
    assert rig.count(tables.ingest_key) == 1


def test_the_key_is_no_longer_kept_once_something_has_arrived(rig: Rig) -> None:
    prepare_first_run(rig.store)
    rig.put(a_bundle(a_head(prod=a_product(PRODUCT))), product=PRODUCT)
    rig.digest()
    assert prepare_first_run(rig.store).key is None
    assert not (rig.store.data / "first-key").exists()


def test_no_link_is_made_once_somebody_has_logged_in(rig: Rig) -> None:
    token = prepare_first_run(rig.store).login_token
    assert token is not None
    assert rig.write(lambda c: redeem_login_link(c, token, wall_ms()))
    assert prepare_first_run(rig.store).login_token is None


def test_who_made_a_product_first_gets_no_key_of_ours(rig: Rig) -> None:
    rig.product_id("own")
    assert prepare_first_run(rig.store).key is None
