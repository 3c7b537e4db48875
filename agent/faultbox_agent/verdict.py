"""From the collector's answer to what becomes of each bundle: pure.

A bundle is deleted for one reason only: a receipt with its own SHA-256. It is given up for one
reason only: a problem of ours, told by the prefix of its `type`. Whatever else answers (a proxy,
a captive portal, a half-started server) changes nothing about the bundles.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from faultbox_agent.backoff import KEY_SECONDS
from faultbox_protocol.api import PROBLEM_PREFIX, PROBLEM_TYPE, RETRY_AFTER_MAX_SECONDS


class Fate(StrEnum):
    """What becomes of one bundle."""

    DELIVERED = "delivered"
    DEAD = "dead"
    SHED = "shed"
    """Too large: once more, smaller, under a new id."""
    UNPACK = "unpack"
    """Its codec is unknown there: once more, without compression."""
    KEEP = "keep"


class Wait(StrEnum):
    """When the next try is due."""

    NOW = "now"
    SECOND = "second"
    BACKOFF = "backoff"
    KEY = "key"


_DETAIL_CHARS = 200
_LATER = (408, 429)
_KEY = (401, 403)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `status` is None where nothing did."""

    status: int | None
    content_type: str = ""
    retry_after: str | None = None
    body: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the agent does about an answer; bundles not in `fates` are kept."""

    word: str
    wait: Wait
    fates: Mapping[bytes, Fate] = field(default_factory=dict)
    reasons: Mapping[bytes, str] = field(default_factory=dict)
    waits: Mapping[bytes, float] = field(default_factory=dict)
    """Seconds that single bundles stay back while others go on."""
    retry_after_seconds: float | None = None
    smaller_batch: bool = False


def judge_answer(answer: Answer, sent: Mapping[bytes, str]) -> Verdict:
    """Return the verdict on an answer to `sent`: ids and the SHA-256 of each, in hex."""
    body = _load(answer.body)
    retry = read_retry_after(answer.retry_after)
    status = answer.status
    if status is None:
        return Verdict(f"no answer: {answer.error}"[:300], Wait.BACKOFF)
    if status in (200, 202):
        return _judge_receipts(status, body, sent, retry)
    if status == 207:
        return _judge_items(body, sent, retry)
    reason = _our_reason(answer, body)
    word = f"{status} {reason}{_detail(body)}" if reason else f"{status}, not from the collector"
    if status in _KEY:
        return Verdict(word, Wait.KEY if reason else Wait.BACKOFF, retry_after_seconds=retry)
    if status == 413:
        return _judge_too_large(word, reason, sent, retry)
    if status in (400, 415, 422) and reason:
        return _judge_refused(word, reason, sent)
    if status == 409 and reason:
        return Verdict(word, Wait.SECOND, retry_after_seconds=retry)
    return Verdict(word, Wait.BACKOFF, retry_after_seconds=retry)


def _judge_receipts(
    status: int, body: dict[str, object], sent: Mapping[bytes, str], retry: float | None
) -> Verdict:
    stored = _stored(body)
    fates = {
        bundle_id: Fate.DELIVERED
        for bundle_id, digest in sent.items()
        if stored.get(bundle_id.hex()) == digest
    }
    if len(fates) == len(sent):
        return Verdict(f"{status} stored", Wait.NOW, fates)
    # Some other machine said 200, or what was stored is not what was sent.
    word = f"{status}, receipts for {len(fates)} of {len(sent)}"
    return Verdict(word, Wait.BACKOFF, fates, retry_after_seconds=retry)


def _judge_items(
    body: dict[str, object], sent: Mapping[bytes, str], retry: float | None
) -> Verdict:
    """Judge a 207: each item speaks for the bundle whose id it names."""
    stored = _stored(body)
    fates: dict[bytes, Fate] = {}
    reasons: dict[bytes, str] = {}
    waits: dict[bytes, float] = {}
    for bundle_id, item in _match_items(_maps(body.get("items")), sent):
        fate = _item_fate(item, stored.get(bundle_id.hex()), sent[bundle_id])
        wait = _item_wait(item, retry)
        if fate is not Fate.KEEP:
            fates[bundle_id] = fate
            reasons[bundle_id] = str(item.get("reason") or "")
        elif wait is not None:
            waits[bundle_id] = wait
    for bundle_id, digest in sent.items():
        if bundle_id not in fates and stored.get(bundle_id.hex()) == digest:
            fates[bundle_id] = Fate.DELIVERED
            waits.pop(bundle_id, None)
    if len(fates) + len(waits) == len(sent):
        word = f"207, {len(waits)} of {len(sent)} later" if waits else "207 each settled"
        return Verdict(word, Wait.NOW, fates, reasons, waits)
    word = f"207, {len(fates)} of {len(sent)} settled"
    return Verdict(word, Wait.BACKOFF, fates, reasons, waits, retry)


def _match_items(
    items: list[dict[str, object]], sent: Mapping[bytes, str]
) -> Iterator[tuple[bytes, dict[str, object]]]:
    """Yield the items that can be told to belong to a bundle.

    An item without an id is told by its place, but only where the items are those of what was
    sent: damage on the way can make two items of one bundle.
    """
    by_hex = {bundle_id.hex(): bundle_id for bundle_id in sent}
    places = list(sent)
    named = [_item_id(item, by_hex) for item in items]
    aligned = len(items) == len(sent) and all(
        one is None or one == place for one, place in zip(named, places, strict=True)
    )
    for index, (item, bundle_id) in enumerate(zip(items, named, strict=True)):
        if bundle_id is not None:
            yield bundle_id, item
        elif aligned and item.get("id") is None and item.get("index") == index:
            yield places[index], item


def _item_fate(item: dict[str, object], receipt: str | None, digest: str) -> Fate:
    status, reason = item.get("status"), item.get("reason")
    if status in (200, 202):
        return Fate.DELIVERED if (item.get("sha256") or receipt) == digest else Fate.KEEP
    if not isinstance(reason, str) or not reason:
        return Fate.KEEP
    if status in (400, 415, 422):
        return _refusal_fate(reason)
    return Fate.SHED if status == 413 else Fate.KEEP


def _refusal_fate(reason: str) -> Fate:
    return Fate.UNPACK if reason == "unknown_codec" else Fate.DEAD


def _item_wait(item: dict[str, object], retry: float | None) -> float | None:
    """Return how long one kept bundle stays back, None where nothing is said about it."""
    status = item.get("status")
    if not isinstance(status, int):
        return None
    if status == 409:
        return max(1.0, _capped(retry or 0.0))
    if status in _KEY:
        return max(KEY_SECONDS, _capped(retry or 0.0))
    later = status in _LATER or status >= 500
    return _capped(retry) if later and retry is not None else None


def _capped(seconds: float) -> float:
    return min(seconds, float(RETRY_AFTER_MAX_SECONDS))


def _judge_too_large(
    word: str, reason: str, sent: Mapping[bytes, str], retry: float | None
) -> Verdict:
    if len(sent) > 1:
        wait = Wait.NOW if reason else Wait.BACKOFF
        return Verdict(word, wait, retry_after_seconds=retry, smaller_batch=True)
    if not reason:
        return Verdict(word, Wait.BACKOFF, retry_after_seconds=retry)
    return Verdict(word, Wait.NOW, dict.fromkeys(sent, Fate.SHED), dict.fromkeys(sent, reason))


def _judge_refused(word: str, reason: str, sent: Mapping[bytes, str]) -> Verdict:
    """A refusal of a whole batch names no culprit: send smaller ones until it is alone."""
    if len(sent) > 1:
        return Verdict(word, Wait.NOW, smaller_batch=True)
    fate = _refusal_fate(reason)
    return Verdict(word, Wait.NOW, dict.fromkeys(sent, fate), dict.fromkeys(sent, reason))


def _our_reason(answer: Answer, body: dict[str, object]) -> str:
    """Return the reason word of a problem of ours, empty for anybody else's answer."""
    kind = body.get("type")
    if answer.content_type.partition(";")[0].strip().lower() != PROBLEM_TYPE:
        return ""
    if not isinstance(kind, str) or not kind.startswith(PROBLEM_PREFIX):
        return ""
    return kind.removeprefix(PROBLEM_PREFIX)[:64] or "unnamed"


def _detail(body: dict[str, object]) -> str:
    """Return what the collector says of its reason, for a person to read."""
    detail = body.get("detail")
    if not isinstance(detail, str) or not detail.isprintable():
        return ""
    return f": {detail[:_DETAIL_CHARS]}"


def _stored(body: dict[str, object]) -> dict[str, str]:
    """Return the receipts of an answer: id in hex to SHA-256 in hex."""
    return {
        str(receipt.get("id", "")).replace("-", "").lower(): str(receipt.get("sha256", "")).lower()
        for receipt in _maps(body.get("receipts"))
    }


def _item_id(item: dict[str, object], by_hex: Mapping[str, bytes]) -> bytes | None:
    named = item.get("id")
    return by_hex.get(named.replace("-", "").lower()) if isinstance(named, str) else None


def _maps(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _load(text: str) -> dict[str, object]:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def problem_kind(answer: Answer) -> str:
    """Return the `type` of a problem of ours, empty for anybody else's answer."""
    reason = _our_reason(answer, _load(answer.body))
    return PROBLEM_PREFIX + reason if reason else ""


def read_retry_after(text: str | None) -> float | None:
    """Read Retry-After in seconds; its date form needs a clock that devices lack."""
    if text is None or not text.strip().isdigit() or not text.isascii():
        return None
    return float(text.strip()[:9])
