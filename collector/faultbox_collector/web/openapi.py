"""GET /api/v1/openapi.json: every /v1 route as OpenAPI 3.1, from one table; a test compares them.

The specification is `docs/protocol.md`; this is its HTTP side for programs that read such a thing.
"""

import json
from dataclasses import dataclass

from aiohttp import web

from faultbox_collector.web import upload_headers as names
from faultbox_collector.web.openapi_schemas import SCHEMAS, Schema, ref
from faultbox_protocol import __version__, api

PATH = "/api/v1/openapi.json"

_REASONS = {
    400: "Malformed: final",
    401: "The ingest key is missing, unknown or revoked",
    404: "Nothing is known of this under this key",
    405: "This path does not take this method; Allow has those it takes",
    408: "The body did not arrive in time: come again",
    409: "Not now: the id is being stored, or the upload is at another offset",
    413: "Over a limit; the limits are in the body",
    415: "Content type, content encoding, codec or frame kind",
    422: "Intact and refused: final",
    429: "Too much from this address, key or device: come again after Retry-After",
    500: "The collector failed: come again after Retry-After",
    503: "Nothing can be stored at the moment: come again after Retry-After",
}
_ALWAYS = (400, 401, 408, 429, 500, 503)
"""What any request with a key may get."""
_BINARY: Schema = {"type": "string", "format": "binary"}


@dataclass(frozen=True, slots=True)
class _Field:
    """A header field or a part of the path."""

    name: str
    what: str
    schema: Schema
    place: str = "header"
    required: bool = False

    def describe(self) -> Schema:
        """Return it as OpenAPI has it."""
        return {
            "name": self.name,
            "in": self.place,
            "required": self.required,
            "description": self.what,
            "schema": self.schema,
        }


@dataclass(frozen=True, slots=True)
class _Route:
    """One method of one path."""

    method: str
    path: str
    name: str
    summary: str
    answers: dict[int, tuple[str, Schema | None]]
    refusals: tuple[int, ...] = ()
    bodies: dict[str, Schema] | None = None
    fields: tuple[_Field, ...] = ()
    open_to_all: bool = False


_HEX: Schema = {"type": "string", "pattern": "^(-*[0-9a-fA-F]-*){32}$", "maxLength": 64}
_ID = _Field("id", "32 hex digits, hyphens allowed", _HEX, "path", required=True)
_UP_ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_UP = _Field("up", "The upload's id", _UP_ID, "path", required=True)
_DEVICE = _Field(api.DEVICE_HEADER, "Tells devices of a key apart", {"type": "string"})
_SENT = _Field(api.SENT_HEADER, "BOOT;MONO_MS;WALL_MS at sending", {"type": "string"})
_KNOWN = _Field("If-None-Match", "ETag of the configuration that is known", {"type": "string"})
_DIGEST = _Field(names.REPR_DIGEST, "sha-256 of the whole file", {"type": "string"})
_PART_DIGEST = _Field(names.CONTENT_DIGEST, "sha-256 of this part", {"type": "string"})
_LENGTH = _Field(names.LENGTH, "Bytes of the whole file", {"type": "string"})
_OFFSET = _Field(names.OFFSET, "Where this part begins", {"type": "string"}, required=True)
_COMPLETE = _Field(
    names.COMPLETE,
    "Whether the file ends with this request",
    {"type": "string", "enum": ["?0", "?1"]},
    required=True,
)

_ROUTES = (
    _Route(
        "post",
        api.BUNDLES,
        "sendBundles",
        "1 to 100 bundles as FBX, or one report as msgpack or JSON",
        {
            202: ("Every bundle is durable", ref("Receipts")),
            200: ("Every bundle was here before", ref("Receipts")),
            207: ("The bundles fared differently; `items` has each", ref("Receipts")),
        },
        (409, 413, 415, 422),
        {api.MEDIA_TYPE: _BINARY, api.MSGPACK_TYPE: _BINARY, api.JSON_TYPE: ref("Report")},
        (_SENT,),
    ),
    _Route(
        "get",
        f"{api.RECEIPTS}/{{id}}",
        "readReceipt",
        "What became of a bundle that was filed with this key's product",
        {200: ("The receipt", ref("Receipt"))},
        (404,),
        fields=(_ID,),
    ),
    _Route(
        "get",
        api.CONFIG,
        "readConfig",
        "Limits, media types, codecs, versions",
        {200: ("The configuration", ref("Config")), 304: ("It is known", None)},
        fields=(_KNOWN,),
    ),
    _Route(
        "get",
        api.TIME,
        "readTime",
        "The collector's clock",
        {200: ("Unix milliseconds", ref("Time"))},
        open_to_all=True,
    ),
    _Route(
        "post",
        api.HEARTBEATS,
        "sendHeartbeats",
        "Which devices ran on which day",
        {202: ("They are durable", ref("BeatsTaken"))},
        (413, 415, 422),
        {api.JSON_TYPE: ref("Beats"), api.MSGPACK_TYPE: _BINARY},
    ),
    _Route(
        "post",
        api.UPLOADS,
        "beginUpload",
        "Begin a large file, without a body",
        {201: ("Location has its path, Upload-Limit its limits", ref("UploadMade"))},
        (413,),
        fields=(_COMPLETE, _LENGTH, _DIGEST, _DEVICE),
    ),
    _Route(
        "head",
        f"{api.UPLOADS}/{{up}}",
        "readUpload",
        "How far an upload is",
        {204: ("Upload-Offset, Upload-Complete, Upload-Length, Upload-Limit", None)},
        (404,),
        fields=(_UP,),
    ),
    _Route(
        "patch",
        f"{api.UPLOADS}/{{up}}",
        "sendPart",
        "Append a part at the upload's offset",
        {
            204: ("The part is durable; Upload-Offset has the new offset", None),
            200: ("The file is complete", ref("UploadDone")),
        },
        (404, 409, 413, 415),
        {api.PART_TYPE: _BINARY},
        (_UP, _OFFSET, _COMPLETE, _LENGTH, _DIGEST, _PART_DIGEST),
    ),
    _Route(
        "delete",
        f"{api.UPLOADS}/{{up}}",
        "dropUpload",
        "Give an incomplete upload up",
        {204: ("It is gone", None)},
        (404, 409),
        fields=(_UP,),
    ),
)


def make_document() -> dict[str, object]:
    """Return the OpenAPI document."""
    paths: dict[str, dict[str, object]] = {}
    for route in _ROUTES:
        paths.setdefault(route.path, {})[route.method] = _describe(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Faultbox collector, devices' side",
            "version": __version__,
            "description": "The HTTP side of the Faultbox wire protocol, version 1.",
        },
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": api.KEY_HEADER},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
        "security": [{"key": []}, {"bearer": []}],
    }


def _describe(route: _Route) -> dict[str, object]:
    refusals = () if route.open_to_all else (*_ALWAYS, *route.refusals)
    found: dict[str, object] = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": [field.describe() for field in route.fields],
        "responses": {
            **{
                str(status): _answer(what, api.JSON_TYPE, schema)
                for status, (what, schema) in route.answers.items()
            },
            **{
                str(status): _answer(_REASONS[status], api.PROBLEM_TYPE, ref("Problem"))
                for status in sorted(refusals)
            },
        },
    }
    if route.bodies is not None:
        contents = {media: {"schema": schema} for media, schema in route.bodies.items()}
        found["requestBody"] = {"required": True, "content": contents}
    if route.open_to_all:
        found["security"] = []
    return found


def _answer(what: str, media: str, schema: Schema | None) -> Schema:
    if schema is None:
        return {"description": what}
    return {"description": what, "content": {media: {"schema": schema}}}


_BODY = json.dumps(make_document()).encode()


async def get_document(_request: web.Request) -> web.StreamResponse:
    """Return the document."""
    return web.Response(body=_BODY, content_type=api.JSON_TYPE)
