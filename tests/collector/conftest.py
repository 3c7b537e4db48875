"""Fixtures of the collector's tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from support.collector import Rig, Served, served


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Store, packs, writer and digest on a temporary folder."""
    found = Rig(tmp_path / "data")
    yield found
    found.close()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    """A real collector that listens on a free port."""
    async with served(tmp_path / "data") as found:
        yield found
