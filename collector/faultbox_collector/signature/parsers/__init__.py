"""The parsers, found by their files: every module here with a `PARSER` takes part."""

import pkgutil
from importlib import import_module

from faultbox_collector.signature.parsers.base import Parser


def load_parsers() -> tuple[Parser, ...]:
    """Import every module of this package and collect the parsers, in the order of their names."""
    found = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda entry: entry.name):
        parser = getattr(import_module(f"{__name__}.{module.name}"), "PARSER", None)
        if isinstance(parser, Parser):
            found.append(parser)
    return tuple(found)
