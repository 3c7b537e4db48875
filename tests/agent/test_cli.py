"""The first word is the command; everything else is said plainly."""

from pathlib import Path

import pytest

from faultbox_agent import __version__
from faultbox_agent.cli import COMMANDS, main
from support.device import agent, environ


def test_every_command_explains_itself(tmp_path: Path) -> None:
    for name in COMMANDS:
        done = agent([name, "--help"], environ(tmp_path / "spool"))
        assert done.returncode == 0
        assert f"faultbox-agent {name}".encode() in done.stdout


def test_the_usage_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"{name} " in text for name in COMMANDS)


def test_version_and_unknown_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"faultbox-agent {__version__}\n"
    assert main(["dance"]) == 2
    assert main([]) == 2
    assert "run, exec" in capsys.readouterr().err
