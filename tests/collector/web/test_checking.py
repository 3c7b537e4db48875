"""What a body holds: each bundle by itself, a broken one beside sound ones."""

from faultbox_collector.web.checking import Checked, check_body, check_each, check_form
from faultbox_protocol import api
from faultbox_protocol.errors import ProtocolError
from support.builders import a_batch, a_bundle, a_head, a_product

PRODUCT = "inspect-eye"


def words(found: list[Checked | ProtocolError]) -> list[str]:
    """Return `taken` or the reason of each."""
    return [one.reason if isinstance(one, ProtocolError) else "taken" for one in found]


async def test_a_broken_bundle_between_sound_ones_is_the_only_one_refused() -> None:
    broken = bytearray(a_bundle(a_head(2)))
    broken[60] ^= 1
    body = a_bundle(a_head(1)) + broken + a_bundle(a_head(3))
    assert words(await check_body(api.MEDIA_TYPE, body, PRODUCT)) == ["taken", "bad_crc", "taken"]


async def test_a_bundle_of_another_product_is_refused_by_itself() -> None:
    body = a_bundle(a_head(1)) + a_bundle(a_head(2, prod=a_product(name="other")))
    assert words(await check_body(api.MEDIA_TYPE, body, PRODUCT)) == ["taken", "product_mismatch"]


async def test_a_large_body_is_read_to_its_limit() -> None:
    found = await check_body(api.MEDIA_TYPE, a_batch(100) * 3, PRODUCT)
    assert words(found) == ["taken"] * 100 + ["too_many_bundles"]


def test_what_is_kept_of_a_bundle_is_its_id_serial_digest_and_bytes() -> None:
    [one] = check_each(a_bundle(), PRODUCT)
    assert isinstance(one, Checked)
    assert bytes(one.data) == a_bundle()
    assert (one.id, one.serial) == (a_head().id, a_product().serial)


def test_a_form_that_is_none_is_refused_with_its_reason() -> None:
    assert words(check_form(api.JSON_TYPE, b"{", PRODUCT)) == ["bad_json"]
    assert words(check_form(api.MSGPACK_TYPE, b"\x81", PRODUCT)) == ["bad_msgpack"]
