"""Golden bundles of every released version are read for ever, and say what they always said."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from faultbox_protocol import codec, schema

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "protocol" / "golden"
FILES = sorted(FOLDER.glob("v*/*.fbx"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_golden_bundle_says_what_it_always_said(path: Path) -> None:
    bundle = codec.scan_bundle(memoryview(path.read_bytes()))
    head = codec.read_head(bundle)
    blobs = [codec.read_blob(bundle, index) for index in range(len(bundle.blobs))]
    found = {
        "sha256": bundle.sha256.hex(),
        "head": schema.head_to_map(head),
        "unknown": head.unknown,
        "evidence": schema.evidence_to_map(codec.read_evidence(bundle)),
        "blobs": [hashlib.sha256(blob).hexdigest() for blob in blobs],
    }
    told = json.loads(path.with_suffix(".json").read_text())
    assert json.loads(json.dumps(found, default=bytes.hex)) == told


def test_every_golden_file_is_here_and_explained() -> None:
    readme = (FOLDER / "README.md").read_text()
    assert {path.stem for path in FOLDER.glob("v1/*.fbx")} == {
        "smallest",
        "python_crash",
        "native_signal",
        "error_code",
        "from_the_future",
    }
    assert all(f"`{path.stem}`" in readme for path in FILES)


def test_the_tool_never_overwrites_a_golden_file() -> None:
    before = {path: path.read_bytes() for path in FILES}
    tool = [sys.executable, str(ROOT / "tools" / "golden.py"), "v1"]
    answer = subprocess.run(tool, capture_output=True, text=True, check=True)
    assert answer.stdout.count("kept") == len(list(FOLDER.glob("v1/*.fbx")))
    assert {path: path.read_bytes() for path in FILES} == before
