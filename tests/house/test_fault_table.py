"""The fault table names tests that exist, and every fault has one."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "fault-table.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.partition("## ")[0].splitlines()
    if line.startswith("|") and not line.startswith(("| fault |", "|---"))
]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
LEAST_ROWS = 21


def names_in(path: str) -> set[str]:
    """Return the tests and state machines that a file defines."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in tree.body if isinstance(node, kinds)}


def test_the_table_is_whole() -> None:
    assert len(ROWS) >= LEAST_ROWS
    assert all(len(row) == 4 and all(row) for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_every_fault_has_tests_that_exist(row: list[str]) -> None:
    found = NAMED.findall(row[3])
    assert found, f"no test: {row[0]}"
    assert NAMED.sub("", row[3]).strip() == "", "something that is no `path::name`"
    for path, name in found:
        assert (ROOT / path).is_file(), path
        assert name in names_in(path), f"{path} has no {name}"
        assert name.startswith("test_") or name.endswith("Machine"), name
