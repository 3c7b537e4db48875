"""Links name the server that runs, or the configured address."""

from pathlib import Path

from faultbox_collector.address import read_url, write_url
from faultbox_collector.settings import Settings


def test_the_configured_address_wins_then_the_last_servers_then_a_guess(tmp_path: Path) -> None:
    plain = Settings(data=str(tmp_path))
    assert read_url(plain) == "http://127.0.0.1:8080"
    write_url(tmp_path, "http://127.0.0.1:34567")
    assert read_url(plain) == "http://127.0.0.1:34567"
    named = Settings(data=str(tmp_path), url="https://faults.example.com/")
    assert read_url(named) == "https://faults.example.com"
