"""Error codes in a text, with what kind each is and how sure that is.

A code is worth a signature only if two people who write it differently mean the same fault, so
every code gets one spelling: full-width characters are folded, letters are upper case, and a
missing hyphen of a vendor code is put in (`e202`, `E 202` beside the word "error", `Ｅ－２０２`
are all `E-202`). What merely looks like a code (UTF-8, CVE-2024-1, a model, our own FB numbers) is
turned away by lists of words and by what stands around it.

Every pattern begins at a word's edge and has bounded runs, so extraction is linear in the text.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from faultbox_collector.signature.signals import name_signal
from faultbox_collector.signature.wordlists import load_wordlist

MAX_CODES = 16
MAX_CHARS = 64 * 1024
"""How much of a text is searched for codes."""


class CodeKind(StrEnum):
    """Who defines the code."""

    VENDOR = "vendor"
    ERRNO = "errno"
    SIGNAL = "signal"
    EXIT = "exit"
    HTTP = "http"
    SQLSTATE = "sqlstate"
    NAME = "name"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class Code:
    """One code: its one spelling, its kind, 1 to 3 for how sure it is, and where it stands."""

    text: str
    kind: CodeKind
    confidence: int
    start: int
    end: int


_NOT_PREFIXES = load_wordlist("code_not_prefixes")
_PREFIXES = load_wordlist("code_prefixes")
_UNHYPHENATED = load_wordlist("code_unhyphenated")
_ERRNO = load_wordlist("errno")
_NAMES = load_wordlist("code_names")

_CONTEXT = re.compile(
    r"(?:error|err|fault|failure|failed|alarm|alert|exception|trouble|diagnostic|dtc|status|result|return"
    r"|errno|code|报错|错误|故障|异常|告警|报警|失败|代码|错误码|故障码|返回值|返回码)"
    r"[\s a-z]{0,12}(?:code|number|no\.?|id|代码|编号|码|号|为|是)?[\s:：=#\"'“‘(（\[【]{0,4}$",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(
    r"(?:model|serial|s/n|sn|part|p/n|version|ver|rev|revision|build|release|firmware|ticket|order"
    r"|invoice|型号|序列号|编号|单号|版本|固件|批次|订单|反馈单|工单|电话|物料)"
    r"[\s:：=#\"'“‘(（]{0,4}(?:no\.?|number|号|为|是)?[\s:：=#]{0,3}$",
    re.IGNORECASE,
)
_WORD = re.compile(
    r"(?<![A-Za-z0-9_.\-/\\])(?:"
    r"(?P<letters>[A-Za-z]{1,8})(?P<joint>[-‐‑–—_ ]?)(?P<digits>\d{1,8})(?P<tail>[A-Z]?)"
    r"(?![A-Za-z0-9_]|[-.][A-Za-z0-9])"
    r"|(?P<long>[A-Z][A-Z0-9]{0,11}(?:_[A-Z0-9]{1,24}){1,8})"
    r")(?![A-Za-z0-9_]|[-.][A-Za-z0-9])"
)
_CONSTANT = re.compile(
    r"(?:^|_)(?:ERR|ERROR|EXC|FAIL|FAILED|FAILURE|FAULT|BUSY|TIMEOUT|CORRUPT|LOCKED|DENIED|INVALID"
    r"|NOTFOUND|NOT_FOUND|OOM|OVERFLOW|UNDERFLOW|ABORT|ABORTED|REFUSED|EXPIRED)(?:_|$)"
)
_NOT_CONSTANT = re.compile(
    r"^CONFIG_|_(?:CHECK|HANDLER|LOG|CODE|CODES|MSG|LEVEL|COUNT|MAX|MIN|MASK)$"
)
_ERRNO_NAME = re.compile(r"(?<![A-Za-z0-9_])E[A-Z][A-Z0-9_]{1,14}(?![A-Za-z0-9_])")
_ERRNO_NUMBER = re.compile(r"(?i)\berrno[ :=]{1,3}(-?\d{1,4})\b")
_WIN_ERROR = re.compile(r"\bWinError (\d{1,5})\b")
_SIGNAL_NAME = re.compile(r"\bSIG[A-Z]{2,8}\d?\b")
_SIGNAL_NUMBER = re.compile(r"\b(?:killed|terminated|died) (?:by|with|on) signal:? (\d{1,2})\b")
_EXIT = re.compile(
    r"(?:\b(?:exit(?:ed)?(?: with)?(?: non-zero)?(?: exit)?[ =:]{0,2}(?:code|status)?"
    r"|exit[_ ]?code|code=exited, status)|退出码|退出代码|返回码)[ =:：为是]{1,3}(\d{1,3})\b",
    re.IGNORECASE,
)
_HTTP = re.compile(r"\bHTTP(?:/\d(?:\.\d)?)?(?: status)?(?: code)?[ :=]{1,2}([45]\d\d)\b")
_SQLSTATE = re.compile(r"(?i)\bsqlstate[ :=\[(\"']{1,3}([0-9A-Z]{5})\b")
_HEX = re.compile(r"\b(0[xX][0-9a-fA-F]{2,8})\b")
_HEX_WORDS = frozenset(
    [
        "hresult",
        "ntstatus",
        "esp_err_t",
        "scode",
        "exception",
        "error",
        "stop",
        "bugcheck",
        "status",
        "result",
        "fault",
    ]
)
_MINUS = re.compile(r"(?<=[ :：=(])(-\d{1,5})(?![\d.\w])")
_MINUS_WORDS = frozenset(
    [
        "error",
        "err",
        "ret",
        "rc",
        "errno",
        "status",
        "result",
        "failed",
        "failure",
        "code",
        "returned",
    ]
)
_CHINESE_WORDS = ("错误", "失败", "返回", "返回值", "错误码", "错误代码", "故障码")
_NOT_WORD = re.compile(r"\W+")
_LINKS = " :：=#([（"
_NUMBERS = (
    (("errno",), _ERRNO_NUMBER, CodeKind.ERRNO, "errno {}"),
    (("winerror",), _WIN_ERROR, CodeKind.RESULT, "WinError {}"),
    (("exit", "退出", "返回码"), _EXIT, CodeKind.EXIT, "exit {}"),
    (("http",), _HTTP, CodeKind.HTTP, "HTTP {}"),
    (("sqlstate",), _SQLSTATE, CodeKind.SQLSTATE, "SQLSTATE {}"),
)
"""Numbers with the word that makes them a code; the signs spare most texts the search."""


def fold_widths(text: str) -> str:
    """Give full-width letters, digits and hyphens their plain form; length is unchanged."""
    if text.isascii():
        return text
    return "".join(
        unicodedata.normalize("NFKC", char) if "！" <= char <= "～" else char for char in text
    ).replace("−", "-")


_LOOSE_JOINTS = frozenset({"", " "})


def _before(text: str, at: int) -> str:
    """What stands before a word in its own line, as far as it could matter."""
    return text[max(0, at - 32) : at].rpartition("\n")[2]


def _read_word(text: str, found: re.Match[str]) -> Code | None:
    long = found.group("long")
    if long is not None:
        if not _CONSTANT.search(long) or _NOT_CONSTANT.search(long):
            return None
        return Code(long, CodeKind.VENDOR, 2, found.start(), found.end())
    letters, joint, digits = found.group("letters", "joint", "digits")
    prefix = letters.upper()
    if _NOT_PREFIXES.has(prefix) or (
        joint in _LOOSE_JOINTS and len(letters) > 3 and not _PREFIXES.has(prefix)
    ):
        return None
    before = _before(text, found.start())
    context = _CONTEXT.search(before) is not None
    if not _accept(prefix, letters, joint, digits, context=context) or _NEGATIVE.search(before):
        return None
    hyphen = "" if _UNHYPHENATED.has(prefix) and not joint.strip() else "-"
    sure = 3 if context else 2 if _PREFIXES.has(prefix) else 1
    spelling = f"{prefix}{hyphen}{digits}{found.group('tail')}"
    return Code(spelling, CodeKind.VENDOR, sure, found.start(), found.end())


def _accept(prefix: str, letters: str, joint: str, digits: str, *, context: bool) -> bool:
    """Decide whether letters and digits are an error code of somebody's."""
    if context and (joint != " " or len(letters) <= 3):
        return letters.isupper() or _PREFIXES.has(prefix) or len(letters) <= 3
    if joint in {"", " "}:
        return (
            joint == ""
            and len(prefix) <= 3
            and _PREFIXES.has(prefix)
            and len(digits) >= 3
            and letters.isupper()
        )
    if _PREFIXES.has(prefix):
        return len(digits) >= 2 and (letters.isupper() or len(letters) >= 3)
    return letters.isupper() and 2 <= len(letters) <= 6 and len(digits) >= 3


def _find_vendor(text: str) -> Iterator[Code]:
    for found in _WORD.finditer(text):
        code = _read_word(text, found)
        if code is not None:
            yield code


def _find_named(text: str) -> Iterator[Code]:
    for found in _ERRNO_NAME.finditer(text):
        if _ERRNO.has(found.group()):
            yield Code(found.group(), CodeKind.ERRNO, 3, found.start(), found.end())
    for name in _NAMES.exact:
        at = text.find(name)
        if at >= 0:
            yield Code(name, CodeKind.NAME, 2, at, at + len(name))


def _find_numbers(text: str) -> Iterator[Code]:
    lower = text.lower()
    for signs, pattern, kind, form in _NUMBERS:
        if not any(sign in lower for sign in signs):
            continue
        for found in pattern.finditer(text):
            value = found.group(1)
            if kind is CodeKind.EXIT and int(value) == 0:
                continue
            yield Code(form.format(value.upper()), kind, 3, found.start(), found.end())


def _speaks_of_result(before: str, words: frozenset[str]) -> bool:
    """Tell whether one of the words, or it and `code`, stands right before a number.

    Dumps hold hundreds of numbers, so this is cheaper than a pattern.
    """
    lead = before.rstrip(_LINKS)
    if not 1 <= len(before) - len(lead) <= 3:
        return False
    if not lead.isascii() and lead.endswith(_CHINESE_WORDS):
        return True
    *rest, last = _NOT_WORD.split(lead.lower()[-24:])
    if last in words:
        return True
    return last == "code" and bool(rest) and rest[-1] in words


def _find_results(text: str) -> Iterator[Code]:
    """Find bare numbers, which only the word before makes a result code."""
    for pattern, words in ((_HEX, _HEX_WORDS), (_MINUS, _MINUS_WORDS)):
        for found in pattern.finditer(text):
            if _speaks_of_result(_before(text, found.start()), words):
                yield Code(found.group(1).lower(), CodeKind.RESULT, 3, found.start(), found.end())


def _find_signals(text: str) -> Iterator[Code]:
    if "SIG" not in text and "signal" not in text:
        return
    for pattern in (_SIGNAL_NAME, _SIGNAL_NUMBER):
        for found in pattern.finditer(text):
            name = name_signal(found.group(1) if pattern.groups else found.group())
            if name is not None:
                yield Code(name, CodeKind.SIGNAL, 3, found.start(), found.end())


def _drop_aliases(found: list[Code], text: str) -> list[Code]:
    """Leave out a name in parentheses behind its number: `0x103 (SOME_ERR_NAME)` is one code."""
    ends = {code.end for code in found if code.kind is CodeKind.RESULT}
    return [
        code
        for code in found
        if text[code.start - 1 : code.start] != "(" or code.start - 2 not in ends
    ]


def extract_codes(text: str) -> tuple[Code, ...]:
    """Find the error codes of a text in the order they stand, each spelling once."""
    text = fold_widths(text[:MAX_CHARS])
    found = [
        *_find_vendor(text),
        *_find_named(text),
        *_find_numbers(text),
        *_find_results(text),
        *_find_signals(text),
    ]
    if len(found) > 1:
        found = _drop_aliases(found, text)
    found.sort(key=lambda code: (code.start, -code.confidence))
    codes: dict[str, Code] = {}
    end = -1
    for code in found:
        if code.start >= end and code.text not in codes and len(codes) < MAX_CODES:
            codes[code.text] = code
        end = max(end, code.end)
    return tuple(codes.values())


def spell_code(code: str) -> str:
    """Give an explicitly stated code its one spelling; an unknown form stays as it is."""
    plain = " ".join(fold_widths(code[:120]).split())
    found = _WORD.fullmatch(plain)
    if found is not None and found.group("letters") is not None:
        prefix = found.group("letters").upper()
        joint = found.group("joint").strip()
        hyphen = "" if _UNHYPHENATED.has(prefix) and not joint else "-"
        return f"{prefix}{hyphen}{found.group('digits')}{found.group('tail')}"
    return plain
