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
    assert text.startswith("usage: faultbox-agent COMMAND")
    assert all(f"  {name} " in text for name in COMMANDS)
    assert "import" not in text, "how it is made is not what was asked"


def test_exec_tells_where_the_program_belongs(tmp_path: Path) -> None:
    env = environ(tmp_path / "spool")
    usage = " ".join(agent(["exec", "--help"], env).stdout.decode().split())
    assert "usage: faultbox-agent exec [options] -- CMD [ARG ...]" in usage
    assert "ends with 0 files nothing" in usage
    done = agent(["exec", "--product", "x", "--key", "secret", "python3", "f.py", "-v"], env)
    assert done.returncode == 2
    assert b"write the program behind --" in done.stderr
    assert b"-- python3 f.py -v\n" in done.stderr
    assert b"secret" not in done.stderr
    assert b"write the program behind --" in agent(["exec", "--product", "x"], env).stderr
    wrong = agent(["exec", "--prodct", "x", "--", "true"], env)
    assert (wrong.returncode, b"--prodct" in wrong.stderr) == (2, True)


def test_every_option_of_a_report_is_explained(tmp_path: Path) -> None:
    usage = " ".join(
        agent(["report", "--help"], environ(tmp_path / "spool")).stdout.decode().split()
    )
    for words in ("--code CODE error code", "} what sort of fault", "--attach FILE a file"):
        assert words in usage


def test_version_and_unknown_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"faultbox-agent {__version__}\n"
    assert main(["dance"]) == 2
    assert main([]) == 2
    assert "run, exec" in capsys.readouterr().err
