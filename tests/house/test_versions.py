"""The four distributions are released together, under one version."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_four_distributions_carry_one_version() -> None:
    versions = {
        tomllib.loads((ROOT / name / "pyproject.toml").read_text())["project"]["version"]
        for name in ("protocol", "agent", "collector", "dashboard")
    }
    assert len(versions) == 1
