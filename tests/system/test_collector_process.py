"""The headless server as an operator meets it: commands beside it, signals, TLS, wrong settings."""

import http.client
import json
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from faultbox_protocol import api
from support.builders import a_bundle, a_head, a_product, an_err, an_id
from support.collector import PRODUCT, ServerProcess, run_command, wait_until
from support.needs import give_up


def post(
    server: ServerProcess, key: str, body: bytes, context: ssl.SSLContext | None = None
) -> int:
    """Post a body; return the status."""
    connection: http.client.HTTPConnection
    if context is None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    else:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", server.port, timeout=30, context=context
        )
    headers = {api.KEY_HEADER: key, "Content-Type": api.MEDIA_TYPE}
    connection.request("POST", api.BUNDLES, body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def digested(server: ServerProcess, key: str, number: int) -> bool:
    """Tell whether a bundle is digested, by its receipt."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", f"{api.RECEIPTS}/{an_id(number).hex()}", headers={"FB-Key": key})
    found = json.loads(connection.getresponse().read())
    connection.close()
    return bool(found.get("state") == "digested")


def test_keys_beside_a_running_server_work_at_once_and_stop_at_once(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        key = run_command(tmp_path, "keys", "add", PRODUCT).strip()
        assert post(server, key, a_bundle()) == 202
        [listed] = json.loads(run_command(tmp_path, "keys", "list", "--json"))
        assert (listed["product"], listed["prefix"]) == (PRODUCT, key[:8])
        assert listed["revoked_ms"] is None
        run_command(tmp_path, "keys", "revoke", key[:8])
        assert post(server, key, a_bundle()) == 401
        assert "revoked" in run_command(tmp_path, "keys", "list")
        assert "keys list" in run_command(tmp_path, "keys", "revoke", "fbk_none", status=2)
        assert server.stop() == 0


def test_keys_without_a_server(tmp_path: Path) -> None:
    first = run_command(tmp_path, "keys", "add", PRODUCT).strip()
    second = run_command(tmp_path, "keys", "add", "other").strip()
    run_command(tmp_path, "keys", "revoke", second[:8])
    with ServerProcess(tmp_path) as server:
        assert post(server, first, a_bundle()) == 202
        assert post(server, second, a_bundle(a_head(2, prod=a_product("other")))) == 401


def test_a_second_server_on_the_same_folder_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with ServerProcess(tmp_path):
        said = run_command(tmp_path, "serve", "--port", "0", status=2)
        assert said.strip() == f"faultbox-collector: another process serves {tmp_path}"


def test_an_address_in_use_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "a") as server:
        said = run_command(tmp_path / "b", "serve", "--port", str(server.port), status=2)
        assert "cannot listen on 127.0.0.1" in said
        assert "--port" in said
        assert "Traceback" not in said


def test_tickets_are_listed_with_and_without_a_server(tmp_path: Path) -> None:
    key = run_command(tmp_path, "keys", "add", PRODUCT).strip()
    err = an_err(code="E-202", type=None, msg="\x1b[31m无法进入系统", functions=())
    with ServerProcess(tmp_path) as server:
        for number in (1, 2):
            assert post(server, key, a_bundle(a_head(number, err=err))) == 202
        wait_until(lambda: digested(server, key, 2))
        [beside] = json.loads(run_command(tmp_path, "ticket", "list", "--json"))
        assert beside["url"] == f"{server.url}/tickets/{beside['number']}"
        assert server.stop() == 0
    [alone] = json.loads(run_command(tmp_path, "ticket", "list", "--json"))
    assert alone == beside
    assert (alone["occurrences"], alone["devices"], alone["product"]) == (2, 1, PRODUCT)
    assert alone["sentence"]
    assert "\x1b" not in run_command(tmp_path, "ticket", "list")


def test_a_login_link_beside_a_running_server_names_its_address(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        said = run_command(tmp_path, "users", "login-link", "li").strip()
        assert said.startswith(f"login: {server.url}/login/")


def test_migrating_beside_a_running_server_is_refused(tmp_path: Path) -> None:
    assert "up to date" in run_command(tmp_path, "migrate")
    with ServerProcess(tmp_path):
        assert "another process" in run_command(tmp_path, "migrate", status=2)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("prot = 80\n", "unknown setting 'prot'"),
        ("port = 'x'\n", "port must be a whole number"),
        ("port = 70000\n", "port must be from 0 to 65535"),
        ("port =\n", "is not TOML"),
        ("timezone = 'Mars/Phobos'\n", "IANA name"),
        ("language = 'tlh'\n", "zh_CN or en"),
        ("tls_cert = 'x.pem'\n", "give both or none"),
        ("tls_cert = 'x.pem'\ntls_key = 'y.pem'\n", "cannot use tls_cert x.pem"),
        ("digest_batch = 0\n", "digest_batch must be at least 1"),
    ],
)
def test_a_wrong_setting_is_one_sentence(tmp_path: Path, text: str, complaint: str) -> None:
    config = tmp_path / "faultbox.toml"
    config.write_text(text, encoding="utf-8")
    said = run_command(tmp_path / "data", "serve", "--config", str(config), status=2)
    assert complaint in said
    assert len(said.strip().splitlines()) == 1


def test_https_with_a_certificate_of_ones_own(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        give_up("making a certificate needs openssl")
    cert, private = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(private), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    data = tmp_path / "data"
    key = run_command(data, "keys", "add", PRODUCT).strip()
    with ServerProcess(data, "--tls-cert", str(cert), "--tls-key", str(private)) as server:
        assert server.url.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=str(cert))
        assert post(server, key, a_bundle(), context) == 202
        with pytest.raises((OSError, http.client.HTTPException)):
            post(server, key, a_bundle())


def test_a_command_on_a_folder_without_data_says_what_to_do(tmp_path: Path) -> None:
    said = run_command(tmp_path / "none", "ticket", "list", status=2)
    assert "start `faultbox serve` once" in said
    assert not (tmp_path / "none").exists()
