"""JSON schemas of what devices send and get, with the limits of the wire.

Words of a closed vocabulary are plain texts here: one that a reader does not know reads as `other`
and is no error. Names that a schema does not mention are taken and left alone.
"""

from faultbox_collector.web.wire_limits import WIRE_LIMITS
from faultbox_protocol import api, beats, limits
from faultbox_protocol.fields import MAX_INT
from faultbox_protocol.words import BundleState

Schema = dict[str, object]
_NO_NUL = r"^[^\u0000]*$"


def ref(name: str) -> Schema:
    """Return a reference to a schema of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def text(most: int = limits.SHORT_TEXT_CHARS, least: int = 0) -> Schema:
    """Return a text of so many characters without NUL."""
    found: Schema = {"type": "string", "maxLength": most, "pattern": _NO_NUL}
    return found | {"minLength": least} if least else found


def number(least: int = 0, most: int = MAX_INT) -> Schema:
    """Return a whole number."""
    return {"type": "integer", "minimum": least, "maximum": most}


def listing(items: Schema, most: int) -> Schema:
    """Return a list of at most so many."""
    return {"type": "array", "items": items, "maxItems": most}


def table(values: Schema, most: int) -> Schema:
    """Return a map of at most so many names, each a text without NUL."""
    return {
        "type": "object",
        "additionalProperties": values,
        "maxProperties": most,
        "propertyNames": text(),
    }


def record(required: tuple[str, ...] = (), **fields: Schema) -> Schema:
    """Return a map with these fields, some of them required."""
    found: Schema = {"type": "object", "properties": fields}
    return found | {"required": list(required)} if required else found


_WORD = text(limits.WORD_CHARS)
_TIME = number(-MAX_INT)
_ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_OR_NULL: Schema = {"type": ["string", "null"]}
_SCALAR: Schema = {"type": ["string", "number", "boolean", "null"], "pattern": _NO_NUL}
_NAME = text(limits.FRAME_TEXT_CHARS)
_FORM = table(text(limits.LONG_TEXT_CHARS // 4), limits.EXTRA_KEYS)
_LOG_LINE: Schema = {
    "type": "array",
    "minItems": 4,
    "maxItems": 4,
    "prefixItems": [
        {"type": ["integer", "null"], "minimum": -MAX_INT, "maximum": MAX_INT},
        {"type": ["string", "null"], "maxLength": limits.LOG_SEVERITY_CHARS, "pattern": _NO_NUL},
        {"type": ["string", "null"], "maxLength": limits.SHORT_TEXT_CHARS, "pattern": _NO_NUL},
        text(limits.LOG_LINE_CHARS),
    ],
}
_VERSIONS = {name: text() for name in ("model", "hw", "fw", "app")}

SCHEMAS: dict[str, Schema] = {
    "Frame": record(
        fn=_NAME,
        mod=_NAME,
        file=_NAME,
        line=number(),
        off=number(),
        build_id=text(),
        app={"type": "boolean"},
    ),
    "Cause": record(
        ("type",),
        type=_NAME,
        msg=text(limits.MESSAGE_CHARS),
        frames=listing(ref("Frame"), limits.FRAMES),
    ),
    "Err": record(
        code=text(),
        type=_NAME,
        msg=text(limits.MESSAGE_CHARS),
        sig_no=number(most=limits.SIGNAL_NUMBER),
        frames=listing(ref("Frame"), limits.FRAMES),
        causes=listing(ref("Cause"), limits.CAUSES),
        text=text(limits.CRASH_TEXT_CHARS),
    ),
    "Product": record(
        ("name",),
        name=text(least=1),
        serial=text(),
        batch=text(),
        build_id=text(),
        channel=text(),
        **_VERSIONS,
    ),
    "Attachment": record(
        ("name", "ctype", "raw_b", "sha256"),
        name=text(),
        ctype=text(),
        raw_b=number(),
        sha256=_WORD,
        i=number(most=limits.BLOBS - 1),
        up=_WORD,
    ),
    "Report": record(
        ("v", "kind", "prod"),
        v={"const": 1},
        id={"type": "string", "pattern": "^[0-9a-fA-F]{32}$"},
        kind=_WORD,
        prod=ref("Product"),
        seq=number(),
        sev=_WORD,
        t_ms=_TIME,
        clk=_WORD,
        mono_ms=number(),
        boot=text(limits.BOOT_CHARS),
        n=number(1, limits.FOLDED),
        t0_ms=_TIME,
        t1_ms=_TIME,
        where=record(env=_WORD, site=text(), host=text()),
        err=ref("Err"),
        fp=record(
            ("alg", "sig"),
            alg=number(),
            sig=_WORD,
            parts=listing(_NAME, limits.FINGERPRINT_PARTS),
        ),
        att=listing(ref("Attachment"), limits.ATTACHMENTS),
        form=_FORM,
        drops=table(number(), limits.DROP_REASONS),
        scrub=record(("v", "hits"), v=number(), hits=number()),
        of={"type": "string", "pattern": "^[0-9a-fA-F]{32}$"},
        crit=listing({"type": "string", "enum": []}, 0),
        log=listing(_LOG_LINE, limits.LOG_LINES),
        sys=table({}, limits.EXTRA_KEYS),
        crumbs=listing(table({}, limits.MAP_ITEMS), limits.CRUMBS),
        threads=listing(table({}, limits.MAP_ITEMS), limits.ARRAY_ITEMS),
        modules=listing(table({}, limits.MAP_ITEMS), limits.ARRAY_ITEMS),
        x=table(_SCALAR, limits.EXTRA_KEYS),
    ),
    "Beats": record(
        ("beats",),
        beats=listing(ref("Beat"), limits.BEATS) | {"minItems": 1},
    ),
    "Beat": record(
        ("day", "prod", "boot", "up_s"),
        day=number(2000_01_01, 2199_12_31),
        prod=record(("name", "serial"), name=text(least=1), serial=text(least=1), **_VERSIONS),
        boot=text(limits.BOOT_CHARS, least=1),
        up_s=number(most=beats.DAY_SECONDS),
    ),
    "BeatsTaken": record(
        ("accepted", "ignored", "now_ms"), accepted=number(), ignored=number(), now_ms=number()
    ),
    "Receipt": record(
        ("id", "sha256", "state", "sig", "ticket"),
        id=_ID,
        sha256={"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"},
        state={"type": "string", "enum": [str(state) for state in BundleState]},
        sig=_OR_NULL,
        ticket=_OR_NULL,
        reason=_OR_NULL,
    ),
    "Receipts": record(
        ("receipts", "now_ms"),
        receipts=listing(ref("Receipt"), limits.BODY_BUNDLES),
        items=listing(ref("Item"), limits.BODY_BUNDLES + 1),
        limits=ref("Limits"),
        now_ms=number(),
    ),
    "Item": record(
        ("index", "id", "status", "state", "reason", "detail"),
        index=number(),
        id=_OR_NULL,
        status=number(200, 599),
        state=text(),
        reason=_OR_NULL,
        detail=_OR_NULL,
    ),
    "Time": record(("now_ms",), now_ms=number()),
    "Config": record(
        ("versions", "crit", "content_types", "codecs", "limits"),
        versions=listing(number(1), 100),
        crit=listing(_WORD, 100),
        content_types=listing(text(), 100),
        codecs=table(number(most=255), 100),
        limits=ref("Limits"),
        heartbeat_s=number(),
        retry_after_max_s=number(),
    ),
    "Limits": record(tuple(WIRE_LIMITS), **{name: number(1) for name in WIRE_LIMITS}),
    "UploadMade": record(("up",), up=_ID),
    "UploadDone": record(("up", "sha256", "raw_b"), up=_ID, sha256=_SHA256, raw_b=number()),
    "Problem": record(
        ("type", "title", "status", "reason", "detail"),
        type={"type": "string", "pattern": f"^{api.PROBLEM_PREFIX}"},
        title=text(),
        status=number(400, 599),
        reason=_WORD,
        detail={"type": "string"},
        limits=ref("Limits"),
    ),
}
