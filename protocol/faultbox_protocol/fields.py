"""Reading one plain map field by field: type, range and length, with the field's path in errors.

Every method answers None for an absent or nil field; `need` turns that into `missing_field`.
Names never asked for are what `unknown` lists.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from faultbox_protocol import limits
from faultbox_protocol.errors import Invalid
from faultbox_protocol.report import Plain, Scalar

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
MAX_INT = 2**63 - 1


class Fields:
    """A reader over one map; `path` is its place in the report, for error texts."""

    __slots__ = ("_map", "_path", "_seen")

    def __init__(self, source: dict[str, Plain], path: str = "") -> None:
        self._map = source
        self._path = path
        self._seen: set[str] = set()

    def unknown(self) -> tuple[str, ...]:
        """Return the names in the map that nobody asked for."""
        return tuple(sorted(name for name in self._map if name not in self._seen))

    def need(self, name: str, value: T | None) -> T:
        """Return `value`, or say that the field is missing."""
        if value is None:
            raise Invalid("missing_field", self._at(name))
        return value

    def text(self, name: str, limit_chars: int = limits.SHORT_TEXT_CHARS) -> str | None:
        """Return a text of at most `limit_chars` characters."""
        value = self._get(name)
        if value is None:
            return None
        if type(value) is not str:
            raise self._bad(name, "text is expected")
        if len(value) > limit_chars:
            raise Invalid("field_too_long", f"{self._at(name)}: at most {limit_chars} characters")
        return value

    def integer(self, name: str, low: int = 0, high: int = MAX_INT) -> int | None:
        """Return a whole number from `low` to `high`."""
        value = self._get(name)
        if value is None:
            return None
        if type(value) is not int or not low <= value <= high:
            raise self._bad(name, f"a whole number from {low} to {high} is expected")
        return value

    def flag(self, name: str) -> bool | None:
        """Return true or false."""
        value = self._get(name)
        if value is not None and type(value) is not bool:
            raise self._bad(name, "true or false is expected")
        return value

    def word(self, name: str, words: type[E], other: E) -> E | None:
        """Return a word of a closed vocabulary; one this reader does not know becomes `other`."""
        value = self.text(name, 64)
        if value is None:
            return None
        try:
            return words(value)
        except ValueError:
            return other

    def bundle_id(self, name: str) -> bytes | None:
        """Return 16 bytes, written as binary or as 32 hex digits."""
        value = self._get(name)
        if type(value) is str and len(value) == 32:
            try:
                value = bytes.fromhex(value)
            except ValueError:
                raise self._bad(name, "32 hex digits are expected") from None
        if value is None:
            return None
        if type(value) is not bytes or len(value) != 16:
            raise self._bad(name, "16 bytes or 32 hex digits are expected")
        return value

    def child(self, name: str) -> "Fields | None":
        """Return the reader of a map inside this one."""
        value = self._get(name)
        if value is None:
            return None
        if type(value) is not dict:
            raise self._bad(name, "a map is expected")
        return Fields(value, f"{self._at(name)}.")

    def children(self, name: str, limit: int, build: Callable[["Fields"], T]) -> tuple[T, ...]:
        """Return what `build` makes of each map in a list of at most `limit`."""
        made = []
        for index, item in enumerate(self.items(name, limit)):
            if type(item) is not dict:
                raise self._bad(name, "a list of maps is expected")
            made.append(build(Fields(item, f"{self._at(name)}[{index}].")))
        return tuple(made)

    def items(self, name: str, limit: int) -> list[Plain]:
        """Return a list of at most `limit` values; empty where there is none."""
        value = self._get(name)
        if value is None:
            return []
        if type(value) is not list:
            raise self._bad(name, "a list is expected")
        if len(value) > limit:
            raise Invalid("field_too_long", f"{self._at(name)}: at most {limit} items")
        return value

    def texts(self, name: str, limit: int) -> tuple[str, ...]:
        """Return a list of short texts."""
        values = self.items(name, limit)
        for value in values:
            if type(value) is not str or len(value) > limits.FRAME_TEXT_CHARS:
                raise self._bad(name, "a list of short texts is expected")
        return tuple(value for value in values if type(value) is str)

    def table(self, name: str, limit: int) -> dict[str, Plain]:
        """Return a map of at most `limit` plain values as it is."""
        value = self._get(name)
        if value is None:
            return {}
        if type(value) is not dict:
            raise self._bad(name, "a map is expected")
        if len(value) > limit:
            raise Invalid("field_too_long", f"{self._at(name)}: at most {limit} names")
        return value

    def text_table(self, name: str, limit: int, limit_chars: int) -> dict[str, str]:
        """Return a map of texts."""
        found: dict[str, str] = {}
        for key, value in self.table(name, limit).items():
            if type(value) is not str or len(value) > limit_chars:
                raise self._bad(name, f"texts of at most {limit_chars} characters are expected")
            found[key] = value
        return found

    def count_table(self, name: str, limit: int) -> dict[str, int]:
        """Return a map of counts from 0."""
        found: dict[str, int] = {}
        for key, value in self.table(name, limit).items():
            if type(value) is not int or value < 0:
                raise self._bad(name, "counts from 0 are expected")
            found[key] = value
        return found

    def scalar_table(self, name: str, limit: int) -> dict[str, Scalar]:
        """Return a map of texts, numbers and booleans."""
        found: dict[str, Scalar] = {}
        for key, value in self.table(name, limit).items():
            if isinstance(value, bytes | list | dict):
                raise self._bad(name, "texts and numbers are expected")
            found[key] = value
        return found

    def _get(self, name: str) -> Plain:
        self._seen.add(name)
        return self._map.get(name)

    def _at(self, name: str) -> str:
        return f"{self._path}{name}"

    def _bad(self, name: str, expected: str) -> Invalid:
        return Invalid("bad_field", f"{self._at(name)}: {expected}")
