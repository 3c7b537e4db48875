"""Signals have one name, however they are told."""

import pytest

from faultbox_collector.signature.signals import name_exit_status, name_signal


@pytest.mark.parametrize("told", ["11", "SEGV", "SIGSEGV", "segv", "Segmentation fault"])
def test_one_name(told: str) -> None:
    assert name_signal(told) == "SIGSEGV"


@pytest.mark.parametrize("told", ["", "0", "99", "SIGNIFICANT", "boom", "٣"])
def test_no_name(told: str) -> None:
    assert name_signal(told) is None


@pytest.mark.parametrize(
    ("status", "name"), [(137, "SIGKILL"), (139, "SIGSEGV"), (3, None), (128, None)]
)
def test_a_status_above_128_hides_a_signal(status: int, name: str | None) -> None:
    assert name_exit_status(status) == name
