"""The engine's two doors: a text or a bundle's head in, its signature with an explanation out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from faultbox_collector.signature.codes import extract_codes, spell_code
from faultbox_collector.signature.detect import detect
from faultbox_collector.signature.heads import read_head
from faultbox_collector.signature.keys import EXACT_KINDS, Key
from faultbox_collector.signature.recipes import cook_keys
from faultbox_collector.signature.selection import select_frames
from faultbox_collector.signature.trace import FAULT_WORDS, Trace
from faultbox_protocol.report import Head
from faultbox_protocol.words import FaultKind

_CODE_CHARS = 4 * 1024
_FRAME_STARTS = ("at ", 'File "', "#", "... ", "[<", "? ")
"""How stack frames begin in every format: their names and numbers are not error codes."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What the engine makes of one report; `key` is None where it holds no fault.

    `keys` are in lookup order; only kinds in `keys.EXACT_KINDS` may join reports by themselves.
    `kind` is a word of `FaultKind`, `quality` 0 (nothing) to 3 (type and functions known).
    """

    key: str | None = None
    keys: tuple[Key, ...] = ()
    title: str = ""
    kind: str = FaultKind.OTHER.value
    type: str | None = None
    message: str = ""
    function: str | None = None
    frames: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    fields: Mapping[str, str | int] = field(default_factory=dict)
    signal: str | None = None
    program: str | None = None
    quality: int = 0
    steps: tuple[str, ...] = ()


def _sign_trace(trace: Trace, codes: tuple[str, ...], steps: tuple[str, ...]) -> Signed:
    selection = select_frames(trace)
    recipe = cook_keys(trace, selection)
    exact = [key for key in recipe.keys if key.kind in EXACT_KINDS]
    chosen = exact[0] if exact else None
    if chosen is not None:
        last = f"the {chosen.kind} key is the strongest that the evidence allows and is taken"
    else:
        last = "the evidence allows no key"
    return Signed(
        key=chosen.value if chosen else None,
        keys=recipe.keys,
        title=recipe.title,
        kind=FAULT_WORDS[trace.kind],
        type=trace.type,
        message=trace.message,
        function=selection.names[0] if selection.names else None,
        frames=selection.names,
        codes=codes,
        fields=trace.fields,
        signal=trace.signal,
        program=trace.program,
        quality=trace.quality if selection.own or not trace.frames else min(trace.quality, 1),
        steps=(*steps, *trace.reasons, *selection.steps, *recipe.steps, last),
    )


def _list_codes(lines: Iterable[str]) -> tuple[str, ...]:
    """Find the codes of all lines but stack frames."""
    text = "\n".join(line for line in lines if not line.lstrip().startswith(_FRAME_STARTS))
    return tuple(code.text for code in extract_codes(text[:_CODE_CHARS]))


def sign_text(text: str) -> Signed:
    """Sign a crash text of any format and any surroundings; never raises."""
    detection = detect(text)
    codes = _list_codes(detection.lines)
    if detection.block is None:
        return Signed(codes=codes, steps=(*detection.steps, "the text holds no fault: no key"))
    return _sign_trace(detection.block.trace, codes, detection.steps)


def sign_head(head: Head) -> Signed:
    """Sign the head of a bundle; what it states in fields outranks what its text says."""
    trace = read_head(head)
    err = head.err
    codes: list[str] = [spell_code(err.code)] if err and err.code else []
    if err is not None:
        for text in (err.msg, err.text):
            found = _list_codes(text[: 4 * _CODE_CHARS].split("\n")) if text else ()
            codes += [code for code in found if code not in codes]
    if trace is None:
        return Signed(
            codes=tuple(codes),
            kind=head.kind.value,
            steps=("the head states no error that could be told from another: no key",),
        )
    signed = _sign_trace(trace, tuple(codes), ())
    if head.kind in {FaultKind.OTHER, FaultKind.FEEDBACK}:
        return signed
    return replace(signed, kind=head.kind.value)
