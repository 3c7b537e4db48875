"""The house keeps its shape: every module has its tests, every lock its hashes."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OWN = ("protocol", "agent", "collector", "dashboard")
WITHOUT = {
    "protocol/faultbox_protocol/limits.py": "figures; tests/protocol/test_document.py has each",
    "protocol/faultbox_protocol/report.py": "records; tests/protocol/test_schema.py has each",
    "protocol/faultbox_protocol/fields.py": "a part of schema; every branch is covered there",
    "agent/faultbox_agent/handover.py": "the end of exec; tests/agent/test_supervisor.py runs it",
    "collector/faultbox_collector/signature/parsers/base.py": "what a parser is; each is tested",
    "collector/faultbox_collector/signature/parsers/native_frames.py": "test_native.py reads each",
    "dashboard/faultbox_dashboard/cli.py": "a command; tests/e2e/test_newcomer.py runs it",
    "dashboard/faultbox_dashboard/serve.py": "a command; tests/e2e/test_newcomer.py runs it",
    "dashboard/faultbox_dashboard/pages/home.py": "a redirect; tests/dashboard/test_start.py",
    "dashboard/faultbox_dashboard/pages/static.py": "tests/dashboard/test_assets.py fetches each",
    "dashboard/faultbox_dashboard/render.py": "every page in tests/dashboard goes through it",
    "dashboard/faultbox_dashboard/respond.py": "every page in tests/dashboard goes through it",
}
"""Modules that no test file is named after or imports, and why."""


def list_modules(distribution: str) -> list[Path]:
    """Return the modules with functions in them, as paths from the root."""
    folder = ROOT / distribution / f"faultbox_{distribution}"
    return [
        path.relative_to(ROOT)
        for path in sorted(folder.rglob("*.py"))
        if not path.name.startswith("_") and "versions" not in path.parts and _has_functions(path)
    ]


def _has_functions(path: Path) -> bool:
    return re.search(r"^\s*(?:async )?def ", path.read_text(), re.MULTILINE) is not None


def _is_imported(module: Path, texts: str) -> bool:
    """Tell whether a test imports the module, whole or a name of it."""
    *package, stem = module.relative_to(module.parts[0]).with_suffix("").parts
    dotted = ".".join(package)
    return (
        re.search(rf"\bfrom {dotted}\.{stem} import |\bimport {dotted}\.{stem}\b", texts)
        is not None
        or re.search(rf"\bfrom {dotted} import (\([^)]*|[^(\n]*)\b{stem}\b", texts) is not None
    )


@pytest.mark.parametrize("distribution", OWN)
def test_every_module_has_its_tests(distribution: str) -> None:
    files = list((ROOT / "tests" / distribution).rglob("test_*.py"))
    found = {path.name for path in files}
    texts = "\n".join(path.read_text() for path in files)
    missing = []
    for module in list_modules(distribution):
        stem, package = module.stem.rstrip("_"), module.parent.name
        names = {f"test_{stem}.py", f"test_{package}_{stem}.py", f"test_{package}.py"}
        if str(module) in WITHOUT or names & found or _is_imported(module, texts):
            continue
        missing.append(str(module))
    assert missing == []


def test_reasons_are_given_only_for_modules_that_exist() -> None:
    assert [name for name in WITHOUT if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("lock", ["agent", "server", "dev"])
def test_every_pinned_package_has_hashes_and_no_host(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    packages = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(packages) >= 3
    assert [one.splitlines()[0] for one in packages if "--hash=sha256:" not in one] == []
    assert "://" not in text


def test_a_device_installs_nothing_of_the_server() -> None:
    text = (ROOT / "requirements" / "agent.txt").read_text()
    names = set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))
    assert names == {"msgpack", "psutil", "zstandard"}


def test_wheels_carry_the_licence() -> None:
    whole = (ROOT / "LICENSE").read_text()
    assert "Apache License" in whole
    assert all((ROOT / name / "LICENSE").read_text() == whole for name in OWN)
