"""`faultbox sign`: which signature a crash text gets, and why.

For people it prints title, keys and every step of the reasoning. With `--jsonl` it answers one
line per input line, so that a whole archive can be signed by a script. Crash text is hostile:
control characters are escaped before they reach a terminal.
"""

import argparse
import io
import json
import sys
from collections.abc import Mapping
from typing import BinaryIO, TextIO

from faultbox_collector.commands.printing import write_json
from faultbox_collector.signature.engine import Signed, sign_text
from faultbox_collector.signature.lines import MAX_TEXT_CHARS

_MAX_SHOWN_CHARS = 2000


class InputLineError(ValueError):
    """A line of input that no answer can be made for."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Register `sign`; the parsed arguments carry `func`, which gives the exit status."""
    parser = subparsers.add_parser(
        "sign",
        help="explain which signature a crash text gets",
        description="Reads crash text from standard input and explains its signature.",
    )
    parser.add_argument(
        "--jsonl",
        action="store_true",
        help='many at once: each input line is {"id": ..., "input": "crash text"}',
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Sign standard input; 0 when done, 2 when a line of JSON input is malformed."""
    jsonl: bool = args.jsonl
    return sign_stream(sys.stdin.buffer, sys.stdout.buffer, sys.stderr, jsonl=jsonl)


def sign_stream(source: BinaryIO, out: BinaryIO, errors: TextIO, *, jsonl: bool) -> int:
    """Sign one stream of bytes into another and give the exit status.

    Bytes that are no UTF-8 are part of real crash text, so they are replaced, never refused.
    """
    reader = io.TextIOWrapper(source, "utf-8", errors="replace", newline="\n")
    writer = io.TextIOWrapper(out, "utf-8", errors="replace", newline="\n")
    try:
        if jsonl:
            sign_lines(reader, writer)
        else:
            print_signed(sign_text(reader.read(MAX_TEXT_CHARS)), writer)
    except InputLineError as error:
        errors.write(f"faultbox sign: {error}\n")
        return 2
    finally:
        writer.flush()
        reader.detach()
        writer.detach()
    return 0


def sign_lines(source: TextIO, out: TextIO) -> None:
    """Answer every line of JSON input with one line, in order.

    Raises:
        InputLineError: a line is not JSON, not an object, or lacks `id` or a text `input`.
    """
    for number, line in enumerate(source, start=1):
        if not line.strip():
            continue
        ident, text = _read_line(line, number)
        answer = _answer(ident, sign_text(text))
        out.write(write_json(answer) + "\n")


def _read_line(line: str, number: int) -> tuple[object, str]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputLineError(
            f"line {number} is not JSON: {escape_text(str(error), 200)}"
        ) from error
    if not isinstance(row, Mapping) or "id" not in row or not isinstance(row.get("input"), str):
        raise InputLineError(f'line {number} is not an object with "id" and a text "input"')
    return row["id"], row["input"]


def _answer(ident: object, signed: Signed) -> dict[str, object]:
    return {
        "id": ident,
        "key": signed.key,
        "title": signed.title,
        "kind": signed.kind,
        "type": signed.type,
        "function": signed.function,
        "frames": list(signed.frames),
        "codes": list(signed.codes),
        "fields": dict(signed.fields),
    }


def escape_text(text: str, limit_chars: int = _MAX_SHOWN_CHARS) -> str:
    """Make text safe for a terminal: what is not printable is shown by its escape."""
    shown = text[:limit_chars]
    safe = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in shown
    )
    return safe + ("…" if len(text) > limit_chars else "")


def print_signed(signed: Signed, out: TextIO) -> None:
    """Print title, keys and steps for people."""

    def show(label: str, value: str) -> None:
        out.write(f"{label:<10}{escape_text(value)}\n")

    if signed.key is None:
        show("title", signed.title or "no fault found")
    else:
        show("title", signed.title)
        chosen = next(key for key in signed.keys if key.value == signed.key)
        show("key text", chosen.text)
        show("key", chosen.value)
    show("kind", f"{signed.kind}, quality {signed.quality} of 3")
    if signed.codes:
        show("codes", ", ".join(signed.codes))
    if signed.frames:
        show("frames", " < ".join(signed.frames[:10]))
    for key in signed.keys:
        if key.value != signed.key:
            show(f"  {key.kind}", f"{key.value}  {key.text}")
    out.write("why\n")
    for number, step in enumerate(signed.steps, start=1):
        out.write(f"  {number}. {escape_text(step)}\n")
