"""Golden forms and heartbeats of every released version are read for ever."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from faultbox_collector.web.forms import bundle_of_form
from faultbox_protocol import api, codec, packing, schema
from faultbox_protocol.beats import beats_from_map
from faultbox_protocol.json_text import unpack_json

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "tests" / "protocol" / "golden"
TYPES = {".msgpack": api.MSGPACK_TYPE, ".json": api.JSON_TYPE}


def bodies(kind: str) -> list[Path]:
    """Return the bodies of forms or of heartbeats."""
    found = sorted(FOLDER.glob(f"v*/{kind}/*"))
    return [path for path in found if not path.name.endswith(".told.json")]


def told(path: Path) -> object:
    """Return what a body always said."""
    return json.loads(path.with_name(f"{path.stem}.told.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", bodies("forms"), ids=lambda path: path.name)
def test_a_golden_form_says_what_it_always_said(path: Path) -> None:
    form = bundle_of_form(TYPES[path.suffix], path.read_bytes())
    bundle = codec.scan_bundle(memoryview(form.bundle))
    head = codec.read_head(bundle)
    found = {
        "sha256": form.sha256,
        "head": schema.head_to_map(head),
        "unknown": head.unknown,
        "evidence": schema.evidence_to_map(codec.read_evidence(bundle)),
    }
    assert json.loads(json.dumps(found, default=bytes.hex)) == told(path)


@pytest.mark.parametrize("path", bodies("beats"), ids=lambda path: path.name)
def test_golden_heartbeats_say_what_they_always_said(path: Path) -> None:
    unpack = unpack_json if path.suffix == ".json" else packing.unpack
    beats = beats_from_map(unpack(path.read_bytes()))
    assert {"beats": [asdict(beat) for beat in beats]} == told(path)


def test_every_golden_body_is_here_and_explained() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in FOLDER.glob("v1/*/*") if "told" not in path.name} == {
        "small_device.msgpack",
        "curl.json",
        "web_form.json",
        "from_the_future.json",
        "one_device.msgpack",
        "fleet.json",
    }
    assert all(f"`{path.name}`" in readme for path in bodies("forms") + bodies("beats"))


def test_the_tool_never_overwrites_a_golden_body() -> None:
    paths = [*bodies("forms"), *bodies("beats")]
    before = {path: path.read_bytes() for path in paths}
    tool = [sys.executable, str(ROOT / "tools" / "golden_forms.py"), "v1"]
    answer = subprocess.run(tool, capture_output=True, text=True, check=True)
    assert answer.stdout.count("kept") == len(paths)
    assert {path: path.read_bytes() for path in paths} == before
