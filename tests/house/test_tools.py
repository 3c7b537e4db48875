"""The programs that write generated files, and the checks of what is committed."""

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "dashboard" / "faultbox_dashboard" / "static" / "vendor"


def load_tool(name: str) -> ModuleType:
    """Return a program of tools/ as a module."""
    spec = importlib.util.spec_from_file_location(f"tool_{name}", ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


hosts = load_tool("hosts")
third_party = load_tool("third_party")
settings_page = load_tool("settings_page")


def test_no_committed_file_names_a_registry() -> None:
    mentions = [
        (path.name, found)
        for path in hosts.list_files()
        if path.is_file() and not path.is_symlink()
        for found in hosts.find_hosts(path.read_bytes().decode("utf-8", "replace"))
    ]
    assert mentions == []


@pytest.mark.parametrize(
    "text",
    [
        "https://" + "pypi.example/simple",
        "--index" + "-url http://10.0.0.1/simple",
        '"resolved"' + ': "https://' + 'npmjs.example/x"',
        "http://user:secret@" + "mirrors.corp.example/pypi/",
        "registry" + " = http://10.0.0.1/",
    ],
)
def test_a_registry_is_noticed(text: str) -> None:
    assert hosts.find_hosts(f"first line\n{text}\n") != []


def test_ordinary_addresses_are_left_alone() -> None:
    text = "see https://keepachangelog.com/en/1.1.0/ and http://127.0.0.1:8080/start"
    assert hosts.find_hosts(text) == []


@pytest.mark.parametrize(
    ("about", "licence"),
    [
        ({"license_expression": "MIT OR Apache-2.0"}, "MIT OR Apache-2.0"),
        ({"license": "Apache 2.0"}, "Apache-2.0"),
        ({"license": "BSD-3-Clause"}, "BSD-3-Clause"),
        (
            {
                "license": "Copyright (c) somebody\nPermission is granted",
                "classifier": ["License :: OSI Approved :: MIT License", "Typing :: Typed"],
            },
            "MIT",
        ),
        ({}, "unknown"),
    ],
)
def test_a_licence_is_found_where_a_package_tells_it(
    about: dict[str, str | list[str]], licence: str
) -> None:
    assert third_party.name_licence(about) == licence


@pytest.mark.parametrize(
    ("licence", "accepted"),
    [
        ("MIT", True),
        ("Apache-2.0 AND (MIT OR BSD-3-Clause)", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("unknown", False),
    ],
)
def test_a_licence_that_nobody_agreed_to_is_refused(licence: str, accepted: bool) -> None:
    assert third_party.is_accepted(licence) is accepted


def test_every_pinned_package_has_a_row_with_its_version() -> None:
    page = (ROOT / "THIRD_PARTY.md").read_text()
    locks = third_party.read_locks(ROOT / "requirements")
    assert {"msgpack", "aiohttp", "pytest"} <= locks.keys()
    assert [n for n, (version, _) in locks.items() if f"| {n} | {version} |" not in page] == []


def test_the_settings_page_is_what_the_records_say() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == settings_page.write_page()


def test_every_setting_has_a_meaning() -> None:
    for source, record in (
        (settings_page.SERVER, "Settings"),
        (settings_page.AGENT, "Settings"),
        (settings_page.AGENT, "LogFile"),
        (settings_page.AGENT, "Privacy"),
        (settings_page.AGENT, "Delivery"),
    ):
        settings = settings_page.read_settings(source.read_text(), record)
        assert [one.name for one in settings if one.is_scalar and not one.meaning] == []


def test_vendored_files_are_those_whose_digests_were_noted() -> None:
    for line in (VENDOR / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest
