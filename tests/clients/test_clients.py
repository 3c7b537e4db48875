"""docs/protocol.md is enough: clients written from it alone reach the real server."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from support.collector import PRODUCT, ServerProcess, run_command, wait_until
from support.needs import give_up

FOLDER = Path(__file__).resolve().parent
C_LINES = 150


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Start the real server."""
    with ServerProcess(tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture(scope="module")
def key(collector: ServerProcess) -> str:
    """Make an ingest key."""
    return run_command(collector.data, "keys", "add", PRODUCT).strip()


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the client in C."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        give_up("a C compiler")
    program = tmp_path_factory.mktemp("c") / "device"
    strict = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O2")
    done = subprocess.run(
        [compiler, *strict, "-o", program, FOLDER / "device.c"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return program


def tickets(collector: ServerProcess) -> list[dict[str, Any]]:
    """Return the list of tickets as an operator sees it."""
    found: list[dict[str, Any]] = json.loads(
        run_command(collector.data, "ticket", "list", "--json")
    )
    return found


def titled(collector: ServerProcess, title: str) -> list[dict[str, Any]]:
    """Return the tickets with this text in their title."""
    return [one for one in tickets(collector) if title in one["title"]]


def post(
    collector: ServerProcess, key: str, content_type: str, body: bytes
) -> tuple[int, dict[str, Any]]:
    """Post a body as curl does; return status and answer."""
    link = HTTPConnection("127.0.0.1", collector.port, timeout=30)
    link.request("POST", "/v1/bundles", body, {"FB-Key": key, "Content-Type": content_type})
    answer = link.getresponse()
    told: dict[str, Any] = json.loads(answer.read())
    link.close()
    return answer.status, told


@pytest.mark.parametrize("form", ["fbx", "msgpack"])
def test_a_device_in_c_without_heap_gets_its_receipt_and_a_ticket(
    collector: ServerProcess, key: str, device: Path, form: str
) -> None:
    before = sum(one["occurrences"] for one in titled(collector, "E-202"))
    port = str(collector.port)
    done = subprocess.run([device, "127.0.0.1", port, key, PRODUCT, "C-1", form], check=False)
    assert done.returncode == 0
    wait_until(lambda: sum(one["occurrences"] for one in titled(collector, "E-202")) == before + 1)
    assert len(titled(collector, "E-202")) == 1  # both forms say the same fault


@pytest.mark.parametrize(
    ("product", "known", "status"), [("another", True, 1), (PRODUCT, False, 2)]
)
def test_a_device_in_c_keeps_what_nobody_confirmed(
    collector: ServerProcess, key: str, device: Path, product: str, known: bool, status: int
) -> None:
    given = key if known else "fbk_unknown"
    port = str(collector.port)
    done = subprocess.run([device, "127.0.0.1", port, given, product, "C-1", "fbx"], check=False)
    assert done.returncode == status


def test_the_client_in_c_is_short_and_has_no_heap(device: Path) -> None:
    text = (FOLDER / "device.c").read_text(encoding="utf-8")
    assert len(text.splitlines()) < C_LINES
    nm = shutil.which("nm")
    if nm is None:
        give_up("nm of binutils")
    symbols = subprocess.run([nm, "-u", device], capture_output=True, text=True, check=True).stdout
    heap = re.compile(r"\b(malloc|calloc|realloc|free|strdup|fopen|printf|getaddrinfo)(@|$)", re.M)
    assert heap.findall(symbols) == []


def test_a_device_in_plain_python_sends_a_batch_an_upload_and_a_heartbeat(
    collector: ServerProcess, key: str
) -> None:
    url = f"http://127.0.0.1:{collector.port}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", FOLDER / "device.py", url, key, PRODUCT, "PY-1"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    receipts = [json.loads(line) for line in done.stdout.splitlines()]
    [ticket] = titled(collector, "ZeroDivisionError")
    assert {one["ticket"] for one in receipts} == {ticket["number"]}
    assert {one["state"] for one in receipts} == {"digested"}
    assert (ticket["occurrences"], ticket["devices"]) == (3, 1)


def test_curl_sends_json(collector: ServerProcess, key: str) -> None:
    report = {
        "v": 1,
        "id": "018f3398-c100-7001-80a6-5e708bf31906",
        "kind": "crash",
        "prod": {"name": PRODUCT, "serial": "CURL-1"},
        "err": {"type": "KeyError", "msg": "'speed'"},
        "log": [[-5, "info", None, "before"]],
        "form": {"phenomenon": "屏幕黑屏"},
    }
    body = json.dumps(report).encode()
    status, told = post(collector, key, "application/json; charset=utf-8", body)
    assert status == 202
    [receipt] = told["receipts"]
    assert receipt["id"] == report["id"].replace("-", "")  # type: ignore[attr-defined]
    assert receipt["sha256"] == sha256(body).hexdigest()
    wait_until(lambda: len(titled(collector, "KeyError")) == 1)
    status, told = post(collector, key, "application/json", body)
    assert (status, told["receipts"][0]["sha256"]) in (
        (200, sha256(body).hexdigest()),
        (202, sha256(body).hexdigest()),
    )
    wait_until(lambda: titled(collector, "KeyError")[0]["occurrences"] == 1)


def test_json_without_an_id_is_a_new_report_each_time(collector: ServerProcess, key: str) -> None:
    report = {"v": 1, "kind": "error", "prod": {"name": PRODUCT}, "err": {"code": "E-900"}}
    body = json.dumps(report).encode()
    ids = {post(collector, key, "application/json", body)[1]["receipts"][0]["id"] for _ in range(2)}
    assert len(ids) == 2
    wait_until(lambda: [one["occurrences"] for one in titled(collector, "E-900")] == [2])


def test_forms_are_refused_as_bundles_are(collector: ServerProcess, key: str) -> None:
    status, told = post(collector, key, "application/json", b'{"v":1,"v":1}')
    assert (status, told["reason"]) == (422, "bad_json")
    other = {"v": 1, "kind": "error", "prod": {"name": "another"}}
    status, told = post(collector, key, "application/json", json.dumps(other).encode())
    assert (status, told["reason"]) == (422, "product_mismatch")
    status, told = post(collector, key, "application/msgpack", b"\xc1")
    assert (status, told["reason"]) == (422, "bad_msgpack")
    status, told = post(collector, key, "application/msgpack", b"\x80" * 70_000)
    assert (status, told["reason"]) == (413, "body_too_large")
