"""Secrets and personal data out of every text before it touches the disk.

Two ways in: by key (`"password": …` in a map) and inside strings (`password=…`, a bearer token,
a private-key block, a card number, an e-mail address, a Chinese mobile number or ID number).
Only the standard library: this code also runs inside watched programs. Every search is linear;
cheap substring checks come first, because most texts hold nothing.

What is replaced says what it was (`[redacted:card]`); the count travels in `head.scrub`.
"""

import re
from collections.abc import Sequence

from faultbox_agent.plain import Plain
from faultbox_agent.redact_rules import (
    ANCHORS,
    DIGITS,
    MARK,
    Rules,
    digit_rules,
    is_secret_key,
    word_rules,
)

_EMAIL_LEFT = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-")
_EMAIL_RIGHT = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")
_EMAIL_LEFT_CHARS, _EMAIL_RIGHT_CHARS = 64, 253


def redact_text(text: str, more: re.Pattern[str] | None = None) -> tuple[str, int]:
    """Return the text without secrets, and how many were found; `more` is a rule on top."""
    hits = 0
    if more is not None:
        text, hits = _apply(((more, r"\1[redacted:secret]"),), text)
    if not _suspicious(text):
        return text, hits
    lowered = text.lower()
    if "private key-----" in lowered:
        text, found = _cut_private_keys(text)
        hits += found
    if any(anchor in lowered for anchor in ANCHORS):
        text, found = _apply(word_rules(), text)
        hits += found
    if "@" in text:
        text, found = _cut_emails(text)
        hits += found
    if DIGITS.search(text):
        text, found = _apply(digit_rules(), text)
        hits += found
    return text, hits


def redact_lines(
    lines: Sequence[str], more: re.Pattern[str] | None = None
) -> tuple[list[str], int]:
    """Return as many log lines without secrets, a key block over many lines included."""
    if not lines:
        return [], 0
    joined, hits = redact_text("\n".join(line.replace("\n", " ") for line in lines), more)
    clean = joined.split("\n")
    if len(clean) == len(lines):
        return clean, hits
    # A rule of the settings may span lines; then no line may take another's place.
    alone = [redact_text(line, more) for line in lines]
    return [text for text, _ in alone], sum(found for _, found in alone)


def redact_map(
    value: dict[str, Plain], more: re.Pattern[str] | None = None
) -> tuple[dict[str, Plain], int]:
    """Return a map without secrets, by key and inside its texts, and how many were found."""
    texts: list[str] = []
    _collect(value, texts)
    if more is None and not _suspicious("\n".join(texts)):
        return value, 0
    changed, hits = _walk(value, more)
    return (changed if isinstance(changed, dict) else {}), hits


def _suspicious(text: str) -> bool:
    lowered = text.lower()
    return any(anchor in lowered for anchor in ANCHORS) or DIGITS.search(text) is not None


def _collect(value: Plain, texts: list[str]) -> None:
    if isinstance(value, str):
        texts.append(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            texts.append(key)
            _collect(item, texts)
    elif isinstance(value, list):
        for item in value:
            _collect(item, texts)


def _walk(value: Plain, more: re.Pattern[str] | None) -> tuple[Plain, int]:
    if isinstance(value, str):
        return redact_text(value, more)
    hits = 0
    if isinstance(value, dict):
        changed: dict[str, Plain] = {}
        for key, item in value.items():
            if is_secret_key(key) and item is not None and item not in ("", [], {}):
                known = isinstance(item, str) and item.startswith(MARK)
                changed[key], found = "[redacted:secret]", int(not known)
            else:
                changed[key], found = _walk(item, more)
            hits += found
        return changed, hits
    if isinstance(value, list):
        items: list[Plain] = []
        for item in value:
            kept, found = _walk(item, more)
            items.append(kept)
            hits += found
        return items, hits
    return value, 0


def _apply(rules: Rules, text: str) -> tuple[str, int]:
    hits = 0
    for pattern, new in rules:
        before = text.count(MARK)
        text = pattern.sub(new, text)
        hits += max(text.count(MARK) - before, 0)
    return text, hits


def _cut_private_keys(text: str) -> tuple[str, int]:
    """Replace key blocks, keeping their line ends so that log lines stay apart."""
    done: list[str] = []
    at = hits = 0
    while True:
        start = text.find("-----BEGIN ", at)
        if start < 0:
            break
        label = text.find("-----", start + 11, start + 80)
        if label < 0 or not text[start + 11 : label].endswith("PRIVATE KEY"):
            done.append(text[at : start + 11])
            at = start + 11
            continue
        end = text.find("-----END ", label)
        stop = text.find("-----", end + 9) + 5 if end >= 0 else len(text)
        stop = stop if stop > 5 else len(text)
        done += [text[at:start], "[redacted:private-key]", "\n" * text.count("\n", start, stop)]
        at, hits = stop, hits + 1
    done.append(text[at:])
    return "".join(done), hits


def _cut_emails(text: str) -> tuple[str, int]:
    """Replace addresses, looking at bounded neighbourhoods of each `@` only."""
    done: list[str] = []
    at = hits = 0
    sign = text.find("@")
    while sign >= 0:
        left = sign
        while left > max(at, sign - _EMAIL_LEFT_CHARS) and text[left - 1] in _EMAIL_LEFT:
            left -= 1
        right = sign + 1
        most = min(len(text), sign + 1 + _EMAIL_RIGHT_CHARS)
        while right < most and text[right] in _EMAIL_RIGHT:
            right += 1
        domain = text[sign + 1 : right].rstrip(".-")
        if left < sign and _is_domain(domain):
            done += [text[at:left], "[redacted:email]"]
            at, hits = sign + 1 + len(domain), hits + 1
        sign = text.find("@", max(sign + 1, at))
    done.append(text[at:])
    return "".join(done), hits


def _is_domain(text: str) -> bool:
    _, dot, last = text.rpartition(".")
    return bool(dot) and len(last) >= 2 and last.isalpha() and not text.startswith(".")
