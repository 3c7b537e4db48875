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


def main() -> int:
    """Do the job on stdin."""
    job = Job(**json.load(sys.stdin))
    json.dump(asdict(send(job)), sys.stdout)
    return 0


def send(job: Job) -> Outcome:
    """Check the files of a job and send those that are whole."""
    outcome = Outcome()
    files = list(_whole_files(job.files, outcome))
    if not files:
        return outcome
    try:
        address = parse_address(job.server, allow_plain_http=job.allow_plain_http)
        _post(job, address, files, outcome)
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


def _post(job: Job, address: Address, files: list[tuple[str, int]], outcome: Outcome) -> None:
    connection = _connect(job, address)
    clock = SystemClock()
    total = sum(size for _, size in files)
    headers = {
        "Content-Type": api.MEDIA_TYPE,
        "Content-Length": str(total),
        "User-Agent": f"faultbox-agent/{VERSION}",
        api.KEY_HEADER: job.key,
        api.SENT_HEADER: str(api.Sent(clock.boot, clock.mono_ms(), clock.wall_ms())),
    }
    try:
        body = (_read(path) for path, _ in files)
        connection.request("POST", address.path + api.BUNDLES, body=body, headers=headers)
        answer = connection.getresponse()
        outcome.status = answer.status
        outcome.content_type = answer.headers.get("Content-Type", "")
        outcome.retry_after = answer.headers.get("Retry-After")
        text = answer.read(ANSWER_BYTES + 1)
        if len(text) <= ANSWER_BYTES:
            outcome.body = text.decode("utf-8", "replace")
    finally:
        connection.close()


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
