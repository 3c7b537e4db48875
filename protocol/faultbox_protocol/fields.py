"""Reading one plain map field by field: type, range and length, with the field's path in errors.

Every method answers None for an absent or nil field; `need` turns that into `missing_field`.
An error's text begins with the name of its field; each enclosing map puts its own name in front
on the way up, so that reading what is right never builds a path.
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
_WORD_CHARS = 64


class Fields:
    """A reader over one map."""

    __slots__ = ("_map",)

    def __init__(self, source: dict[str, Plain]) -> None:
        self._map = source

    def unknown(self, known: frozenset[str]) -> tuple[str, ...]:
        """Return the names in the map that are not in `known`."""
        return tuple(sorted(self._map.keys() - known))

    def need(self, name: str, value: T | None) -> T:
        """Return `value`, or say that the field is missing."""
        if value is None:
            raise Invalid("missing_field", name)
        return value

    def text(self, name: str, limit_chars: int = limits.SHORT_TEXT_CHARS) -> str | None:
        """Return a text of at most `limit_chars` characters."""
        value = self._map.get(name)
        if value is None:
            return None
        if type(value) is not str:
            raise _bad(name, "text is expected")
        if len(value) > limit_chars:
            raise Invalid("field_too_long", f"{name}: at most {limit_chars} characters")
        return value

    def integer(self, name: str, low: int = 0, high: int = MAX_INT) -> int | None:
        """Return a whole number from `low` to `high`."""
        value = self._map.get(name)
        if value is None:
            return None
        if type(value) is not int or not low <= value <= high:
            raise _bad(name, f"a whole number from {low} to {high} is expected")
        return value

    def flag(self, name: str) -> bool | None:
        """Return true or false."""
        value = self._map.get(name)
        if value is not None and type(value) is not bool:
            raise _bad(name, "true or false is expected")
        return value

    def word(self, name: str, words: type[E], other: E) -> E | None:
        """Return a word of a closed vocabulary; one this reader does not know becomes `other`."""
        value = self.text(name, _WORD_CHARS)
        if value is None:
            return None
        try:
            return words(value)
        except ValueError:
            return other

    def bundle_id(self, name: str) -> bytes | None:
        """Return 16 bytes, written as binary or as 32 hex digits."""
        value = self._map.get(name)
        if type(value) is str and len(value) == 32:
            try:
                value = bytes.fromhex(value)
            except ValueError:
                raise _bad(name, "32 hex digits are expected") from None
        if value is None:
            return None
        if type(value) is not bytes or len(value) != 16:
            raise _bad(name, "16 bytes or 32 hex digits are expected")
        return value

    def child(self, name: str, build: Callable[["Fields"], T]) -> T | None:
        """Return what `build` makes of a map inside this one."""
        value = self._map.get(name)
        if value is None:
            return None
        if type(value) is not dict:
            raise _bad(name, "a map is expected")
        try:
            return build(Fields(value))
        except Invalid as error:
            raise _inside(name, error) from None

    def children(self, name: str, limit: int, build: Callable[["Fields"], T]) -> tuple[T, ...]:
        """Return what `build` makes of each map in a list of at most `limit`."""
        values = self.maps(name, limit)
        made: list[T] = []
        try:
            for value in values:
                made.append(build(Fields(value)))  # noqa: PERF401 - its length is the index
        except Invalid as error:
            raise _inside(f"{name}[{len(made)}]", error) from None
        return tuple(made)

    def items(self, name: str, limit: int) -> list[Plain]:
        """Return a list of at most `limit` values; empty where there is none."""
        value = self._map.get(name)
        if value is None:
            return []
        if type(value) is not list:
            raise _bad(name, "a list is expected")
        if len(value) > limit:
            raise Invalid("field_too_long", f"{name}: at most {limit} items")
        return value

    def maps(self, name: str, limit: int) -> tuple[dict[str, Plain], ...]:
        """Return a list of at most `limit` maps as they are."""
        values = self.items(name, limit)
        maps = tuple(value for value in values if type(value) is dict)
        if len(maps) != len(values):
            raise _bad(name, "a list of maps is expected")
        return maps

    def texts(self, name: str, limit: int, limit_chars: int) -> tuple[str, ...]:
        """Return a list of at most `limit` texts of at most `limit_chars` characters each."""
        values = self.items(name, limit)
        texts = tuple(value for value in values if type(value) is str)
        if len(texts) != len(values):
            raise _bad(name, "a list of texts is expected")
        if any(len(text) > limit_chars for text in texts):
            raise Invalid("field_too_long", f"{name}: at most {limit_chars} characters each")
        return texts

    def table(self, name: str, limit: int) -> dict[str, Plain]:
        """Return a map of at most `limit` plain values as it is."""
        value = self._map.get(name)
        if value is None:
            return {}
        if type(value) is not dict:
            raise _bad(name, "a map is expected")
        if len(value) > limit:
            raise Invalid("field_too_long", f"{name}: at most {limit} names")
        return value

    def text_table(self, name: str, limit: int, limit_chars: int) -> dict[str, str]:
        """Return a map of texts of at most `limit_chars` characters each."""
        found: dict[str, str] = {}
        for key, value in self.table(name, limit).items():
            if type(value) is not str:
                raise _bad(name, "texts are expected")
            if len(value) > limit_chars:
                raise Invalid("field_too_long", f"{name}: at most {limit_chars} characters each")
            found[key] = value
        return found

    def count_table(self, name: str, limit: int) -> dict[str, int]:
        """Return a map of counts from 0."""
        found: dict[str, int] = {}
        for key, value in self.table(name, limit).items():
            if type(value) is not int or value < 0:
                raise _bad(name, "counts from 0 are expected")
            found[key] = value
        return found

    def scalar_table(self, name: str, limit: int) -> dict[str, Scalar]:
        """Return a map of texts, numbers and booleans."""
        found: dict[str, Scalar] = {}
        for key, value in self.table(name, limit).items():
            if isinstance(value, bytes | list | dict):
                raise _bad(name, "texts and numbers are expected")
            found[key] = value
        return found


def _bad(name: str, expected: str) -> Invalid:
    return Invalid("bad_field", f"{name}: {expected}")


def _inside(name: str, error: Invalid) -> Invalid:
    return Invalid(error.reason, f"{name}.{error.detail}")
