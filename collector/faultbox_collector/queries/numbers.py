"""Ticket numbers as people write them, from the stored day and counter."""

import datetime as dt

from faultbox_protocol.ids import TicketNumber


def ticket_number(day: int, counter: int) -> str:
    """Return FB-YYYYMMDDNNN of a stored day (YYYYMMDD) and counter."""
    return str(TicketNumber(dt.date(day // 10_000, day // 100 % 100, day % 100), counter))


def parse_number(text: str) -> tuple[int, int] | None:
    """Return stored day and counter of a ticket number, None where the text is none."""
    try:
        number = TicketNumber.parse(text)
    except ValueError:
        return None
    day = number.day
    return day.year * 10_000 + day.month * 100 + day.day, number.counter
