"""What commands print of reports: text of strangers, harmless to a terminal and still JSON."""

import json
import re

_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"  # invisible, bidirectional
)


def write_json(value: object, indent: int | None = None) -> str:
    """Return a value as JSON with every control and invisible character escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    # Line feeds are the layout here: json has escaped those inside texts.
    return "\n".join(show_text(line) for line in text.split("\n"))


def show_text(text: str) -> str:
    r"""Return a text with every control and invisible character as `\uXXXX`."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
