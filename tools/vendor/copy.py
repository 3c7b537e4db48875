"""Copy the front-end files that pages load out of node_modules, byte for byte.

`python tools/vendor/copy.py` copies and writes LICENSES.txt and SHA256SUMS; with `--check` it
changes nothing and fails when a committed file differs. Run `npm ci` in this folder before.
"""

import hashlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
TARGET = HERE.parent.parent / "dashboard" / "faultbox_dashboard" / "static" / "vendor"
FILES = {
    "htmx.min.js": ("htmx.org", "dist/htmx.min.js", "LICENSE"),
    "pico.min.css": ("@picocss/pico", "css/pico.min.css", "LICENSE.md"),
}


def main() -> int:
    """Copy, or compare; return the exit code."""
    wanted = read_files()
    if "--check" not in sys.argv[1:]:
        TARGET.mkdir(parents=True, exist_ok=True)
        for name, body in wanted.items():
            (TARGET / name).write_bytes(body)
        return 0
    found = {path.name: path.read_bytes() for path in TARGET.iterdir()}
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            print(f"{name} is not the file of the locked package")
    return int(wanted != found)


def read_files() -> dict[str, bytes]:
    """Return name and content of every file of the folder."""
    files: dict[str, bytes] = {}
    licences = []
    for name, (package, source, licence) in FILES.items():
        folder = MODULES / package
        about = json.loads((folder / "package.json").read_text("utf-8"))
        files[name] = (folder / source).read_bytes()
        title = f"{name}: {package} {about['version']}, {about['license']}"
        text = (folder / licence).read_text("utf-8").strip()
        licences.append(f"{title}\n{'=' * len(title)}\n\n{text}\n")
    sums = (f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in files.items())
    files["SHA256SUMS"] = "".join(sums).encode()
    files["LICENSES.txt"] = "\n\n".join(licences).encode()
    return files


if __name__ == "__main__":
    raise SystemExit(main())
