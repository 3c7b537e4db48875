"""`ticket list` and `users login-link` in this process: what they print, escaped for terminals."""

import json
from pathlib import Path

import pytest

from faultbox_collector.cli import run
from faultbox_collector.commands import reading, serve
from faultbox_collector.settings import SettingsError, load_settings
from support.builders import a_bundle, a_head, an_err
from support.collector import Rig


def test_tickets_as_json_and_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rig = Rig(tmp_path)
    rig.put(a_bundle(a_head(1, err=an_err(type="Weird\x1b[31mError"))))
    rig.digest()
    rig.close()
    assert run("fb", serve.add_parser, ["ticket", "list", "--json", "--data", str(tmp_path)]) == 0
    [found] = json.loads(capsys.readouterr().out)
    assert found["url"].endswith(f"/tickets/{found['number']}")
    assert run("fb", serve.add_parser, ["ticket", "list", "--data", str(tmp_path)]) == 0
    line = capsys.readouterr().out
    assert line.startswith(found["number"])
    assert "\x1b" not in line


def test_a_login_link(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fb", serve.add_parser, ["users", "login-link", "--data", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("login: http://127.0.0.1:8080/login/")


def test_reading_where_there_is_nothing(tmp_path: Path) -> None:
    settings = load_settings(environ={}, options={"data": str(tmp_path / "none")})
    with pytest.raises(SettingsError, match="no Faultbox data"):
        reading.read_store(settings, lambda connection: connection)
