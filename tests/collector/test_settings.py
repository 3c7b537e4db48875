"""Settings: later sources win, unknown names in the file are errors, each value has its kind."""

from dataclasses import fields
from pathlib import Path

import pytest

from faultbox_collector.settings import Settings, SettingsError, load_settings, machine_zone


def a_file(folder: Path, text: str) -> str:
    """Return the path of a settings file."""
    path = folder / "faultbox.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    "text", ["database = 'mysql://fb:s3cr3t@db/fb'", "database = ['postgresql://fb:s3cr3t@db/fb']"]
)
def test_a_wrong_database_is_told_without_repeating_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="database must be") as caught:
        load_settings(a_file(tmp_path, text), environ={})
    assert "s3cr3t" not in str(caught.value)


def test_nothing_needs_to_be_set() -> None:
    assert load_settings(environ={}) == Settings()


def test_later_sources_win(tmp_path: Path) -> None:
    config = a_file(tmp_path, "port = 1\nhost = 'file'\nurl = 'http://file'\n")
    environ = {"FAULTBOX_CONFIG": config, "FAULTBOX_PORT": "2", "FAULTBOX_HOST": "environment"}
    found = load_settings(environ=environ, options={"port": 3, "host": None, "func": print})
    assert (found.port, found.host, found.url) == (3, "environment", "http://file")


def test_an_unknown_name_in_the_file_is_told_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"unknown setting 'prot'.*port"):
        load_settings(a_file(tmp_path, "prot = 1\n"), environ={})


def test_unknown_environment_names_are_other_peoples() -> None:
    assert load_settings(environ={"FAULTBOX_SPOOL": "x", "FAULTBOX_NEWS": "1"}) == Settings()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("port = 'x'", "whole number"),
        ("port = 1.5", "must be int"),
        ("port = true", "must be int"),
        ("host = 5", "must be str"),
        ("port = -1", "0 to 65535"),
        ("pack_mib = 0", "at least 1"),
        ("body_seconds = 0", "at least 1"),
        ("language = 'de'", "zh_CN or en"),
        ("timezone = '../etc/passwd'", "IANA"),
        ("timezone = 'Mars/Phobos'", "IANA"),
        ("tls_key = 'x'", "both or none"),
        ("[port]", "must be int"),
        ("\x00", "not TOML"),
    ],
)
def test_a_wrong_value_is_told(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        load_settings(a_file(tmp_path, text), environ={})


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot read"):
        load_settings(str(tmp_path / "none.toml"), environ={})


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        (Settings(), "http://127.0.0.1:8080"),
        (Settings(host="::", port=80), "http://127.0.0.1:80"),
        (Settings(host="::1"), "http://[::1]:8080"),
        (Settings(tls_cert="c", tls_key="k"), "https://127.0.0.1:8080"),
        (Settings(url="https://faults.example.com/"), "https://faults.example.com"),
    ],
)
def test_the_url_that_people_open(settings: Settings, url: str) -> None:
    assert settings.base_url == url


def test_every_setting_can_come_from_the_environment() -> None:
    values = {int: "7", str: "x"}
    odd = {"timezone": "UTC", "language": "en", "tls_cert": "c", "tls_key": "k"}
    odd |= {"database": "postgresql://host/name"}
    environ = {
        f"FAULTBOX_{field.name.upper()}": odd.get(field.name)
        or values[type(getattr(Settings(), field.name))]
        for field in fields(Settings)
    }
    found = load_settings(environ=environ)
    assert found.pack_mib == 7
    assert all(getattr(found, f.name) != getattr(Settings(), f.name) for f in fields(Settings))


def test_a_limit_is_switched_off_by_0_and_never_negative() -> None:
    assert load_settings(environ={"FAULTBOX_RATE_KEY_PER_SECOND": "0"}).rate_key_per_second == 0
    with pytest.raises(SettingsError, match="rate_key_per_second must not be negative"):
        load_settings(environ={"FAULTBOX_RATE_KEY_PER_SECOND": "-1"})


def test_this_machine_has_a_zone() -> None:
    assert load_settings(environ={}, options={"timezone": machine_zone()})
