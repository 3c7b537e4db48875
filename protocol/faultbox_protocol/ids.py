"""Bundle ids (UUIDv7) and ticket numbers (FB-YYYYMMDDNNN)."""

import datetime as dt
import re
from dataclasses import dataclass

ID_BYTES = 16
_TICKET = re.compile(r"FB-?(\d{8})(\d{3,9})", re.IGNORECASE | re.ASCII)


def make_bundle_id(unix_ms: int, random: bytes) -> bytes:
    """Return a UUIDv7 (RFC 9562) of 16 bytes from a wall clock and 10 random bytes.

    The time part only makes ids of one device sort roughly by age; no reader trusts it, because
    a device may boot in 1970.
    """
    if len(random) != 10:
        raise ValueError(f"a bundle id takes 10 random bytes, not {len(random)}")
    stamp = (unix_ms & 0xFFFF_FFFF_FFFF).to_bytes(6, "big")
    return bytes([*stamp, 0x70 | random[0] & 0x0F, random[1], 0x80 | random[2] & 0x3F]) + random[3:]


def parse_bundle_id(text: str) -> bytes:
    """Return the 16 bytes of a bundle id written as 32 hex digits, hyphens allowed.

    Raises:
        ValueError: not 32 hex digits.
    """
    digits = text.replace("-", "")
    if len(digits) != 2 * ID_BYTES or not all(c in "0123456789abcdefABCDEF" for c in digits):
        raise ValueError("a bundle id is 32 hex digits")
    return bytes.fromhex(digits)


@dataclass(frozen=True, slots=True, order=True)
class TicketNumber:
    """A ticket's number: its day in the organisation's time zone and a counter from 1.

    Ordered by day, then counter: numbers grow past 999 and must not be sorted as text.
    """

    day: dt.date
    counter: int

    def __str__(self) -> str:
        day = self.day  # %Y does not fill up the years before 1000
        return f"FB-{day.year:04d}{day.month:02d}{day.day:02d}{self.counter:03d}"

    @classmethod
    def parse(cls, text: str) -> "TicketNumber":
        """Read `FB-20240501001` (case and the hyphen do not matter).

        Raises:
            ValueError: not a ticket number.
        """
        match = _TICKET.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"not a ticket number: {text[:40]!r} (expected FB-YYYYMMDDNNN)")
        digits, counter = match[1], int(match[2])
        if counter == 0:
            raise ValueError("a ticket number's counter begins at 1")
        return cls(dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:])), counter)
