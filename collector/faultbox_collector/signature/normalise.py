"""Names and messages with everything taken off that differs between two reports of one fault.

A function loses its arguments, template arguments, return type, compiler clones, hashes and the
numbers that compilers give to lambdas and proxies. A message keeps its words and its error codes;
values go: quoted text, paths, addresses, ids and every word with a digit in it.
"""

import re
from collections.abc import Sequence

from faultbox_collector.signature.codes import extract_codes
from faultbox_collector.signature.trace import Ecosystem

MAX_NAME_CHARS = 512
MAX_MESSAGE_CHARS = 400
MAX_MESSAGE_LINES = 2
_LONGEST_CYCLE = 6

_RUST_HASH = re.compile(r"::h[0-9a-f]{16}$")
_CLONES = re.compile(
    r"(?: ?\[clone [^\]]{1,60}\]|@{1,2}[\w.]{1,40}|@plt"
    r"|\.(?:cold|isra|constprop|part|lto_priv|llvm|localalias|resolver|warm|hot)(?:\.\d{1,20})?|\.\d{1,4})$"
)
_GLIBC_ALIAS = re.compile(r"^(?:__GI_(?=\w)|IA__)")
_VECTOR = re.compile(
    r"^_{0,2}(\w{3,16}?)(?:_(?:sse\d?|ssse3|sse4_\d|sse2|avx2?|avx512|evex|erms|unaligned|no_vzeroupper"
    r"|rtm|back|generic|aarch64|neon|falkor|thunderx\d?|a64fx|mops|simple|ifunc|vec)){1,6}\d?$"
)
_QUALIFIERS = re.compile(r"(?: (?:const|volatile|noexcept|&{1,2}))+$")
_OPERATOR = re.compile(r"\boperator\s*(?:\(\)|<=>|<<=?|>>=?|<=?|>=?|->\*?|\[\]|new\b|delete\b)")
_LAMBDA_CPP = re.compile(r"\{lambda\([^{}]{0,200}\)#\d{1,4}\}|\$_\d{1,4}|'lambda\d{0,4}'")

_JAVA_GENERATED = re.compile(
    r"\$\$(?:EnhancerBy|FastClassBy)\w{1,40}\$\$[0-9a-f]{1,16}"
    r"|\$\$Lambda(?:\$\d{1,8})?(?:[/.](?:0x)?[0-9a-f]{1,16})?"
    r"|\$MockitoMock\$\d{1,16}|\$ByteBuddy\$\w{1,16}"
)
_JAVA_NUMBER = re.compile(r"(\$Proxy|Accessor|\$lambda\$|lambda\$\w{1,60}\$|\$)\d{1,10}(?=[.$]|$)")


def base_name(path: str | None) -> str:
    """Give what stands behind the last `/` or `\\` of a path; empty for nothing."""
    return (path or "").replace("\\", "/").rpartition("/")[2].strip()[:100]


def _strip_templates(name: str) -> str:
    """Drop `<...>` at any depth; one pass, and an unbalanced name keeps what stands outside."""
    if "<" not in name:
        return name
    depth = 0
    kept: list[str] = []
    for at, char in enumerate(name):
        if char == "<":
            depth += 1
        elif char == ">" and depth and name[at - 1] != "-":
            depth -= 1
        elif not depth:
            kept.append(char)
    return "".join(kept)


def _strip_arguments(name: str) -> str:
    """Cut at the first parenthesis that opens arguments, not `(anonymous namespace)`."""
    name = name.replace("(anonymous namespace)", "{anon}").replace("(anonymous class)", "{anon}")
    at = name.find("(", 1)
    return name[:at] if at > 0 else name


def normalise_native(name: str) -> str:
    """Reduce a C, C++ or Rust function to its bare qualified name."""
    name = _RUST_HASH.sub("", name[:MAX_NAME_CHARS].strip())
    name = _LAMBDA_CPP.sub("{lambda}", name) if "lambda" in name or "$_" in name else name
    operator = _OPERATOR.search(name) if "operator" in name else None
    if operator is not None:
        head = _strip_templates(name[: operator.start()])
        name = head + "".join(operator.group().split(" ")[:1])
        if operator.group().startswith(("operator new", "operator delete")):
            name = head + operator.group()
            name += "[]" if "[]" in operator.string[operator.end() : operator.end() + 2] else ""
        return (
            name.rpartition(" ")[2]
            if "operator new" not in name and "operator del" not in name
            else name
        )
    name = _strip_arguments(name) if "(" in name else name
    name = _strip_templates(name)
    name = _QUALIFIERS.sub("", name.strip())
    if " " in name and "[clone" not in name:
        name = name.rpartition(" ")[2].lstrip("*&") or name
    for _ in range(3):
        shorter = _CLONES.sub("", name)
        if shorter == name or not shorter:
            break
        name = shorter
    name = _GLIBC_ALIAS.sub("", name)
    vector = _VECTOR.match(name) if "_" in name else None
    name = vector.group(1) if vector else name
    return name.replace("{anon}", "(anonymous)").removeprefix("__interceptor_").removeprefix("::")


def normalise_java(name: str) -> str:
    """Reduce `module/package.Class$1.lambda$run$0` to what survives a recompilation."""
    name = name[:MAX_NAME_CHARS].strip()
    if "$" in name or "Accessor" in name:
        name = _JAVA_GENERATED.sub("", name)
        name = _JAVA_NUMBER.sub(r"\1", name)
    return name


def name_python(function: str | None, file: str | None, module: str | None) -> str:
    """Name a Python frame by the stem of its file and its function, as in `pricing.ratio`.

    A package's `__init__` and `__main__` say nothing, so the folder's name comes before them.
    """
    stem = (module or "").rpartition(".")[2]
    if file and not file.startswith("<"):
        parts = file.replace("\\", "/").split("/")
        stem = parts[-1].removesuffix(".py").removesuffix(".pyc")
        if stem in {"__init__", "__main__"} and len(parts) > 1:
            stem = parts[-2]
    name = (function or "<source>").rpartition(".")[2][:MAX_NAME_CHARS]
    return f"{stem}.{name}" if stem else name


def normalise_function(ecosystem: Ecosystem, name: str) -> str:
    """Reduce a function's name by the conventions of its ecosystem."""
    if ecosystem is Ecosystem.NATIVE:
        return normalise_native(name)
    return normalise_java(name) if ecosystem is Ecosystem.JAVA else name[:MAX_NAME_CHARS]


def shorten_type(name: str | None) -> str | None:
    """Drop package and outer class of an exception's type: they move, the name stays."""
    if not name:
        return None
    return name.replace("$", ".").rpartition(".")[2][:120] or None


def collapse_recursion(names: Sequence[str]) -> tuple[str, ...]:
    """Keep one turn of every immediate repetition of up to six names, in one pass."""
    kept: list[str] = []
    for name in names:
        kept.append(name)
        for period in range(1, _LONGEST_CYCLE + 1):
            if len(kept) >= 2 * period and kept[-period:] == kept[-2 * period : -period]:
                del kept[-period:]
                break
    return tuple(kept)


def find_cycle(names: Sequence[str]) -> tuple[str, ...]:
    """Give the names of the cycle in which a stack overflowed, from its smallest name on.

    Where in the cycle the stack ran out is chance, so the cycle is turned to start always alike.
    """
    for period in range(1, _LONGEST_CYCLE + 1):
        for start in range(min(len(names), 2 * _LONGEST_CYCLE)):
            turn = tuple(names[start : start + period])
            rest = names[start + period : start + 3 * period]
            if len(rest) == 2 * period and tuple(rest) == turn * 2:
                first = turn.index(min(turn))
                return turn[first:] + turn[:first]
    return ()


_QUOTED = re.compile(
    r"\"[^\"\n]{0,300}\"|(?<![A-Za-z0-9])'[^'\n]{0,300}'|`[^`'\n]{0,300}[`']|“[^”\n]{0,300}”|‘[^’\n]{0,300}’|《[^》\n]{0,300}》"
)
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,10}://\S{1,400}")
_PATH = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?(?:[/\\][\w.@+~%-]{1,255}){2,40}[/\\]?")
_WORDS = re.compile(r"[A-Za-z0-9_.:\-@+%$#]+")
_SHORT_IDENTIFIER = re.compile(r"[A-Za-z]{1,6}\d{1,4}[A-Za-z]{0,2}$")
_STARS = re.compile(r"\*(?:[\s,;:]{0,3}\*)+")
_BLANKS = re.compile(r"\s+")


def _mask_word(found: re.Match[str]) -> str:
    word = found.group()
    if word.isalpha() or not any(char.isdigit() for char in word):
        return word
    return word if word.islower() and _SHORT_IDENTIFIER.match(word) else "*"


def _mask_words(text: str) -> str:
    return _WORDS.sub(_mask_word, _PATH.sub("*", _URL.sub("*", _QUOTED.sub("*", text))))


def mask_message(message: str) -> str:
    """Turn a message into its template; error codes and the words stay."""
    lines = [line for line in message[: 4 * MAX_MESSAGE_CHARS].split("\n") if line.strip()]
    text = " ".join(lines[:MAX_MESSAGE_LINES])[:MAX_MESSAGE_CHARS]
    if not text:
        return ""
    parts: list[str] = []
    at = 0
    for code in extract_codes(text):
        if code.confidence >= 2:
            parts += [_mask_words(text[at : code.start]), code.text]
            at = code.end
    parts.append(_mask_words(text[at:]))
    return _BLANKS.sub(" ", _STARS.sub("*", "".join(parts))).strip()
