"""The command line: every command is there, and wrong usage says so with status 2."""

import pytest

from faultbox_collector import __version__
from faultbox_collector.cli import run
from faultbox_collector.commands import serve


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("faultbox-collector", serve.add_parser, ["--version"])
    assert ended.value.code == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize("argv", [[], ["nonsense"], ["keys"], ["keys", "add"], ["ticket"]])
def test_wrong_usage_is_status_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("faultbox-collector", serve.add_parser, argv)
    assert ended.value.code == 2
    assert "usage: faultbox-collector" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["serve", "keys", "ticket", "sign", "users", "migrate"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("faultbox-collector", serve.add_parser, [command, "--help"])
    assert ended.value.code == 0
    assert f"faultbox-collector {command}" in capsys.readouterr().out
