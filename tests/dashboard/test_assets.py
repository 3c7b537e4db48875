"""Front-end files: exact copies of what was locked, served from memory only."""

import hashlib
import json
from pathlib import Path

import pytest

from faultbox_dashboard.assets import STATIC, load_assets
from support.fake_site import SignIn

VENDOR = STATIC / "vendor"
TOOLS = Path(__file__).parents[2] / "tools" / "vendor"


def test_every_vendored_file_is_on_the_list_with_its_sum() -> None:
    listed = {}
    for line in (VENDOR / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        listed[name] = digest
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest
    files = {path.name for path in VENDOR.iterdir()}
    assert files == listed.keys() | {"SHA256SUMS", "LICENSES.txt"}


def test_every_vendored_file_has_its_licence_and_a_locked_version() -> None:
    licences = (VENDOR / "LICENSES.txt").read_text("utf-8")
    packages = json.loads((TOOLS / "package-lock.json").read_text("utf-8"))["packages"]
    wanted = json.loads((TOOLS / "package.json").read_text("utf-8"))["dependencies"]
    for name, version in wanted.items():
        locked = packages[f"node_modules/{name}"]
        assert locked["version"] == version
        assert locked["integrity"].startswith("sha512-")
        assert f"{name} {version}, {locked['license']}" in licences


def test_the_lock_names_no_host() -> None:
    for name in ("package-lock.json", "package.json", ".npmrc"):
        text = (TOOLS / name).read_text("utf-8")
        assert "://" not in text
        assert 'resolved":' not in text


def test_no_page_brings_code_or_style_of_its_own() -> None:
    for path in (STATIC.parent / "templates").glob("*.html"):
        text = path.read_text("utf-8")
        assert "style=" not in text
        assert "<style" not in text
        assert "hx-on" not in text
        assert "|safe" not in text.replace(" ", "")
        assert "javascript:" not in text
        assert text.count("<script") == text.count("<script src=")


async def test_a_file_is_kept_for_ever_under_its_version(stranger: SignIn) -> None:
    client = await stranger()
    assets = load_assets()
    for name in assets.files:
        answer = await client.get(assets.address(name))
        assert answer.status == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert await answer.read() == (STATIC / name).read_bytes()
    old = await client.get("/static/0123456789ab/app.css")
    assert old.status == 200
    assert old.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "name", ["nothing.css", "vendor/SHA256SUMS", "../app.py", "..%2fapp.py", "vendor/../app.css/"]
)
async def test_nothing_else_is_served(stranger: SignIn, name: str) -> None:
    client = await stranger()
    answer = await client.get(f"/static/{load_assets().version}/{name}")
    assert answer.status == 404


def test_a_name_that_is_not_there_is_an_error_of_the_template() -> None:
    with pytest.raises(KeyError):
        load_assets().address("missing.css")


async def test_browsers_that_look_for_an_icon_find_it(stranger: SignIn) -> None:
    client = await stranger()
    answer = await client.get("/favicon.ico")
    assert answer.content_type == "image/svg+xml"
