"""Style sheets, scripts and icons, read once and served from memory under a versioned address.

The version is a hash of all of them, so that browsers may keep a file for ever; only names that
were there at the start are served, so no path of a request ever reaches the disk.
"""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    content_type: str
    body: bytes
    zipped: bytes


@dataclass(frozen=True, slots=True)
class Assets:
    """All files by name, and the version of the whole set."""

    version: str
    files: dict[str, Asset]

    def address(self, name: str) -> str:
        """Return the address of a file.

        Raises:
            KeyError: there is no such file.
        """
        if name not in self.files:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"


def load_assets(folder: Path = STATIC) -> Assets:
    """Read every file whose type is known."""
    files: dict[str, Asset] = {}
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in _TYPES:
            body = path.read_bytes()
            name = path.relative_to(folder).as_posix()
            files[name] = Asset(_TYPES[path.suffix], body, gzip.compress(body, mtime=0))
            digest.update(name.encode() + b"\0" + body)
    return Assets(digest.hexdigest()[:12], files)
