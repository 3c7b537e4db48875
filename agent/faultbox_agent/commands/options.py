"""Options that several commands share, and settings made of them."""

import argparse
import contextlib
import os
import sys
import tomllib
from collections import defaultdict
from collections.abc import Mapping

from faultbox_agent.fault import PlainMap
from faultbox_agent.settings import (
    CONFIG_VARIABLE,
    BadSettings,
    Settings,
    find_config,
    load_settings,
)

_NAMES = {
    "server": "address of the collector",
    "key": "ingest key (better in FAULTBOX_KEY or the file: arguments are public)",
    "product": "product name",
    "model": "product model",
    "serial": "serial number of the device",
    "version": "version of the application",
    "hw": "hardware revision",
    "fw": "firmware or system version",
    "place": "customer_site, test, production or other",
    "site": "name of the site",
    "spool": "folder of waiting bundles",
}
_EXIT_CONFIG = 78
_KEY_VARIABLE = "FAULTBOX_KEY"


def make_parser(command: str, text: str, usage: str | None = None) -> argparse.ArgumentParser:
    """Return a parser of a command, with the options of identity and spool."""
    parser = argparse.ArgumentParser(
        prog=f"faultbox-agent {command}", description=text, usage=usage
    )
    parser.add_argument("--config", metavar="FILE", help="agent.toml to read")
    for name, meaning in _NAMES.items():
        parser.add_argument(f"--{name}", metavar="TEXT", help=meaning)
    return parser


def read_settings(given: argparse.Namespace) -> Settings:
    """Return the settings, or end the program with a clear sentence (exit code 78)."""
    try:
        return _load(given)
    except ValueError as error:
        sys.stderr.write(f"faultbox-agent: {error}\n")
        raise SystemExit(_EXIT_CONFIG) from None


def read_settings_anyway(given: argparse.Namespace) -> tuple[Settings, str]:
    """Return the settings; where they are bad, what is good of them, and what is wrong."""
    try:
        return _load(given), ""
    except ValueError as error:  # also of a file that is not UTF-8
        return _salvage(given), " ".join(str(error).split())


def _load(given: argparse.Namespace) -> Settings:
    return load_settings(_environ(given), {name: getattr(given, name) for name in _NAMES})


def _environ(given: argparse.Namespace) -> dict[str, str]:
    named = {CONFIG_VARIABLE: given.config} if given.config else {}
    return {**os.environ, **named}


def _salvage(given: argparse.Namespace) -> Settings:
    """Return identity and spool, each from the first place that names it well; no server."""
    environ = _environ(given)
    table = _read_table(find_config(environ))
    bare = {name: text for name, text in environ.items() if not name.startswith("FAULTBOX_")}
    bare[CONFIG_VARIABLE] = os.devnull
    kept: dict[str, str | None] = {}
    for name in _NAMES.keys() - {"server", "key"}:
        for value in (getattr(given, name), environ.get(f"FAULTBOX_{name.upper()}"), table[name]):
            try:
                load_settings(bare, {name: value})
            except BadSettings:
                continue
            if value:
                kept[name] = value
                break
    return load_settings(bare, kept)


def _read_table(path: str | None) -> "defaultdict[str, str | None]":
    """Return the texts of a settings file of which something is wrong."""
    found: defaultdict[str, str | None] = defaultdict(lambda: None)
    if path is not None:
        with contextlib.suppress(OSError, ValueError), open(path, "rb") as file:
            for name, value in tomllib.load(file).items():
                if isinstance(value, str):
                    found[name] = value
    return found


def identity_of(settings: Settings, product: str | None = None) -> tuple[PlainMap, PlainMap]:
    """Return the `prod` and `where` maps that the settings name."""
    prod = {
        "name": settings.product or product,
        "model": settings.model,
        "serial": settings.serial,
        "batch": settings.batch,
        "hw": settings.hw,
        "fw": settings.fw,
        "app": settings.version,
        "channel": settings.channel,
    }
    where = {"env": settings.place, "site": settings.site}
    return (
        {name: value for name, value in prod.items() if value},
        {name: value for name, value in where.items() if value},
    )


def child_environ(settings: Settings, given: argparse.Namespace, product: str) -> dict[str, str]:
    """Return the environment by which a program started here, and its SDK, know what we know.

    The ingest key is not in it: everything that the program starts could read it.
    """
    named = {
        "SPOOL": settings.spool,
        "PRODUCT": settings.product or product,
        "MODEL": settings.model,
        "SERIAL": settings.serial,
        "BATCH": settings.batch,
        "HW": settings.hw,
        "FW": settings.fw,
        "VERSION": settings.version,
        "CHANNEL": settings.channel,
        "PLACE": settings.place,
        "SITE": settings.site,
        "SERVER": given.server,
        "AGENT_CONFIG": given.config,
        "PRIVACY_KEYS": " ".join(settings.privacy.keys),
    }
    found = {f"FAULTBOX_{name}": value for name, value in named.items() if value}
    environ = {**os.environ, **found}
    environ.pop(_KEY_VARIABLE, None)
    return environ


def delivery_environ(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a delivery on behalf of a program that has `environ`."""
    return {**environ, _KEY_VARIABLE: settings.key} if settings.key else dict(environ)
