"""Settings come from file, environment and command line; what is wrong is said in one sentence."""

from pathlib import Path

import pytest

from faultbox_agent.settings import BadSettings, default_serial, load_settings


def test_later_sources_win(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text('product = "file"\nmodel = "file"\nserial = "file"\n', encoding="utf-8")
    environ = {
        "FAULTBOX_AGENT_CONFIG": str(path),
        "FAULTBOX_MODEL": "environ",
        "FAULTBOX_SERIAL": "environ",
        "FAULTBOX_SOMETHING_ELSE": "left alone",
    }
    settings = load_settings(environ, {"serial": "given", "product": None})
    assert (settings.product, settings.model, settings.serial) == ("file", "environ", "given")


def test_every_part_of_a_file_is_read(tmp_path: Path) -> None:
    settings = load_settings(
        {"FAULTBOX_AGENT_CONFIG": str(_write(tmp_path, _WHOLE)), "FAULTBOX_TIMEOUT_SECONDS": "9"}
    )
    assert settings.log[0].path == "/var/log/app.log"
    assert settings.log[0].encoding == "gb18030"
    assert settings.log[0].codes == (r"MY\d+",)
    assert settings.log[0].from_start
    assert settings.privacy.keys == ("pin",)
    assert settings.delivery.ca_file == "/etc/ca.pem"
    assert settings.delivery.timeout_seconds == 9
    assert settings.spool == "/tmp/somewhere"


_WHOLE = r"""
server = "https://faults.example.com"
key = "fbk_x"
place = "test"
spool = "/tmp/somewhere"
[[log]]
path = "/var/log/app.log"
encoding = "gb18030"
codes = ['MY\d+']
from_start = true
[privacy]
keys = ["pin"]
[delivery]
ca_file = "/etc/ca.pem"
"""


def _write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('produkt = "x"', "produkt is not a setting"),
        ("product = 5", "product: text is expected"),
        ("spool_mib = true", "spool_mib: a whole number"),
        ("[delivery]\nca = 'x'", "delivery.ca is not a setting"),
        ("[[log]]\nencoding = 'utf-8'", "path is missing"),
        ("log = 3", r"write \[\[log\]\]"),
        ("[[log]]\npath = '/x'\nencoding = 'utf-16'", "one-byte line ends"),
        ("[[log]]\npath = '/x'\nencoding = 'klingon'", "unknown encoding"),
        ("[[log]]\npath = '/x'\ncodes = ['(']", "log /x"),
        ('place = "moon"', "place: one of"),
        ('server = "http://faults.example.com"', "allow_plain_http"),
        ('server = "faults.example.com"', "not an address"),
        ("spool_mib = 0", "at least 1"),
        ("a = [", "agent.toml"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path: Path, text: str, hint: str) -> None:
    with pytest.raises(BadSettings, match=hint):
        load_settings({"FAULTBOX_AGENT_CONFIG": str(_write(tmp_path, text))})


def test_a_missing_file_that_was_named_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"nowhere\.toml"):
        load_settings({"FAULTBOX_AGENT_CONFIG": str(tmp_path / "nowhere.toml")})


@pytest.mark.parametrize("value", ["maybe", "2"])
def test_a_flag_in_the_environment_is_checked(value: str) -> None:
    with pytest.raises(BadSettings, match="allow_plain_http"):
        load_settings({"FAULTBOX_ALLOW_PLAIN_HTTP": value})


def test_plain_http_to_this_machine_needs_no_leave_and_elsewhere_it_does() -> None:
    assert load_settings({"FAULTBOX_SERVER": "http://127.0.0.1:8080"}).server
    allowed = {"FAULTBOX_SERVER": "http://far.example.com", "FAULTBOX_ALLOW_PLAIN_HTTP": "true"}
    assert load_settings(allowed).delivery.allow_plain_http


def test_the_default_serial_is_stable_and_does_not_show_the_machine_id() -> None:
    assert default_serial() == default_serial()
    machine = Path("/etc/machine-id")
    if machine.exists() and machine.read_text().strip():
        assert machine.read_text().strip() not in default_serial()
