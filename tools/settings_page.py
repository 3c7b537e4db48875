"""Write docs/settings.md from the settings records and their docstrings; `--check` only compares.

The sources are read, not imported: a docstring under a field is not there at run time.
"""

import ast
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "settings.md"
SERVER = ROOT / "collector" / "faultbox_collector" / "settings.py"
AGENT = ROOT / "agent" / "faultbox_agent" / "settings.py"
_TEXT = """# Settings

Written by `tools/settings_page.py` from the settings records; `make check` compares.

Later sources win: default, file (TOML), environment, command line. An unknown name in a file is an
error; unknown environment names are other people's.

## Server

`faultbox` and `faultbox-collector`. The file is named by `FAULTBOX_CONFIG` or `--config`; there is
none by default and none is needed.

{server}
## Agent

`faultbox-agent`. The file is named by `FAULTBOX_AGENT_CONFIG`; without it
`/etc/faultbox/agent.toml`, then `~/.config/faultbox/agent.toml`.

{agent}
### `[[log]]`, one for each file to follow

{log}
### `[privacy]`

{privacy}
### `[delivery]`

{delivery}
### In programs that the SDK watches

`install()` takes what it is given, then `FAULTBOX_PRODUCT`, `_MODEL`, `_SERIAL`, `_VERSION`, `_HW`,
`_FW`, `_PLACE`, `_SITE` and `_SPOOL`; it never reads a file. What is still missing comes from the
agent that takes the report in.

{sdk}"""
_SDK = {
    "FAULTBOX_PRIVACY_KEYS": "More names whose values are secrets, separated by spaces.",
    "FAULTBOX_CLAIM": "Set by the supervisor for the program it starts; not for people.",
}
_PLAIN = {
    "batch": "Production batch.",
    "batch_bundles": "Most bundles in one request.",
    "batch_mib": "Most MiB in one request.",
    "channel": "Release channel, as stable or beta.",
    "hw": "Hardware version.",
    "model": "Model name or number.",
    "path": "The file.",
    "site": "Where the device stands, in words.",
    "spool_mib": "Space in MiB that waiting bundles may take.",
}
"""Meanings of names that explain themselves in the source."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of a settings record."""

    name: str
    default: str
    meaning: str
    is_scalar: bool


def read_settings(source: str, record: str) -> list[Setting]:
    """Return the fields of a record with their defaults and docstrings."""
    body = next(
        node.body
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and node.name == record
    )
    found = []
    for node, after in zip(body, [*body[1:], None], strict=True):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        meaning = ""
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            meaning = " ".join(str(after.value.value).split())
        kind = ast.unparse(node.annotation)
        is_scalar = set(kind.split(" | ")) <= {"str", "int", "bool", "None"}
        name = node.target.id
        meaning = meaning or _PLAIN.get(name, "")
        found.append(Setting(name, _write_default(node.value), meaning, is_scalar))
    return found


def _write_default(value: ast.expr | None) -> str:
    if value is None:
        return "required"
    text = ast.unparse(value)
    if text in {"None", "''", "()"} or text.startswith("field("):
        return "–"
    return f"`{text}`".replace("'", "").replace("False", "false").replace("True", "true")


def write_table(settings: Sequence[Setting], *, in_environment: bool) -> str:
    """Return a table of settings; tables inside the file have rows of their own."""
    rows = ["| name | environment | default | meaning |", "|---|---|---|---|"]
    for setting in settings:
        if in_environment and not setting.is_scalar:
            continue
        variable = f"`FAULTBOX_{setting.name.upper()}`" if in_environment else "–"
        meaning = setting.meaning.replace("|", "\\|")
        rows.append(f"| `{setting.name}` | {variable} | {setting.default} | {meaning} |")
    return "\n".join(rows) + "\n"


def write_page() -> str:
    """Return the page."""
    server, agent = SERVER.read_text(), AGENT.read_text()
    return _TEXT.format(
        server=write_table(read_settings(server, "Settings"), in_environment=True),
        agent=write_table(read_settings(agent, "Settings"), in_environment=True),
        log=write_table(read_settings(agent, "LogFile"), in_environment=False),
        privacy=write_table(read_settings(agent, "Privacy"), in_environment=False),
        delivery=write_table(read_settings(agent, "Delivery"), in_environment=True),
        sdk="".join(f"- `{name}`: {meaning}\n" for name, meaning in _SDK.items()),
    )


def main(arguments: Sequence[str]) -> int:
    """Write or compare the page; 1 where it is stale."""
    page = write_page()
    if "--check" not in arguments:
        PAGE.write_text(page)
    elif not PAGE.is_file() or PAGE.read_text() != page:
        print("docs/settings.md is stale: run `python tools/settings_page.py`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
