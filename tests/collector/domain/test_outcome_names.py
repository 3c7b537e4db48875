"""Every outcome has a name, and the glossary has every outcome."""

from pathlib import Path

import pytest

from faultbox_collector.domain.outcome_names import LOSSES, OUTCOMES, bound_reason, name_outcome
from faultbox_protocol.errors import REASONS

GLOSSARY = (Path(__file__).parents[3] / "docs" / "glossary.md").read_text("utf-8")


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_glossary_has_it(outcome: str) -> None:
    assert f"| `{outcome}` |" in GLOSSARY


def test_names_fit_their_column() -> None:
    for outcome in OUTCOMES:
        for reason in ("", *REASONS, *LOSSES):
            assert len(name_outcome(outcome, reason)) <= 64


def test_a_reason_that_nobody_knows_is_undigestible() -> None:
    assert bound_reason("bad_crc") == "bad_crc"
    assert bound_reason("deadly") == "deadly"
    assert bound_reason("kaputt") == "undigestible"
