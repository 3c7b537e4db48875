"""Write THIRD_PARTY.md, what is not ours and under which licence; `--check` only compares.

The lists come from the locks, the licences from the metadata of the installed packages. A package
that this platform does not install keeps the row it has. A licence that is not in ACCEPTED fails:
adding one is a decision of a person, not of an upgrade.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "THIRD_PARTY.md"
FRONT_END = "dashboard/faultbox_dashboard/static/vendor/LICENSES.txt"
LOCKS = {"agent": "on a device", "server": "on the server", "dev": "build, tests and checks"}
ACCEPTED = frozenset(
    {
        "Apache-2.0",
        "BSD",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "LGPL-3.0-only",  # psycopg, an extra: a library used as it comes, which anybody can replace
        "MIT",
        "MPL-2.0",
        "PSF-2.0",
        "Unlicense",
    }
)
_SPELLINGS = {
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd license": "BSD-3-Clause",  # of those here: jinja2 and nodeenv, by their licence files
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
_BY_THEIR_FILES = {"atheris": "Apache-2.0"}
"""Packages whose metadata name no licence, but whose licence file is one of those accepted."""
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)\s*(?:;\s*([^\\]+?))?\s*\\?$", re.MULTILINE)
_OR_AND = re.compile(r"\s+(?:AND|OR)\s+|[()]")
_LONGEST_NAME = 80
_ELSEWHERE = "not on this platform"


@dataclass(frozen=True, slots=True)
class Package:
    """One pinned package, its licence, and the locks that hold it."""

    name: str
    version: str
    licence: str
    locks: tuple[str, ...]

    @property
    def row(self) -> str:
        """The package's line of the table."""
        return f"| {self.name} | {self.version} | {self.licence} | {', '.join(self.locks)} |"


def read_locks(folder: Path) -> dict[str, tuple[str, list[str]]]:
    """Return each pinned package with its version and the locks that hold it."""
    found: dict[str, tuple[str, list[str]]] = {}
    for lock in LOCKS:
        for name, version, _marker in _PINNED.findall((folder / f"{lock}.txt").read_text()):
            found.setdefault(name, (version, []))[1].append(lock)
    return dict(sorted(found.items()))


def name_licence(about: Mapping[str, str | list[str]]) -> str:
    """Return a licence as an SPDX expression where a package's metadata give enough to say it."""
    expression = about.get("license_expression")
    if isinstance(expression, str) and expression:
        return expression
    named = str(about.get("license") or "").strip()
    if named and len(named) <= _LONGEST_NAME and "\n" not in named:
        return _SPELLINGS.get(named.lower(), named)
    words = [
        line.rsplit(" :: ", 1)[-1]
        for line in about.get("classifier") or []
        if line.startswith("License :: OSI Approved :: ")
    ]
    return " AND ".join(_SPELLINGS.get(word.lower(), word) for word in words) or "unknown"


def is_accepted(licence: str) -> bool:
    """Return whether every part of an expression is a licence that somebody agreed to."""
    return all(part in ACCEPTED for part in _OR_AND.split(licence) if part)


def collect_packages(before: str) -> list[Package]:
    """Return every package of the locks; `before` is the page as it is, for other platforms."""
    kept = dict(re.findall(r"^\| (\S+ \| \S+) \| ([^|]+) \|", before, re.MULTILINE))
    packages = []
    for name, (version, locks) in read_locks(ROOT / "requirements").items():
        try:
            licence = _BY_THEIR_FILES.get(name) or name_licence(metadata.metadata(name).json)
        except metadata.PackageNotFoundError:
            licence = kept.get(f"{name} | {version}", _ELSEWHERE)
        packages.append(Package(name, version, licence, tuple(locks)))
    return packages


def write_page(packages: Sequence[Package]) -> str:
    """Return the page."""
    uses = "\n".join(f"- **{lock}**: {use}" for lock, use in LOCKS.items())
    rows = "\n".join(package.row for package in packages)
    front_end = (
        f"\nFiles of others that pages load lie, with their licences, in `{FRONT_END}`.\n"
        if (ROOT / FRONT_END).is_file()
        else ""
    )
    return f"""# What is not ours

Written by `tools/third_party.py` from the locks and from what the packages say of themselves;
`make check` compares. Faultbox itself is under Apache-2.0 (`LICENSE`).

{uses}

| package | version | licence | needed |
|---|---|---|---|
{rows}
{front_end}"""


def main(arguments: Sequence[str]) -> int:
    """Write or compare the page; 1 where it is stale or a licence is not accepted."""
    before = PAGE.read_text() if PAGE.is_file() else ""
    packages = collect_packages(before)
    refused = [
        package
        for package in packages
        if package.licence != _ELSEWHERE and not is_accepted(package.licence)
    ]
    for package in refused:
        print(f"{package.name} {package.version}: licence {package.licence!r} is not accepted")
    page = write_page(packages)
    if "--check" not in arguments:
        PAGE.write_text(page)
    elif page != before:
        print("THIRD_PARTY.md is stale: run `python tools/third_party.py`")
        return 1
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
