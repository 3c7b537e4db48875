"""One upload, in a process of its own: job on stdin, outcome on stdout, both JSON.

HTTP and TLS live here and nowhere else in the agent: once imported, their memory never comes
back, so the process that holds it ends after each batch. Every file is checked before it
travels; a damaged one is reported by name and left out.
"""

import http.client
import json
import os
import ssl
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from faultbox_agent.__about__ import VERSION
from faultbox_agent.address import Address, BadAddress, parse_address
from faultbox_agent.clock import SystemClock
from faultbox_protocol import api, codec, limits
from faultbox_protocol.errors import ProtocolError
from faultbox_protocol.ids import parse_bundle_id

ANSWER_BYTES = 1024 * 1024
_SILENCE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Job:
    """What to send where."""

    server: str
    key: str
    files: list[str]
    ca_file: str | None = None
    allow_plain_http: bool = False
    timeout_seconds: int = 60
    beats: dict[str, object] | None = None
    """Heartbeats that go along, as the wire has them."""


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    status: int | None = None
    content_type: str = ""
    retry_after: str | None = None
    body: str = ""
    error: str = ""
    sent: dict[str, str] = field(default_factory=dict)
    """Bundle id to SHA-256, both hex."""
    damaged: dict[str, str] = field(default_factory=dict)
    """Bundle id to what is wrong with its file."""
    beats: dict[str, object] | None = None
    """The answer to the heartbeats, None where they were not sent."""


def main() -> int:
    """Do the job on stdin."""
    job = Job(**json.load(sys.stdin))
    json.dump(asdict(send(job)), sys.stdout)
    return 0


def send(job: Job) -> Outcome:
    """Check the files of a job and send those that are whole."""
    outcome = Outcome()
    files = list(_whole_files(job.files, outcome))
    if not files and not job.beats:
        return outcome
    try:
        address = parse_address(job.server, allow_plain_http=job.allow_plain_http)
        connection = _connect(job, address)
        try:
            if files:
                _post_bundles(job, connection, address, files, outcome)
            if job.beats and outcome.status in (None, 200, 202, 207):
                outcome.beats = _post_beats(job, connection, address)
        finally:
            connection.close()
    except BadAddress as error:
        outcome.error = str(error)
    except (OSError, ValueError, http.client.HTTPException) as error:
        outcome.status = None
        outcome.error = f"{type(error).__name__}: {error}"[:300]
    return outcome


def _whole_files(paths: list[str], outcome: Outcome) -> Iterator[tuple[str, int]]:
    """Yield path and size of each file that is one whole bundle of the id it is named by."""
    for path in paths:
        name = os.path.basename(path).partition(".")[0]
        try:
            with open(path, "rb") as file:
                data = file.read()
            bundle = codec.scan_bundle(memoryview(data))
            if bundle.end != len(data) or codec.read_head(bundle).id != parse_bundle_id(name):
                outcome.damaged[name] = "bad_length"
                continue
        except FileNotFoundError:
            continue
        except ProtocolError as error:
            outcome.damaged[name] = error.reason
            continue
        except (OSError, ValueError) as error:
            outcome.damaged[name] = str(error)[:200]
            continue
        outcome.sent[name] = bundle.sha256.hex()
        yield path, len(data)


def _post_bundles(
    job: Job,
    connection: http.client.HTTPConnection,
    address: Address,
    files: list[tuple[str, int]],
    outcome: Outcome,
) -> None:
    clock = SystemClock()
    headers = {
        **_headers(job, api.MEDIA_TYPE, sum(size for _, size in files)),
        api.SENT_HEADER: str(api.Sent(clock.boot, clock.mono_ms(), clock.wall_ms())),
    }
    body = (_read(path) for path, _ in files)
    connection.request("POST", address.path + api.BUNDLES, body=body, headers=headers)
    answer = connection.getresponse()
    outcome.status = answer.status
    outcome.content_type = answer.headers.get("Content-Type", "")
    outcome.retry_after = answer.headers.get("Retry-After")
    outcome.body = _read_text(answer)


def _post_beats(
    job: Job, connection: http.client.HTTPConnection, address: Address
) -> dict[str, object]:
    """Send the heartbeats; what goes wrong with them says nothing about the bundles."""
    body = json.dumps(job.beats).encode()
    headers = _headers(job, "application/json", len(body))
    try:
        connection.request("POST", address.path + api.HEARTBEATS, body=body, headers=headers)
        answer = connection.getresponse()
        return {
            "status": answer.status,
            "content_type": answer.headers.get("Content-Type", ""),
            "retry_after": answer.headers.get("Retry-After"),
            "body": _read_text(answer),
        }
    except (OSError, ValueError, http.client.HTTPException) as error:
        return {"status": None, "error": f"{type(error).__name__}: {error}"[:300]}


def _headers(job: Job, content_type: str, length: int) -> dict[str, str]:
    return {
        "Content-Type": content_type,
        "Content-Length": str(length),
        "User-Agent": f"faultbox-agent/{VERSION}",
        api.KEY_HEADER: job.key,
    }


def _read_text(answer: http.client.HTTPResponse) -> str:
    """Return the answer's text, empty where it is longer than any of ours."""
    text = answer.read(ANSWER_BYTES + 1)
    return text.decode("utf-8", "replace") if len(text) <= ANSWER_BYTES else ""


def _connect(job: Job, address: Address) -> http.client.HTTPConnection:
    silence = min(_SILENCE_SECONDS, job.timeout_seconds)
    if not address.tls:
        return http.client.HTTPConnection(address.host, address.port, timeout=silence)
    context = ssl.create_default_context(cafile=job.ca_file)
    return http.client.HTTPSConnection(address.host, address.port, timeout=silence, context=context)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(limits.BODY_BYTES)


if __name__ == "__main__":
    sys.exit(main())
