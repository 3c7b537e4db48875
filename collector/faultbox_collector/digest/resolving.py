"""Which signature each draft belongs to: look its keys up in order, make a signature where none.

On a hit the draft's other unclaimed keys are attached to the signature, so that a later report
with fewer facts still finds it. A draft without any key joins the one *unclassified* signature
of its product and kind.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from faultbox_collector.digest.drafts import Draft
from faultbox_collector.store import signatures
from faultbox_collector.store.signatures import KeyEntry, NewSignature

_MESSAGE_CHARS = 500


def resolve_signatures(
    connection: Connection, organisation_id: int, drafts: Sequence[Draft], now_ms: int
) -> list[int | None]:
    """Return the signature id of each draft, None for a self-test."""
    claims: dict[int, dict[str, int]] = {}
    for product_id, wanted in sorted(_wanted_keys(drafts).items()):
        claims[product_id] = signatures.find_signatures(connection, product_id, sorted(wanted))
    return [
        None
        if draft.signed is None
        else _resolve(connection, organisation_id, draft, claims[draft.arrival.product_id], now_ms)
        for draft in drafts
    ]


def lookup_keys(draft: Draft) -> list[KeyEntry]:
    """Return the keys of a draft in the order in which they are looked up."""
    signed = draft.signed
    if signed is None:
        return []
    keys = [KeyEntry(key.kind, key.value, key.text) for key in signed.keys if key.kind != "loose"]
    if signed.key is None or not keys:
        text = f"unclassified {draft.head.kind}"
        return [KeyEntry("unclassified", f"fb:1:{text.replace(' ', ':')}", text)]
    return keys


def _wanted_keys(drafts: Sequence[Draft]) -> dict[int, set[str]]:
    wanted: dict[int, set[str]] = {}
    for draft in drafts:
        values = wanted.setdefault(draft.arrival.product_id, set())
        values.update(key.value for key in lookup_keys(draft))
    return wanted


def _resolve(
    connection: Connection,
    organisation_id: int,
    draft: Draft,
    claims: dict[str, int],
    now_ms: int,
) -> int:
    keys = lookup_keys(draft)
    found = next((claims[key.value] for key in keys if key.value in claims), None)
    if found is None:
        found = signatures.create_signature(connection, _describe(organisation_id, draft, keys[0]))
    unclaimed = [key for key in keys if key.value not in claims]
    if unclaimed:
        signatures.claim_keys(
            connection, organisation_id, draft.arrival.product_id, found, unclaimed, now_ms
        )
        claims.update((key.value, found) for key in unclaimed)
    return found


def _describe(organisation_id: int, draft: Draft, key: KeyEntry) -> NewSignature:
    facts, signed = draft.facts, draft.signed
    return NewSignature(
        organisation_id=organisation_id,
        product_id=draft.arrival.product_id,
        title=(signed.title if signed else "") or key.text,
        kind=facts.kind,
        type=facts.type,
        code=facts.code,
        signal=facts.signal,
        function=facts.function,
        program=facts.program,
        message=facts.message[:_MESSAGE_CHARS] if facts.message else None,
        model=draft.head.prod.model,
        key=key,
        steps=signed.steps if signed else (),
        first_ms=draft.dated.at_ms,
    )
