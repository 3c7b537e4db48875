"""Where faults of a Python program surface: four hooks, chained in front of those already set.

`sys.excepthook` (the process goes down), `threading.excepthook` and `sys.unraisablehook` (it
goes on), and the logging system. An asyncio task that fails unseen is logged by the loop's own
default handler to the logger `asyncio` at ERROR, so it comes through logging; no task factory
and no loop is touched.

Logging is tapped at `Logger.callHandlers`, not by a handler on the root logger: such a handler
would silence `logging.lastResort` and turn the program's later `basicConfig` into a no-op, and
loggers that do not propagate would escape it.
"""

import atexit
import logging
import os
import sys
import threading
from types import TracebackType

from faultbox_agent.layout import default_spool
from faultbox_agent.sdk.reporter import Reporter
from faultbox_protocol.words import FaultKind

_installed: list["_Hooks"] = []


class _Hooks:
    """The hooks of one installation and what they replaced."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        self._excepthook = sys.excepthook
        self._threadhook = threading.excepthook
        self._unraisablehook = sys.unraisablehook
        self._call_handlers = logging.Logger.callHandlers
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread
        sys.unraisablehook = self._on_unraisable
        reporter_, call_handlers = reporter, self._call_handlers

        def callHandlers(self: logging.Logger, record: logging.LogRecord) -> None:  # noqa: N802
            if record.levelno >= logging.ERROR:
                reporter_.report_log(record)
            reporter_.note_log(record)
            call_handlers(self, record)

        self._tap = callHandlers
        logging.Logger.callHandlers = callHandlers  # type: ignore[method-assign]
        atexit.register(reporter.send_losses)

    def remove(self) -> None:
        """Put back what stood there, unless somebody came after us."""
        if sys.excepthook == self._on_exception:
            sys.excepthook = self._excepthook
        if threading.excepthook == self._on_thread:
            threading.excepthook = self._threadhook
        if sys.unraisablehook == self._on_unraisable:
            sys.unraisablehook = self._unraisablehook
        if logging.Logger.callHandlers is self._tap:
            logging.Logger.callHandlers = self._call_handlers  # type: ignore[method-assign]
        atexit.unregister(self.reporter.send_losses)

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        self.reporter.report_exception(error, fatal=True)
        self._excepthook(kind, error, trace)

    def _on_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            name = args.thread.name if args.thread is not None else ""
            self.reporter.report_exception(args.exc_value, extra={"thread": name[:256]})
        self._threadhook(args)

    def _on_unraisable(self, args: "sys.UnraisableHookArgs") -> None:
        if args.exc_value is not None:
            extra = {"unraisable": (args.err_msg or "ignored exception")[:256]}
            self.reporter.report_exception(args.exc_value, kind=FaultKind.ERROR, extra=extra)
        self._unraisablehook(args)


def install(
    product: str | None = None,
    model: str | None = None,
    serial: str | None = None,
    version: str | None = None,
    spool: str | None = None,
    *,
    hw: str | None = None,
    fw: str | None = None,
    build_id: str | None = None,
    place: str | None = None,
    site: str | None = None,
) -> None:
    """Report this program's faults to the agent of this device.

    Everything may be left out: names that are not given come from `FAULTBOX_PRODUCT`, `_MODEL`,
    `_SERIAL`, `_VERSION`, `_HW`, `_FW`, `_PLACE`, `_SITE` and `_SPOOL`; what is missing then comes
    from the agent that takes the report in, the product at last from the program's name.
    `FAULTBOX_PRIVACY_KEYS` holds more names of secrets.
    A second call replaces the first. Never raises.
    """
    given = {
        "name": _choose(product, "PRODUCT"),
        "model": _choose(model, "MODEL"),
        "serial": _choose(serial, "SERIAL"),
        "app": _choose(version, "VERSION"),
        "hw": _choose(hw, "HW"),
        "fw": _choose(fw, "FW"),
        "build_id": build_id,
    }
    where = {"env": _choose(place, "PLACE"), "site": _choose(site, "SITE")}
    uninstall()
    reporter = Reporter(
        {key: str(value)[:256] for key, value in given.items() if value},
        {key: str(value)[:256] for key, value in where.items() if value},
        os.path.abspath(_choose(spool, "SPOOL") or default_spool()),
        (os.environ.get("FAULTBOX_PRIVACY_KEYS") or "").split(),
    )
    _installed.append(_Hooks(reporter))


def uninstall() -> None:
    """Stop reporting."""
    while _installed:
        _installed.pop().remove()


def report_exception(error: BaseException) -> bytes | None:
    """Report an exception that the program handles itself; return its bundle id.

    None where nothing is installed or the report was not taken.
    """
    return (
        _installed[-1].reporter.report_exception(error, kind=FaultKind.ERROR)
        if _installed
        else None
    )


def _choose(given: str | None, name: str) -> str | None:
    return given if given is not None else os.environ.get(f"FAULTBOX_{name}")
