"""Device-made text made safe to look at: control characters become visible escapes.

HTML escaping is the template engine's work. This removes what survives it: terminal escapes
that act when copied into a shell, bidirectional overrides that reorder a line under the
reader's eyes, and invisible characters that make two names look alike. Line feeds and tabs stay.
"""

import re

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and line feed, DEL, C1
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)


def display(text: str) -> str:
    r"""Return `text` with hidden characters written out, as in `\x1b` and `\u202e`.

    Applying it twice changes nothing more.
    """
    return _HIDDEN.sub(_escape, text.replace("\r\n", "\n"))


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
