"""A process that digests a data folder and dies of one bundle: `DATA SHA256 exit|kill|hang|none`.

Run as a program by tests; ends with status 0 where everything is digested.
"""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

from faultbox_collector.digest.drafts import Drafter
from faultbox_collector.heads import read_head
from faultbox_protocol.codec import Bundle
from faultbox_protocol.report import Head
from support.collector import PATIENCE_SECONDS, Rig

HANG_SECONDS = 0.5


def run_digest(data: Path, poison: bytes, death: str, batch_size: int = 500) -> int:
    """Run this file in a process of its own; return how that ended."""
    arguments = [str(data), poison.hex(), death, str(batch_size)]
    done = subprocess.run(
        [sys.executable, "-m", "support.deadly_digest", *arguments],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_SECONDS,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert not re.search(r"^\w*Error\b", done.stderr, re.MULTILINE), done.stderr
    return done.returncode


def main(data: Path, poison: bytes, death: str, batch_size: int) -> None:
    """Digest the folder; die of the poison."""

    def read(bundle: Bundle) -> Head:
        if bundle.sha256 == poison:
            if death == "exit":
                os._exit(7)
            if death == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if death == "hang":
                threading.Event().wait()
        return read_head(bundle)

    rig = Rig(data)
    rig.digest(drafter=Drafter(read), batch_size=batch_size, hang_seconds=HANG_SECONDS)
    rig.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
