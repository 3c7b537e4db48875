"""Options that several commands share, and settings made of them."""

import argparse
import os
import sys

from faultbox_agent.fault import PlainMap
from faultbox_agent.settings import BadSettings, Settings, load_settings

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


def make_parser(command: str, text: str) -> argparse.ArgumentParser:
    """Return a parser of a command, with the options of identity and spool."""
    parser = argparse.ArgumentParser(prog=f"faultbox-agent {command}", description=text)
    parser.add_argument("--config", metavar="FILE", help="agent.toml to read")
    for name, meaning in _NAMES.items():
        parser.add_argument(f"--{name}", metavar="TEXT", help=meaning)
    return parser


def read_settings(given: argparse.Namespace) -> Settings:
    """Return the settings, or end the program with a clear sentence (exit code 78)."""
    environ = dict(os.environ)
    if given.config:
        environ["FAULTBOX_AGENT_CONFIG"] = given.config
    try:
        return load_settings(environ, {name: getattr(given, name) for name in _NAMES})
    except BadSettings as error:
        sys.stderr.write(f"faultbox-agent: {error}\n")
        raise SystemExit(_EXIT_CONFIG) from None


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

    The key is handed on only where it came by the environment or an argument anyway.
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
        "KEY": given.key,
        "AGENT_CONFIG": given.config,
        "PRIVACY_KEYS": " ".join(settings.privacy.keys),
    }
    found = {f"FAULTBOX_{name}": value for name, value in named.items() if value}
    return {**os.environ, **found}
