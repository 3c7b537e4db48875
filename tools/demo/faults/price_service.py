"""A service that answers requests and fails on some of them, deep in its call stack.

It watches itself with the in-process SDK: what it logs as an error becomes a report, and so does
the exception that ends it.
"""

import argparse
import logging
import time

import faultbox_agent

logger = logging.getLogger("price_service")


def ratio(total: int, parts: int) -> float:
    """Return the share of one part."""
    return total / parts


def quote(total: int, parts: int) -> float:
    """Return the price of one part with tax."""
    return round(ratio(total, parts) * 1.13, 2)


def handle(request: dict[str, int]) -> float:
    """Answer one request."""
    return quote(request["total"], request["parts"])


def serve(failures: int, pause_seconds: float) -> None:
    """Answer requests; every second one has no parts. The last one ends the service."""
    for number in range(2 * failures):
        request = {"total": 100 + number, "parts": number % 2}
        if number == 2 * failures - 2:
            handle(request)  # nobody catches this one
        try:
            handle(request)
        except ZeroDivisionError:
            logger.exception("request %d failed", number)
        time.sleep(pause_seconds)


def main() -> None:
    """Run the service."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--serial", required=True)
    parser.add_argument("--failures", type=int, required=True)
    parser.add_argument("--pause", type=float, default=0.05)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    faultbox_agent.install(serial=args.serial, version="2.3.1")
    serve(args.failures, args.pause)


if __name__ == "__main__":
    main()
