"""`faultbox-agent flush`: deliver now; exit code 0 only if nothing is left."""

import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from faultbox_agent.commands.options import make_parser, read_settings
from faultbox_agent.layout import DEAD, DROP, READY
from faultbox_agent.lock import SpoolBusy
from faultbox_agent.settings import Settings
from faultbox_agent.sources.datagrams import ask_agent
from faultbox_agent.station import Station, complain

_EXIT_LEFT, _EXIT_SPOOL = 1, 73
_LOOK_SECONDS = 0.1
_ASK_SECONDS = 2.0


def main(arguments: Sequence[str]) -> int:
    """Deliver what waits, within the time given."""
    parser = make_parser("flush", __doc__ or "")
    parser.add_argument(
        "--timeout", type=float, default=60.0, metavar="SECONDS", help="how long to try"
    )
    parser.add_argument(
        "--quiet", action="store_true", help="say only what the collector refused for good"
    )
    given = parser.parse_args(arguments)
    settings = read_settings(given)
    try:
        done = flush(settings, given.timeout)
    except OSError as error:
        complain(f"{error.filename or settings.spool}: {error.strerror}")
        return _EXIT_SPOOL
    if done.refused:
        place = f"{settings.spool}/{DEAD}"
        complain(f"{done.refused} refused for good and set aside in {place}: {done.last}")
    elif not given.quiet and not done.empty:
        complain(_describe_left(settings.spool, done))
    return 0 if done.empty and not done.refused else _EXIT_LEFT


def _describe_left(spool: str, done: "Flushed") -> str:
    if not done.able:
        return f"kept in {spool}; {done.last}"
    return f"kept in {spool}: {done.last or 'no answer yet'}; will be sent later"


@dataclass(frozen=True, slots=True)
class Flushed:
    """What came of a delivery."""

    empty: bool
    """Nothing is left."""
    last: str
    """The last answer, or why there is none."""
    refused: int = 0
    """Faults that the collector refused; unknown where the running agent delivered."""
    able: bool = True
    """There is a server to deliver to, and a key."""


def flush(settings: Settings, timeout_seconds: float) -> Flushed:
    """Deliver what waits, by the running agent or in its place.

    Raises:
        OSError: the spool cannot be used.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            station = Station(settings)
        except SpoolBusy:
            if ask_agent(settings.spool, "flush", _ASK_SECONDS) is not None:
                empty = _wait_for_agent(settings.spool, deadline)
                return Flushed(empty, "the running agent works on it")
            # Not an agent with a door: another flush, which may end soon.
            if time.monotonic() >= deadline:
                return Flushed(empty=False, last="another agent works on this spool")
            time.sleep(_LOOK_SECONDS)
        else:
            return _flush_here(station, settings, deadline)


def _flush_here(station: Station, settings: Settings, deadline: float) -> Flushed:
    before = station.state.lost.get("refused", 0)
    try:
        while station.drain():
            pass
        station.pipeline.file_folds(everything=True)
        station.note_change()
        station.commit()
        if not station.courier.able:
            missing = "key" if settings.server else "server"
            return Flushed(station.is_empty(), f"no {missing} is set", able=False)
        empty = station.deliver(max(deadline - time.monotonic(), 0.0))
        refused = station.state.lost.get("refused", 0) - before
        return Flushed(empty, station.state.delivery.last, refused)
    finally:
        station.close()


def _wait_for_agent(spool: str, deadline: float) -> bool:
    while not _is_empty(spool):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def _is_empty(spool: str) -> bool:
    for name in (DROP, READY):
        with contextlib.suppress(OSError):
            if any(not entry.startswith(".") for entry in os.listdir(os.path.join(spool, name))):
                return False
    return True
