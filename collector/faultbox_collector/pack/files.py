"""Where packs lie: `packs/00000001.fbp` and on, numbered without gaps by one writer."""

from pathlib import Path

from faultbox_collector.pack.records import Damage, Position, Record, read_bundle_at, read_records

START = Position(1, 0)
"""The beginning of the first pack."""


class PackFolder:
    """The folder of packs inside the data folder."""

    def __init__(self, data: Path) -> None:
        self.path = data / "packs"

    def pack_path(self, number: int) -> Path:
        """Return the file of one pack."""
        return self.path / f"{number:08d}.fbp"

    def numbers(self) -> list[int]:
        """Return the numbers of the packs that exist, oldest first."""
        return sorted(int(p.stem) for p in self.path.glob("*.fbp") if p.stem.isdigit())

    def next_after(self, position: Position) -> Position | None:
        """Return the beginning of the first pack after the one of `position`, if there is one."""
        later = [number for number in self.numbers() if number > position.pack]
        return Position(later[0], 0) if later else None

    def read_from(self, at: Position, limit: int, end: Position) -> list[Record | Damage]:
        """Return at most `limit` records of the pack of `at`, from there on and before `end`."""
        path = self.pack_path(at.pack)
        stop = end.offset if at.pack == end.pack else None
        return list(read_records(path, at, limit, stop)) if path.exists() else []

    def read_bytes(self, pack: int, offset: int, size: int) -> bytes:
        """Return a stretch of a pack as it is, fewer bytes where the pack ends before.

        Raises:
            OSError: the pack is gone.
        """
        with self.pack_path(pack).open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def count_bytes(self, start: Position, end: Position) -> int:
        """Return how many bytes of packs lie between two places."""
        if start >= end:
            return 0
        sizes = [self._size(number) for number in self.numbers() if start.pack <= number < end.pack]
        return sum(sizes) + end.offset - start.offset

    def _size(self, number: int) -> int:
        try:
            return self.pack_path(number).stat().st_size
        except FileNotFoundError:  # pruned meanwhile
            return 0

    def read(self, pack: int, offset: int, size: int) -> Record:
        """Return one record whose place is known.

        Raises:
            OSError: the pack is gone.
            ProtocolError: the record is damaged.
        """
        return read_bundle_at(self.pack_path(pack), offset, size)
