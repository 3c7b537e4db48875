"""The four distributions are released together, under one version."""

import importlib
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OWN = ("protocol", "agent", "collector", "dashboard")


def read_project(name: str) -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((ROOT / name / "pyproject.toml").read_text())[
        "project"
    ]
    return found


def test_the_four_distributions_carry_one_version() -> None:
    assert len({str(read_project(name)["version"]) for name in OWN}) == 1


def test_each_package_says_the_version_of_its_distribution() -> None:
    for name in OWN:
        package = importlib.import_module(f"faultbox_{name}")
        assert package.__version__ == read_project(name)["version"]


def test_they_ask_for_each_other_in_exactly_this_version() -> None:
    for name in OWN:
        project = read_project(name)
        dependencies = project["dependencies"]
        assert isinstance(dependencies, list)
        ours = [one for one in dependencies if one.startswith("faultbox-")]
        assert all(one.endswith(f"=={project['version']}") for one in ours)
