"""Requests made of our own OpenAPI document: no failure, and only what the document announces."""

import json
from contextlib import nullcontext, suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CHECKS, not_a_server_error
from schemathesis.generation import GenerationMode

from faultbox_collector.web.openapi import make_document
from faultbox_protocol import api
from support.hostile.target import Target

DOCUMENT: dict[str, Any] = json.loads(json.dumps(make_document()))
EXAMPLES = 15
CHECKED = (
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
OPERATIONS = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]


@schemathesis.serializer(api.MEDIA_TYPE, api.MSGPACK_TYPE, api.PART_TYPE)
def send_bytes(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """Send what was made for a binary body as it is, and anything else as its text."""
    return value if isinstance(value, bytes) else repr(value).encode()


@pytest.fixture(scope="package")
def schema() -> Any:
    loaded = schemathesis.openapi.from_dict(DOCUMENT)
    loaded.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    return loaded


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=str)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_made_up_requests_get_only_announced_answers(
    target: Target, schema: Any, path: str, method: str, mode: GenerationMode
) -> None:
    operation = schema[path][method]
    checks = [not_a_server_error, *CHECKS.get_by_names(CHECKED)]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        answer = case.call(base_url=target.server.url, headers={api.KEY_HEADER: target.key})
        case.validate_response(answer, checks=checks)

    nothing_to_get_wrong = mode is GenerationMode.NEGATIVE and not operation.definition.raw.get(
        "parameters"
    )
    with suppress(Unsatisfiable) if nothing_to_get_wrong else nullcontext():
        ask()
    assert "Traceback" not in target.server.errors()
