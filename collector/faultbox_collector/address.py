"""Under which URL the running server is reached: what commands print links with.

A server writes it beside its data when it listens, because only it knows the port it got.
"""

from pathlib import Path

from faultbox_collector.settings import Settings

_FILE = "server-url"


def write_url(data: Path, url: str) -> None:
    """Note the URL of the server that has just begun to listen."""
    (data / _FILE).write_text(url + "\n", encoding="utf-8")


def read_url(settings: Settings) -> str:
    """Return the base URL for links: the configured one, else the last server's, else a guess."""
    if settings.url:
        return settings.base_url
    try:
        return (settings.data_path / _FILE).read_text(encoding="utf-8").strip()
    except OSError:
        return settings.base_url
