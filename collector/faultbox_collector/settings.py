"""Every knob of the server: default, unit and why.

Read once, from `faultbox.toml` (path in FAULTBOX_CONFIG or `--config`), then the environment
(`FAULTBOX_<NAME>`), then command-line options; each later source wins. An unknown name in the
file is an error; unknown environment names are other people's.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
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
        raise SettingsError(f"{name} must be {wanted.__name__}, not {value!r}")
    return value


def _check(settings: Settings) -> Settings:
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise SettingsError("tls_cert and tls_key go together: give both or none")
    if settings.language not in ("zh_CN", "en"):
        raise SettingsError(f"language must be zh_CN or en, not {settings.language!r}")
    if not 0 <= settings.port <= 65535:
        raise SettingsError(f"port must be from 0 to 65535, not {settings.port}")
    for name in ("pack_mib", "digest_batch", "body_idle_seconds", "body_seconds"):
        if getattr(settings, name) < 1:
            raise SettingsError(f"{name} must be at least 1, not {getattr(settings, name)}")
    if settings.timezone:
        try:
            ZoneInfo(settings.timezone)
        except (OSError, ValueError, KeyError):
            raise SettingsError(
                f"timezone must be an IANA name such as Asia/Shanghai, not {settings.timezone!r}"
            ) from None
    return settings


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
