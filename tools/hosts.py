"""Fail where a committed file names a package registry: locks must fit every mirror."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_REGISTRY = re.compile(
    r"https?://[^\s/\"'<>)]*(?:pypi|pythonhosted|npmjs|npmmirror|mirrors\.|yarnpkg|conda)[^\s\"'<>)]*"
    r"|^\s*(?:--)?(?:extra-)?index-url\b.*|^\s*registry\s*=.*",
    re.IGNORECASE | re.MULTILINE,
)


def list_files() -> list[Path]:
    """Return the files under version control, those about to be added among them."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name.decode() for name in names.split(b"\0") if name]


def find_hosts(text: str) -> list[str]:
    """Return each mention of a registry in a text."""
    return [match[0].strip()[:120] for match in _REGISTRY.finditer(text)]


def main() -> int:
    """Print each mention of a registry; 1 where there is one."""
    found = 0
    for path in list_files():
        if path.is_symlink() or not path.is_file():
            continue
        for mention in find_hosts(path.read_bytes().decode("utf-8", "replace")):
            print(f"{path.relative_to(ROOT)}: {mention}")
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
