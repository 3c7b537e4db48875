"""Secrets and personal data out of every text before it touches the disk.

Two ways in: by key (`"password": …` in a map) and inside strings (`password=…`, a bearer token,
a private-key block, a card number, an e-mail address, a Chinese mobile number or ID number).
Only the standard library: this code also runs inside watched programs. Every search is linear;
cheap substring checks come first, because most texts hold nothing.

What is replaced says what it was (`[redacted:card]`); the count travels in `head.scrub`.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache

from faultbox_agent.plain import Plain

RULES_VERSION = 2
MARK = "[redacted"
_EMAIL_LEFT = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-")
_EMAIL_RIGHT = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")
_EMAIL_LEFT_CHARS, _EMAIL_RIGHT_CHARS = 64, 253

_SECRET_WORDS = (
    "pass", "pwd", "psk", "secret", "token", "auth", "api_key", "api-key", "apikey", "access_key",
    "access-key", "accesskey", "private_key", "private-key", "privatekey", "account_key",
    "account-key", "accountkey", "session_id", "session-id", "sessionid", "identified",
    "credential", "cookie", "密码", "口令", "密钥", "令牌",
)  # fmt: skip
_ANCHORS = (
    *_SECRET_WORDS, "bearer ", "://", "eyj", "akia", "ghp_", "gho_", "ghs_",
    "github_pat_", "glpat-", "xox", "sk-", "fbk_", "private key-----", "@",
)  # fmt: skip
_WORD = (
    r"(?:pass(?:word|wd|phrase|code)|pwd|secret|token|(?:api|access|private|account|auth)[_-]?key"
    r"|session[_-]?id|credential|cookie|密码|口令|密钥|令牌)"
)
_SHORT = r"(?<![A-Za-z])(?:(?:db|user|root|admin|ftp|smtp|mysql)?pass|psk|auth)(?![A-Za-z])"
"""Names that are parts of ordinary words, or words of ordinary sentences, too."""
_QUOTE = r"\\{0,3}[\"']"
_SIGN = r"(?:=>|%3D|[:=：＝是为])"
_QUOTED = (
    r"(?:\\{1,3}\"[^\"\n]{1,4096}\"?|\\{1,3}'[^'\n]{1,4096}'?"
    r"|[bur]{0,2}\"(?:[^\"\\\n]|\\.){1,4096}\"?|[bur]{0,2}'(?:[^'\\\n]|\\.){1,4096}'?)"
)
"""A text in quotes, escaped ones too; where they are not closed, to the end of the line."""
_VALUE = rf"""(?!\[redacted)(?:{_QUOTED}|[(\[<]{{0,2}}[^\s,;&"'<>)}}\]，；。]{{1,512}})"""
_PLAIN_WORD = (
    r"(?!(?:ok|yes|no|on|off|true|false|none|null|nil|basic|set|unset|not|too|now|never|already"
    r"|in|at|of|for|on|by|to|and|or|a|an|the|being|your|wrong|bad|good|right|(?:in)?correct"
    r"|(?:in)?valid|expired|missing|empty|blank|weak|short|unknown|optional|success|successful"
    r"|enabled|disabled|failed|failure|error|passed|changed|accepted|rejected|denied|refused"
    r"|required|needed|stored|[0-9]{1,2})(?![\w-]))"
)
_DIGITS = re.compile(r"[0-9](?:[ -]?[0-9]){10}")
_PRIVATE_NAME = (
    r"(?:^|[_\W])(?:passwords?|passwds?|pwd|passphrase|passcode|psk|secrets?|tokens?|credentials?"
    r"|(?:api|access|private|account|auth|secret|session)[_-]?keys?|session[_-]?id|authorization"
    r"|cookies?)(?:$|[_\W])"
    r"|(?:password|passwd|passphrase|passcode|pwd|psk|secret|token|sessionid"
    r"|(?:api|access|private|account|auth|secret)key)s?$"
    r"|(?:^|[_\W])(?:(?:db|user|root|admin|ftp|smtp|mysql)?pass|auth)$|密码|口令|密钥|令牌"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

Replace = str | Callable[[re.Match[str]], str]
Rules = tuple[tuple[re.Pattern[str], Replace], ...]


def _card(match: re.Match[str]) -> str:
    digits = [int(char) for char in match[0] if char.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    valid = (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
    return "[redacted:card]" if valid else match[0]


def _citizen(match: re.Match[str]) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(char) * weight for char, weight in zip(match[0], weights, strict=False))
    valid = "10X98765432"[total % 11] == match[0][-1].upper()
    return "[redacted:id]" if valid else match[0]


@cache
def _word_rules() -> Rules:
    """Return the rules that a word gives away; compiled when a first text needs them."""
    return (
        (
            re.compile(
                rf"(?i)(authorization(?:{_QUOTE})?[ \t]{{0,4}}[:=][ \t]{{0,4}}(?:{_QUOTE})?)"
                r"(?!\[redacted)(?:(?:digest|oauth|signature|aws4[\w-]{0,20})[ \t][^\n]{1,4096}"
                r"|(?:(?:bearer|basic|token|apikey)[ \t]{1,4})?[^\s\"',;]{1,2048})"
            ),
            r"\1[redacted:authorization]",
        ),
        (
            re.compile(r"(?i)\b(bearer[ \t]{1,4})(?!\[redacted)[A-Za-z0-9._~+/=-]{8,2048}"),
            r"\1[redacted:token]",
        ),
        (
            re.compile(
                rf"(?i)(\bcookie2?(?:{_QUOTE})?[ \t]{{0,4}}:[ \t]{{0,4}})(?!\[redacted)"
                rf"(?:{_QUOTED}|[^\s\"'][^\n]{{0,8192}})"
            ),
            r"\1[redacted:cookie]",
        ),
        (
            re.compile(r"(://)(?!\[redacted)[^/\s:@\"']{0,64}:[^/\s\"']{1,256}(?=@)"),
            r"\1[redacted:login]",
        ),
        (
            re.compile(
                rf"(?i)({_WORD}[\w-]{{0,24}}(?:{_QUOTE})?\]?[ \t]{{0,4}}"
                rf"{_SIGN}[ \t]{{0,4}}){_VALUE}"
            ),
            r"\1[redacted:secret]",
        ),
        (
            re.compile(
                rf"(?i)((?:{_SHORT}(?:(?:{_QUOTE})?\]?[ \t]{{0,4}}(?:=>|=(?!=)|＝|%3D)"
                rf"|{_QUOTE}\]?[ \t]{{0,4}}:)|(?:(?:[_-]|\bdb)pass|(?<![A-Za-z])psk)[ \t]{{0,4}}:)"
                rf"[ \t]{{0,4}}){_PLAIN_WORD}{_VALUE}"
            ),
            r"\1[redacted:secret]",
        ),
        (
            re.compile(
                rf"(?i)((?:{_WORD}[\w-]{{0,24}}|{_SHORT}){_QUOTE}[ \t]{{0,4}},[ \t]{{0,4}})"
                rf"(?!\[redacted){_QUOTED}"
            ),
            r"\1[redacted:secret]",
        ),
        (
            re.compile(
                rf"(?i)(<[\w:.-]{{0,24}}?(?:{_WORD}[\w-]{{0,24}}|{_SHORT})"
                r"(?:[ \t][^<>\n]{0,128})?>)(?!\[redacted)[^<\n]{1,4096}"
            ),
            r"\1[redacted:secret]",
        ),
        (
            re.compile(
                rf"(?i)({_WORD}[ \t]{{1,4}}(?:is|was)[ \t]{{1,4}}"
                r"|(?:密码|口令|密钥|令牌)[ \t]{1,4}(?=[!-~]{3}))"
                rf"{_PLAIN_WORD}{_VALUE}"
            ),
            r"\1[redacted:secret]",
        ),
        (
            re.compile(
                r"(?i)(\bidentified[ \t]{1,4}(?:with[ \t]{1,4}[\w\"']{1,64}[ \t]{1,4})?(?:by|as)"
                rf"[ \t]{{1,4}}(?:password[ \t]{{1,4}})?)(?!\[redacted){_QUOTED}"
            ),
            r"\1[redacted:secret]",
        ),
        (
            re.compile(
                rf"(?i)(--[\w-]{{0,24}}?(?:{_WORD}[\w-]{{0,24}}|{_SHORT})[ \t]{{1,4}})(?!-){_VALUE}"
            ),
            r"\1[redacted:secret]",
        ),
        (
            re.compile(
                r"\beyJ[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{8,4096}(?:\.[A-Za-z0-9_-]{0,2048})?"
                r"|\bAKIA[0-9A-Z]{16}\b|\bgh[pos]_[A-Za-z0-9]{20,255}|\bgithub_pat_\w{20,255}"
                r"|\bglpat-[\w-]{16,64}|\bxox[abprs]-[A-Za-z0-9-]{10,255}|\bsk-[A-Za-z0-9_-]{20,255}"
                r"|\bfbk_[A-Za-z0-9]{16,64}"
            ),
            "[redacted:token]",
        ),
    )


@cache
def _digit_rules() -> Rules:
    """Return the rules for long numbers."""
    return (
        (
            re.compile(
                r"(?<![0-9A-Za-z_.-])[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])"
                r"(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![0-9A-Za-z_])"
            ),
            _citizen,
        ),
        (
            re.compile(
                r"(?<![0-9A-Za-z_.-])(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6\d{3}|35\d{2})"
                r"(?:[ -]?\d{4}){3}(?:[ -]?\d{1,3})?(?![0-9A-Za-z_])"
                r"|(?<![0-9A-Za-z_.-])3[47]\d{2}[ -]?\d{6}[ -]?\d{5}(?![0-9A-Za-z_])"
            ),
            _card,
        ),
        (
            re.compile(
                r"(?<![0-9A-Za-z_.-])(?:\+?86[ -]?)?1[3-9]\d(?:\d{8}|[ -]\d{4}[ -]\d{4})"
                r"(?![0-9A-Za-z_])"
            ),
            "[redacted:phone]",
        ),
    )


def make_key_rule(keys: Sequence[str]) -> re.Pattern[str] | None:
    """Return a rule for more names whose values are secrets; None for no names."""
    if not keys:
        return None
    names = "|".join(re.escape(key) for key in keys if key)
    return re.compile(
        rf"(?i)((?:{names})[\"'\]]{{0,2}}[ \t]{{0,4}}(?:=>|[:=：＝])[ \t]{{0,4}}){_VALUE}"
    )


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
    if any(anchor in lowered for anchor in _ANCHORS):
        text, found = _apply(_word_rules(), text)
        hits += found
    if "@" in text:
        text, found = _cut_emails(text)
        hits += found
    if _DIGITS.search(text):
        text, found = _apply(_digit_rules(), text)
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


def is_secret_key(key: str) -> bool:
    """Say whether what stands under this name is a secret."""
    parted = _CAMEL.sub("_", key[:256]).lower()
    return re.search(_PRIVATE_NAME, parted) is not None  # re keeps it compiled


def _suspicious(text: str) -> bool:
    lowered = text.lower()
    return any(anchor in lowered for anchor in _ANCHORS) or _DIGITS.search(text) is not None


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
