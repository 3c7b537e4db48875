"""Every knob of the agent, parsed once: file, then environment, then command line.

The file is TOML (`FAULTBOX_AGENT_CONFIG`, else `/etc/faultbox/agent.toml`, else
`~/.config/faultbox/agent.toml`); an unknown name in it is an error. Every scalar setting has a
variable `FAULTBOX_<NAME>`; unknown variables are left alone, others use that prefix too.
"""

import hashlib
import os
import re
import socket
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TypeVar

from faultbox_agent.address import BadAddress, parse_address
from faultbox_agent.layout import default_spool
from faultbox_protocol.words import Place

CONFIG_VARIABLE = "FAULTBOX_AGENT_CONFIG"
SYSTEM_CONFIG = "/etc/faultbox/agent.toml"
_USER_CONFIG = "~/.config/faultbox/agent.toml"
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


T = TypeVar("T")


class BadSettings(ValueError):
    """A setting that cannot be used; the message names it and says what would do."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """One log file to follow (`[[log]]`)."""

    path: str
    encoding: str = "utf-8"
    """Of the file; GB18030 is common on older devices."""
    codes: tuple[str, ...] = ()
    """Regular expressions of own error codes, beside the usual ones; group 1 or all of it."""
    from_start: bool = False
    """Read a file that was never seen before from its beginning, not from its end."""


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is taken out beyond the built-in rules (`[privacy]`)."""

    keys: tuple[str, ...] = ()
    """More names whose values are secrets, as `key=value` in texts."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How bundles travel (`[delivery]`)."""

    ca_file: str | None = None
    """PEM file of own certificate authorities, instead of the system's."""
    allow_plain_http: bool = False
    """Send without TLS to other machines; the key can then be read on the way."""
    timeout_seconds: int = 60
    """One upload, at most; slow links need about a second per 64 KiB."""
    batch_bundles: int = 100
    batch_mib: int = 16


@dataclass(frozen=True, slots=True)
class Settings:
    """The agent's settings."""

    server: str | None = None
    """Address of the collector, as https://faults.example.com; none: keep faults here."""
    key: str | None = None
    """Ingest key of the product."""
    product: str | None = None
    """Product name; the supervisor falls back to the name of the program."""
    model: str | None = None
    serial: str | None = None
    """Falls back to `m-` and 16 hex digits hashed from /etc/machine-id, else the host name."""
    batch: str | None = None
    hw: str | None = None
    fw: str | None = None
    """Firmware or system version; falls back to the name of the operating system release."""
    version: str | None = None
    """Version of the application."""
    channel: str | None = None
    place: str | None = None
    """customer_site, test, production or other."""
    site: str | None = None
    spool: str = ""
    """Folder of waiting bundles: /var/lib/faultbox/spool for root, else below ~/.local/state."""
    spool_mib: int = 64
    spool_bundles: int = 4_000
    """Files, because a file system also runs out of inodes."""
    headroom_mib: int = 16
    """Free disk space that the spool never touches."""
    burst_per_minute: int = 30
    """Bundles of the same fault in a minute; what comes beyond is counted into one bundle."""
    log: tuple[LogFile, ...] = ()
    privacy: Privacy = field(default_factory=Privacy)
    delivery: Delivery = field(default_factory=Delivery)


def load_settings(
    environ: Mapping[str, str], given: Mapping[str, str | None] | None = None
) -> Settings:
    """Return the settings of file, environment and `given`, later ones first.

    Raises:
        BadSettings: the file cannot be read, a name is unknown, or a value is of no use.
    """
    settings = _from_file(find_config(environ))
    settings = _overlay(
        settings, {key: environ.get(f"FAULTBOX_{key.upper()}") for key in (*_TOP, *_DELIVERY)}
    )
    settings = _overlay(settings, given or {})
    if not settings.spool:
        settings = replace(settings, spool=default_spool())
    settings = replace(settings, spool=os.path.abspath(os.path.expanduser(settings.spool)))
    _check(settings)
    return settings


def default_serial() -> str:
    """Return a stable name of this device: hashed machine id, else the host name."""
    try:
        with open("/etc/machine-id", encoding="ascii") as file:
            machine = file.read(64).strip()
    except (OSError, ValueError):
        machine = ""
    if not machine:
        return socket.gethostname()
    return f"m-{hashlib.sha256(f'faultbox:{machine}'.encode()).hexdigest()[:16]}"


_TABLES = ("log", "privacy", "delivery")


def _type_names(kind: type[object]) -> dict[str, str]:
    """Return the settings of a record and the names of their types."""
    return {
        item.name: getattr(item.type, "__name__", str(item.type))
        for item in fields(kind)  # type: ignore[arg-type]
        if item.name not in _TABLES
    }


_TOP = _type_names(Settings)
_DELIVERY = _type_names(Delivery)


def find_config(environ: Mapping[str, str]) -> str | None:
    """Return the path of the file that is read, None where there is none."""
    named = environ.get(CONFIG_VARIABLE)
    if named:
        return named
    for path in (SYSTEM_CONFIG, os.path.expanduser(_USER_CONFIG)):
        if os.path.isfile(path):
            return path
    return None


def _from_file(path: str | None) -> Settings:
    if path is None:
        return Settings()
    try:
        with open(path, "rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        raise BadSettings(f"{path}: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"{path}: {error}") from None
    try:
        return _build_settings(table)
    except BadSettings as error:
        raise BadSettings(f"{path}: {error}") from None


def _build_settings(table: dict[str, object]) -> Settings:
    parts = dict(table)
    logs = parts.pop("log", [])
    if not isinstance(logs, list) or not all(isinstance(entry, dict) for entry in logs):
        raise BadSettings("log: write [[log]] for each file")
    privacy = _build(Privacy, parts.pop("privacy", {}), "privacy.")
    delivery = _build(Delivery, parts.pop("delivery", {}), "delivery.")
    settings = _build(Settings, parts, "")
    return replace(
        settings,
        log=tuple(_build_log(entry, f"log[{index}].") for index, entry in enumerate(logs)),
        privacy=privacy,
        delivery=delivery,
    )


def _build_log(table: object, where: str) -> LogFile:
    if not isinstance(table, dict) or "path" not in table:
        raise BadSettings(f"{where}path is missing")
    return _build(LogFile, table, where)


def _build(kind: type[T], table: object, where: str) -> T:
    """Make one settings record of a TOML table, every name and type checked."""
    if not isinstance(table, dict):
        raise BadSettings(f"{where.rstrip('.')}: a table is expected")
    known = _type_names(kind)
    made: dict[str, object] = {}
    for name, value in table.items():
        if name not in known:
            raise BadSettings(f"{where}{name} is not a setting; known are {', '.join(known)}")
        made[name] = _fit(value, known[name], f"{where}{name}")
    return kind(**made)


def _fit(value: object, kind: str, where: str) -> object:
    """Return a TOML value in the type that the record wants."""
    if kind.startswith("str") and isinstance(value, str):
        return value
    if kind.startswith("bool") and isinstance(value, bool):
        return value
    if kind.startswith("int") and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind.startswith("tuple") and isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            return tuple(value)
        raise BadSettings(f"{where}: a list of texts is expected")
    word = {"s": "text", "b": "true or false", "i": "a whole number", "t": "a list of texts"}
    raise BadSettings(f"{where}: {word[kind[0]]} is expected")


def _overlay(settings: Settings, values: Mapping[str, str | None]) -> Settings:
    """Return the settings with what a text value was given for."""
    top: dict[str, object] = {}
    delivery: dict[str, object] = {}
    for name, value in values.items():
        if value is None:
            continue
        if name in _TOP:
            top[name] = _parse(value, _TOP[name], name)
        elif name in _DELIVERY:
            delivery[name] = _parse(value, _DELIVERY[name], name)
    return replace(settings, **top, delivery=replace(settings.delivery, **delivery))  # type: ignore[arg-type]


def _parse(text: str, kind: str, name: str) -> object:
    if kind.startswith("bool"):
        if text.lower() not in _TRUE + _FALSE:
            raise BadSettings(f"{name}: true or false is expected, not {text!r}")
        return text.lower() in _TRUE
    if kind.startswith("int"):
        if not text.isascii() or not text.isdigit():
            raise BadSettings(f"{name}: a whole number is expected, not {text!r}")
        return int(text)
    return text or None if "None" in kind else text


def _check(settings: Settings) -> None:
    places = [place.value for place in Place]
    if settings.place is not None and settings.place not in places:
        raise BadSettings(f"place: one of {', '.join(places)} is expected")
    if settings.server is not None:
        try:
            allowed = settings.delivery.allow_plain_http
            parse_address(settings.server, allow_plain_http=allowed)
        except BadAddress as error:
            raise BadSettings(f"server: {error}") from None
    for name, low in (("spool_mib", 1), ("spool_bundles", 1), ("burst_per_minute", 1)):
        if getattr(settings, name) < low:
            raise BadSettings(f"{name}: at least {low} is expected")
    for entry in settings.log:
        _check_log(entry)


def _check_log(entry: LogFile) -> None:
    try:
        newline = "\n".encode(entry.encoding)
    except LookupError:
        raise BadSettings(f"log {entry.path}: unknown encoding {entry.encoding!r}") from None
    if newline != b"\n":
        raise BadSettings(f"log {entry.path}: {entry.encoding} has no one-byte line ends")
    for pattern in entry.codes:
        try:
            re.compile(pattern)
        except re.error as error:
            raise BadSettings(f"log {entry.path}: {pattern!r}: {error}") from None
