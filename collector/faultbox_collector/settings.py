"""Every knob of the server: default, unit and why.

Read once, from `faultbox.toml` (path in FAULTBOX_CONFIG or `--config`), then the environment
(`FAULTBOX_<NAME>`), then command-line options; each later source wins. An unknown name in the
file is an error; unknown environment names are other people's.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from zoneinfo import ZoneInfo


class SettingsError(ValueError):
    """A setting that cannot be used; the text says which and what to write instead."""


def default_data() -> str:
    """Return the data folder of this user: system-wide for root."""
    if os.geteuid() == 0:
        return "/var/lib/faultbox/data"
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return f"{base}/faultbox"


@dataclass(frozen=True, slots=True)
class Settings:
    """The server's settings."""

    data: str = ""
    """Folder that holds everything: database, packs, sockets. Empty: /var/lib/faultbox/data for
    root, else $XDG_DATA_HOME/faultbox or ~/.local/share/faultbox."""
    database: str = field(default="", repr=False)  # may hold a password
    """Empty: SQLite in the data folder. postgresql://user@host:port/name: a database on a
    PostgreSQL server, 15 or newer. A password is better kept in ~/.pgpass or PGPASSWORD."""
    host: str = "127.0.0.1"
    """Address to listen on. Loopback until somebody says otherwise: pages and keys are secrets."""
    port: int = 8080
    """TCP port; 0 takes a free one."""
    url: str = ""
    """Base URL under which people and devices reach the server. Empty: made of host and port."""
    tls_cert: str = ""
    """PEM file with the certificate chain; with `tls_key`, the server speaks HTTPS."""
    tls_key: str = ""
    """PEM file with the private key."""
    timezone: str = ""
    """IANA zone in which ticket numbers are dated. Empty: this machine's zone."""
    language: str = "zh_CN"
    """Language of pages and of generated form text where nobody chose one: zh_CN or en."""
    pack_mib: int = 64
    """Size in MiB at which a pack file is sealed and the next begun."""
    digest_batch: int = 500
    """Most bundles that one digest transaction takes."""
    body_idle_seconds: int = 10
    """How long a request's body may pause before it is answered with 408."""
    body_seconds: int = 60
    """How long a body may take in all, and a second more for each 64 KiB: slow links are honest."""
    head_seconds: int = 20
    """How long the head of a request may take, and a connection's silence before it; 0: no limit.
    Answered with 408."""
    trusted_proxies: str = ""
    """Addresses or networks of reverse proxies, separated by commas, whose X-Forwarded-For is
    believed. Behind a proxy that is not named here every device has the proxy's address."""
    connections: int = 4000
    """Open connections in all, at most the process's file limit less 128; 0: only that."""
    connections_per_address: int = 32
    """Open connections of one address; more get 429. This machine and named proxies are exempt;
    0: no limit."""
    rate_address_per_second: int = 100
    """Requests that one address (IPv6: its first 64 bits) may send for long; 0: no limit. A site of
    thousands of devices may share one. This machine is exempt."""
    rate_address_burst: int = 2000
    """Requests of one address at once: a site that comes back after an outage."""
    rate_key_per_second: int = 500
    """Bundles that one ingest key may send for long; 0: no limit. A fifth of what a small server
    digests: one leaked key leaves room for the others."""
    rate_key_burst: int = 20000
    """Bundles of one key at once: a fleet that comes back after an outage."""
    rate_device_per_minute: int = 60
    """Bundles that one device may send for long; 0: no limit. One in a crash loop must not hide
    the others; 500 that waited in a spool take five minutes."""
    rate_device_burst: int = 200
    """Bundles of one device at once: two full batches."""
    bodies_mib: int = 64
    """Bodies over 256 KiB in hand at a time, in MiB, as announced; more get 503. Smaller ones are
    bounded by the number of connections."""
    disk_reserve_mib: int = 256
    """Free space in MiB that is left to the digest, at most a twentieth of the disk: with less,
    bundles get 503; 0 switches it off."""
    ballast_mib: int = 64
    """Size in MiB, at most a twentieth of the disk, of a file that is given up when the disk is
    full, because a full database cannot even be pruned; 0: none."""
    key_cache_seconds: int = 5
    """How long a revoked key may still be taken by a server that did not revoke it itself."""

    @property
    def data_path(self) -> Path:
        """The data folder as a path."""
        return Path(self.data or default_data()).expanduser()

    @property
    def base_url(self) -> str:
        """The URL people open, without a slash at the end."""
        if self.url:
            return self.url.rstrip("/")
        scheme = "https" if self.tls_cert else "http"
        host = self.host if self.host not in ("0.0.0.0", "::", "") else "127.0.0.1"  # noqa: S104
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"


def load_settings(
    config: str | None = None,
    environ: Mapping[str, str] | None = None,
    options: Mapping[str, object] | None = None,
) -> Settings:
    """Return the settings of file, environment and command-line options.

    Raises:
        SettingsError: an unreadable file, an unknown name, or a value of the wrong kind.
    """
    environ = os.environ if environ is None else environ
    path = config or environ.get("FAULTBOX_CONFIG")
    found: dict[str, object] = _read_file(path) if path else {}
    names = {field.name for field in fields(Settings)}
    for name in sorted(set(found) - names):
        raise SettingsError(
            f"{path}: unknown setting {name!r}; known are {', '.join(sorted(names))}"
        )
    for name in names:
        value = environ.get(f"FAULTBOX_{name.upper()}")
        if value is not None:
            found[name] = value
    found.update({k: v for k, v in (options or {}).items() if k in names and v is not None})
    settings = replace(Settings(), **{k: _convert(k, v) for k, v in found.items()})  # type: ignore[arg-type]
    return _check(settings)


def _read_file(path: str) -> dict[str, object]:
    try:
        with Path(path).open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}") from None


def _convert(name: str, value: object) -> object:
    wanted = type(getattr(Settings(), name))
    if wanted is int and isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            raise SettingsError(f"{name} must be a whole number, not {value!r}") from None
    if type(value) is not wanted:
        shown = "" if name == "database" else f", not {value!r}"  # it may hold a password
        raise SettingsError(f"{name} must be {wanted.__name__}{shown}")
    return value


_LIMITS = (
    "head_seconds",
    "connections",
    "connections_per_address",
    "rate_address_per_second",
    "rate_address_burst",
    "rate_key_per_second",
    "rate_key_burst",
    "rate_device_per_minute",
    "rate_device_burst",
    "bodies_mib",
    "disk_reserve_mib",
    "ballast_mib",
)
"""Limits that 0 switches off; a burst of 0 is one of 1."""


def _check(settings: Settings) -> Settings:
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise SettingsError("tls_cert and tls_key go together: give both or none")
    if settings.database and not settings.database.startswith("postgresql://"):
        raise SettingsError(  # without the value: it may hold a password
            "database must be empty for SQLite or begin with postgresql://"
        )
    if settings.language not in ("zh_CN", "en"):
        raise SettingsError(f"language must be zh_CN or en, not {settings.language!r}")
    if not 0 <= settings.port <= 65535:
        raise SettingsError(f"port must be from 0 to 65535, not {settings.port}")
    _check_numbers(settings)
    if settings.timezone:
        try:
            ZoneInfo(settings.timezone)
        except (OSError, ValueError, KeyError):
            raise SettingsError(
                f"timezone must be an IANA name such as Asia/Shanghai, not {settings.timezone!r}"
            ) from None
    return settings


def _check_numbers(settings: Settings) -> None:
    for name in ("pack_mib", "digest_batch", "body_idle_seconds", "body_seconds"):
        if getattr(settings, name) < 1:
            raise SettingsError(f"{name} must be at least 1, not {getattr(settings, name)}")
    for name in _LIMITS:
        if getattr(settings, name) < 0:
            raise SettingsError(f"{name} must not be negative, not {getattr(settings, name)}")


def machine_zone() -> str:
    """Return the IANA name of this machine's time zone, UTC where it has none."""
    name = os.environ.get("TZ", "").lstrip(":")
    if not name:
        try:
            target = os.readlink("/etc/localtime")
        except OSError:
            target = ""
        name = target.partition("zoneinfo/")[2]
    try:
        ZoneInfo(name or "UTC")
    except (OSError, ValueError, KeyError):
        return "UTC"
    return name or "UTC"
