"""Fuzz the decoders: `make fuzz SECONDS=60`, or `python tools/fuzz.py --seconds 60 head beats`.

Each target of `tests/support/fuzz_targets.py` runs in a process of its own, instrumented by
atheris. What it found interesting is kept in `.fuzz/TARGET/` and is where the next run goes on; an
input that fails is written beside it as `crash-…`, `timeout-…` or `oom-…`.
"""

import argparse
import hashlib
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".fuzz"
RUN_SECONDS = 2
"""The longest that one input may take."""
MEMORY_MIB = 256
INPUT_BYTES = 256 * 1024
DEAD_SECONDS = 60
"""After so long beyond its time a process is ended from outside."""
_DONE = re.compile(r"Done (\d+) runs in (\d+) second")
OWN = ("faultbox_protocol", "faultbox_collector", "faultbox_agent")


def main() -> None:
    """Run each target, say what it did, and fail where one found something."""
    parser = argparse.ArgumentParser(description="fuzz the decoders")
    parser.add_argument("targets", nargs="*", help="all of them where none is named")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where inputs are kept")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT / "tests"))
    if options.inside:
        fuzz(options.targets[0], options.seconds, options.folder)
        return
    names = options.targets or list_targets()
    failed = [name for name in names if not run_target(name, options.seconds, options.folder)]
    if failed:
        sys.exit(f"findings in {', '.join(failed)}: see {options.folder}")


def list_targets() -> list[str]:
    """Return the names of all targets, read from the file: importing it here is not needed."""
    text = (ROOT / "tests" / "support" / "fuzz_targets.py").read_text(encoding="utf-8")
    return re.findall(r'^    "(\w+)": fuzz_', text, re.MULTILINE)


def run_target(name: str, seconds: int, folder: Path) -> bool:
    """Fuzz one target in a process of its own and print its figures; False for a finding."""
    command = [sys.executable, __file__, "--inside", "--seconds", str(seconds)]
    done = subprocess.run(
        [*command, "--folder", str(folder), name],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=seconds + DEAD_SECONDS,
    )
    said = done.stdout + done.stderr
    runs = _DONE.search(said)
    if done.returncode == 0 and runs is not None:
        print(f"{name}: {int(runs[1]):,} inputs in {runs[2]} s, nothing found", flush=True)
        return True
    print(f"{name}: status {done.returncode}\n{said[-4000:]}", flush=True)
    return False


def fuzz(name: str, seconds: int, folder: Path) -> None:
    """Fuzz one target in this process, which ends with it."""
    import atheris  # type: ignore[import-untyped] # noqa: PLC0415 - only here it instruments

    with atheris.instrument_imports(include=list(OWN), enable_loader_override=False):
        from support.fuzz_seeds import seeds  # noqa: PLC0415
        from support.fuzz_targets import TARGETS  # noqa: PLC0415

    inputs = folder / name
    inputs.mkdir(parents=True, exist_ok=True)
    for seed in seeds(name):
        (inputs / f"seed-{hashlib.sha256(seed).hexdigest()[:16]}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={RUN_SECONDS}",
        f"-rss_limit_mb={MEMORY_MIB}",
        f"-max_len={INPUT_BYTES}",
        f"-artifact_prefix={folder}/{name}-",
        "-verbosity=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(inputs)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
