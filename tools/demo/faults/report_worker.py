"""A worker that waits for work until somebody kills it."""

import sys
import time


def main() -> None:
    """Say that it is ready, then wait."""
    print("report_worker: ready", file=sys.stderr, flush=True)
    time.sleep(600)


if __name__ == "__main__":
    main()
