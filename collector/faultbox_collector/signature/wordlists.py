"""The word lists that travel with the package, compiled once into fast tests.

A list of plain names becomes a set, entries that end in one `*` a tuple for `str.startswith`, and
the rest one alternation without nesting, so that a test stays linear in the word.
"""

import re
from dataclasses import dataclass
from importlib.resources import files


def read_list(name: str) -> tuple[str, ...]:
    """Read the entries of `lists/NAME.txt`, comments and empty lines left out."""
    text = files("faultbox_collector.signature").joinpath("lists", f"{name}.txt").read_text("utf-8")
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


@dataclass(frozen=True, slots=True)
class WordList:
    """A compiled list; `name` is what explanations call it."""

    name: str
    exact: frozenset[str]
    prefixes: tuple[str, ...]
    globs: re.Pattern[str] | None

    def has(self, word: str) -> bool:
        """Tell whether an entry matches the whole word."""
        if word in self.exact or word.startswith(self.prefixes):
            return True
        return self.globs is not None and self.globs.fullmatch(word) is not None


def load_wordlist(name: str) -> WordList:
    """Compile one list file."""
    exact, prefixes, globs = set(), [], []
    for entry in read_list(name):
        if "*" not in entry:
            exact.add(entry)
        elif entry.index("*") == len(entry) - 1:
            prefixes.append(entry[:-1])
        else:
            globs.append(".*".join(re.escape(part) for part in entry.split("*")))
    compiled = re.compile("|".join(globs), re.DOTALL) if globs else None
    return WordList(name, frozenset(exact), tuple(prefixes), compiled)
