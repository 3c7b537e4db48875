"""Every decoder takes its seeds, and whatever a short fuzz makes of them; `make fuzz` is longer."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from support.fuzz_seeds import seeds
from support.fuzz_targets import TARGETS
from support.needs import give_up

TOOL = Path(__file__).resolve().parents[2] / "tools" / "fuzz.py"
SECONDS = 2


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_its_seeds(name: str) -> None:
    taken = 0
    for seed in seeds(name):
        TARGETS[name](seed)
        TARGETS[name](seed[: len(seed) // 2])
        TARGETS[name](b"\xff" + seed[1:])
        taken += 1
    assert taken > 0


@pytest.mark.parametrize("name", TARGETS)
def test_a_short_fuzz_finds_nothing(name: str, tmp_path: Path) -> None:
    if find_spec("atheris") is None:
        give_up("atheris has no wheel for this interpreter")
    done = subprocess.run(
        [sys.executable, str(TOOL), "--seconds", str(SECONDS), "--folder", str(tmp_path), name],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=110,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_finding_is_told_and_fails(tmp_path: Path) -> None:
    if find_spec("atheris") is None:
        give_up("atheris has no wheel for this interpreter")
    done = subprocess.run(
        [sys.executable, str(TOOL), "--seconds", "1", "--folder", str(tmp_path), "no_such_target"],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode != 0
    assert "no_such_target" in done.stdout + done.stderr
