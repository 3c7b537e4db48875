"""What counts as a secret or as personal data: the patterns, and what stands in their place.

Names give a value away (`password=…`), shapes do (a token of a known service), and long numbers
whose check digit is right. Every pattern is linear and its repeats are bounded; each is compiled
when a first text needs it. `RULES_VERSION` goes up with every change here.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache

RULES_VERSION = 2
MARK = "[redacted"
_SECRET_WORDS = (
    "pass", "pwd", "psk", "secret", "token", "auth", "api_key", "api-key", "apikey", "access_key",
    "access-key", "accesskey", "private_key", "private-key", "privatekey", "account_key",
    "account-key", "accountkey", "session_id", "session-id", "sessionid", "identified",
    "credential", "cookie", "密码", "口令", "密钥", "令牌",
)  # fmt: skip
ANCHORS = (
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
DIGITS = re.compile(r"[0-9](?:[ -]?[0-9]){10}")
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
def word_rules() -> Rules:
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
def digit_rules() -> Rules:
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


def is_secret_key(key: str) -> bool:
    """Say whether what stands under this name is a secret."""
    parted = _CAMEL.sub("_", key[:256]).lower()
    return re.search(_PRIVATE_NAME, parted) is not None  # re keeps it compiled
