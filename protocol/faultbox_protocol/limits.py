"""Every bound on the wire, with its unit in the name.

The figures are those of `docs/protocol.md`, section Limits. They bound the *sum* of what a
decoder builds, not only each part: 4 MiB of nested empty maps grow to 288 MiB in memory.
"""

KIB = 1024
MIB = 1024 * KIB

BODY_BYTES = 16 * MIB
BODY_BUNDLES = 100

HEAD_ENCODED_BYTES = 32 * KIB
HEAD_RAW_BYTES = 64 * KIB
EVIDENCE_ENCODED_BYTES = 512 * KIB
EVIDENCE_RAW_BYTES = 2 * MIB
BLOB_BYTES = 4 * MIB
BLOBS = 16

ZSTD_WINDOW_BYTES = 8 * MIB
"""RFC 9659: a decoder need not allocate more than this."""

# the other forms of a bundle
JSON_FORM_BYTES = 2 * MIB
"""The msgpack form is one head: HEAD_RAW_BYTES."""

# heartbeats
BEATS = 1_000
BEATS_BYTES = 64 * KIB

# uploads
UPLOAD_BYTES = 1024 * MIB
UPLOAD_PART_BYTES = 8 * MIB
UPLOAD_SECONDS = 24 * 3600
"""An upload that is not complete after this long is removed."""
UPLOADS_OPEN = 3
"""Incomplete uploads of one key and device at a time."""

# msgpack
DEPTH = 12
NODES = 20_000
MAP_ITEMS = 256
ARRAY_ITEMS = 2_000
STRING_BYTES = 64 * KIB
BINARY_BYTES = 16

# head
SHORT_TEXT_CHARS = 256
"""Names, versions, serial numbers, codes."""
WORD_CHARS = 64
"""Words of vocabularies, names of forms and of losses, digests in hex."""
MESSAGE_CHARS = 8 * KIB
CRASH_TEXT_CHARS = 32 * KIB
FRAMES = 128
CAUSES = 16
ATTACHMENTS = 16
FINGERPRINT_PARTS = 16
DROP_REASONS = 32
CRIT_NAMES = 16
BOOT_CHARS = 36
FOLDED = 2**31
"""Occurrences folded into one bundle."""
SIGNAL_NUMBER = 255
FRAME_TEXT_CHARS = 1_024
"""Function, file and module names; C++ templates make long ones."""

# evidence
LOG_LINES = 2_000
LOG_LINE_CHARS = 4 * KIB
LOG_SEVERITY_CHARS = 16
CRUMBS = 100
PROCESSES = 20
EXTRA_KEYS = 64
"""Names in `form`, `x` and `sys`."""
LONG_TEXT_CHARS = 64 * KIB
"""A form text; the encoded text is bounded by STRING_BYTES as well."""
