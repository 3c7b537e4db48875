"""The lists that travel with the package are read, compiled and described."""

from importlib.resources import files

import pytest

from faultbox_collector.signature.wordlists import load_wordlist, read_list

LISTS = files("faultbox_collector.signature").joinpath("lists")
NAMES = sorted(item.name[:-4] for item in LISTS.iterdir() if item.name.endswith(".txt"))


@pytest.mark.parametrize("name", NAMES)
def test_every_list_is_described_and_holds_each_entry_once(name: str) -> None:
    entries = read_list(name)
    assert entries
    assert sorted(entries) == sorted(set(entries))
    assert f"`{name}.txt`" in LISTS.joinpath("README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("word", "has"),
    [
        ("abort", True),
        ("aborted", False),
        ("std::__throw_bad_alloc", True),
        ("my_signal_handler", True),
        ("my_signal_handler_thread", False),
    ],
)
def test_stars_match_any_run_and_the_rest_is_literal(word: str, has: bool) -> None:
    assert load_wordlist("native_cut").has(word) is has
