"""The corpus: every hostile body with the headers it comes under."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from faultbox_protocol import api
from support.builders import a_bundle, a_head
from support.hostile.bundles import refused_bundles, stored_bundles
from support.hostile.compression import ENCODINGS
from support.hostile.forms import form_bodies, json_bodies, msgpack_bodies, multipart_bodies

FBX = api.MEDIA_TYPE
JSON = "application/json"
MSGPACK = "application/msgpack"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"
PART = "application/partial-upload"


@dataclass(frozen=True, slots=True)
class Hostile:
    """One body; `taken` says that a route which knows its content type may take it."""

    name: str
    make: Callable[[], bytes]
    content_type: str = FBX
    encoding: str = ""
    taken: bool = False

    def __str__(self) -> str:
        return f"{self.content_type.partition(';')[0]} {self.encoding} {self.name}"

    @property
    def headers(self) -> dict[str, str]:
        """The headers that say what it is."""
        found = {"Content-Type": self.content_type} if self.content_type else {}
        return {**found, "Content-Encoding": self.encoding} if self.encoding else found


def corpus() -> Iterator[Hostile]:
    """Yield every body; they are made only when asked for, because some are large."""
    for name, make in refused_bundles():
        yield Hostile(name, make)
    for name, make in stored_bundles():
        yield Hostile(name, make, taken=True)
    for name, make in json_bodies().items():
        yield Hostile(name, make, JSON)
    for name, make in msgpack_bodies().items():
        yield Hostile(name, make, MSGPACK)
    for name, make in form_bodies().items():
        yield Hostile(name, make, FORM, taken=True)
    for name, make in multipart_bodies().items():
        yield Hostile(name, make, MULTIPART)
    yield from _encoded()
    yield from _mislabelled()


def _encoded() -> Iterator[Hostile]:
    honest = a_bundle(a_head(999_999))
    for name, (encoding, make) in ENCODINGS.items():
        for content_type in (FBX, JSON, FORM):
            yield Hostile(name, partial(make, honest), content_type, encoding)


def _mislabelled() -> Iterator[Hostile]:
    honest = a_bundle(a_head(999_998))
    labels = ("", "*/*", "text/html", "application/octet-stream", "x", "a/b/c; q", JSON, MSGPACK)
    for label in labels:
        yield Hostile(f"a bundle called {label!r}", lambda: honest, label)
    yield Hostile("a megabyte of anything", lambda: bytes(1 << 20), PART, taken=True)
    yield Hostile("a bundle as a form", lambda: honest, FORM, taken=True)
    yield Hostile("JSON called a bundle", lambda: b'{"v": 1}', FBX)
    yield Hostile("no type at all", lambda: bytes(100_000), "")
