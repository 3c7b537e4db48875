"""Error codes such as ERR-500, E-202 or FW-0031 in Chinese and English text.

A false find opens a ticket for every line of a log, so the search is conservative: capitals, a
hyphen, digits; standards, dates and our own ticket numbers are never codes; a prefix that is
not one of the usual ones counts only where the line itself speaks of an error.
"""

import re

_LINE_CHARS = 4096
_CODE = re.compile(
    r"(?<![A-Za-z0-9_./\\-])([A-Z][A-Z0-9]{0,7})-([0-9]{2,6})(?![A-Za-z0-9_]|-[A-Za-z0-9]|\.[0-9])"
)
_USUAL = frozenset({"E", "EC", "ERR", "ERROR", "FLT", "FAULT", "ALM", "ALARM"})
_NEVER = frozenset(
    """
    FB CVE CWE UTF UCS SHA MD AES DES RSA RC ECDSA ED HMAC CRC TLS SSL HTTP IPV RFC ISO IEC IEEE
    EN DIN ASTM GB GBK BIG CP KOI WINDOWS ASCII BASE UTC GMT PEP JSR BUG ISSUE PR MR JIRA TICKET
    FAQ COVID USB PCI DDR LPDDR RS LTE WIFI CAT RJ FAT EXT MPEG MP H AVC HEVC X ARM AARCH V R REV
    VER VERSION RELEASE PY CPU GPU ID NO SN PN KB Q T P CTR CBC GCM PKCS
    """.split()  # noqa: SIM905 - a list of words is easier to read and to extend
)
_BAD_NEWS = re.compile(
    r"\b(?:error|err|fault|failure|failed|fail|fatal|critical|alarm|panic|exception|crit|abort(?:ed)?)\b"
    r"|错误|报错|故障|报警|告警|异常|失败|出错|崩溃|无法",
    re.IGNORECASE,
)
_GOOD_NEWS = re.compile(r"(?:^|[\s\[<|])(?:INFO|DEBUG|TRACE|NOTICE)(?:$|[\s\]>:|])")
_STAMP = re.compile(
    r"\s*\[?(?:"
    r"\d{4}[-/]\d{2}[-/]\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?"
    r"|[A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2}"
    r"|\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?"
    r")\]?[\s:,|-]*"
)
_LEVEL = re.compile(
    r"[\[<(]?(?:FATAL|CRITICAL|CRIT|ERROR|ERR|WARNING|WARN|NOTICE|INFO|DEBUG)[\])>]?[:|]?\s+"
)


def find_code(text: str, *, failing: bool = False) -> str | None:
    """Return the first error code in one line of text.

    `failing` says that the line is known to report an error (its level, the stream it came
    from), so that unusual prefixes count without a word about an error.
    """
    if "-" not in text:
        return None
    line = text[:_LINE_CHARS]
    for match in _CODE.finditer(line):
        prefix = match[1]
        if prefix in _NEVER or _looks_like_day(match):
            continue
        if failing or _BAD_NEWS.search(line):
            return match[0]
        if prefix in _USUAL and not _GOOD_NEWS.search(line):
            return match[0]
    return None


def find_last_code(lines: list[str]) -> str | None:
    """Return the code of the last of `lines` that holds one; they come from a failed program."""
    for line in reversed(lines):
        code = find_code(line)
        if code is not None:
            return code
    return None


def strip_stamp(line: str) -> str:
    """Return a log line without the time stamp and the level that it clearly begins with."""
    rest = line.strip()
    for prefix in (_STAMP, _LEVEL):
        match = prefix.match(rest)
        rest = (rest[match.end() :].strip() if match else rest) or rest
    return rest


def _looks_like_day(match: re.Match[str]) -> bool:
    """Say whether this is a month and a year: MAY-2024, Q-2024."""
    return len(match[2]) == 4 and match[2][:2] in ("19", "20") and match[1] not in _USUAL
