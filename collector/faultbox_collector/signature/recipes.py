"""The recipes: what of a trace goes into which key, and the title people read.

| key | made of |
|---|---|
| strict | types, innermost frames, code; or code and program; or program and signal |
| addr | module, build id and offset of the innermost frames: exists before symbols do |
| msg | family, type and the message's template, where no frame names a function |
| loose | family, type, innermost frame, code: for suggestions and statistics only |

How many frames? What the runtime raises by itself, and what is thrown without a word, is at fault
where it happens: one frame. What is thrown with a message was mostly found out by a check on
behalf of its callers, so three frames tell the callers apart. Measured on 295 real Java crashes
of 161 faults this gave BCubed precision .97 and recall .91; always three .98 and .81, always one
.90 and .92.
"""

from dataclasses import dataclass

from faultbox_collector.signature.codes import CodeKind, extract_codes
from faultbox_collector.signature.keys import Key, KeyKind, make_key
from faultbox_collector.signature.normalise import mask_message, shorten_type
from faultbox_collector.signature.selection import Selection, list_addresses
from faultbox_collector.signature.trace import FAULT_WORDS, Trace, TraceKind
from faultbox_collector.signature.wordlists import load_wordlist

STRICT_FRAMES = 3
_IN_PLACE = load_wordlist("types_raised_in_place")
ADDR_FRAMES = 5
_SURE = {CodeKind.VENDOR: 2, CodeKind.ERRNO: 3, CodeKind.SQLSTATE: 3, CodeKind.RESULT: 3}
"""The codes that may enter an exception's key, and how sure each must be."""
_ENDED = frozenset({TraceKind.SIGNAL, TraceKind.OOM, TraceKind.EXIT})


@dataclass(frozen=True, slots=True)
class Recipe:
    """The keys of a trace in lookup order, its title and why they came out so."""

    keys: tuple[Key, ...]
    title: str
    steps: tuple[str, ...]


def _choose_code(trace: Trace) -> str:
    """An exception's message may carry the code that tells two faults of one place apart."""
    if trace.kind is not TraceKind.EXCEPTION:
        return ""
    if trace.codes:
        return trace.codes[0]
    for code in extract_codes(trace.message[:400]):
        if code.confidence >= _SURE.get(code.kind, 9):
            return code.text
    return ""


def _cook_code(trace: Trace) -> Recipe:
    code, program = trace.codes[0], trace.program or ""
    keys = [make_key(KeyKind.STRICT, ("code", code, program))]
    if program:
        keys.append(make_key(KeyKind.LOOSE, ("code", code)))
    step = f"the code {code} alone names the fault, whatever words stand around it"
    return Recipe(tuple(keys), f"{code}: {program}" if program else code, (step,))


def _cook_exit(trace: Trace) -> Recipe:
    what = trace.type or trace.signal or trace.message
    label = "out of memory" if trace.kind is TraceKind.OOM else what
    parts = (trace.kind.value, "" if trace.kind is TraceKind.OOM else what, trace.program or "")
    keys = [make_key(KeyKind.LOOSE, parts[:2])]
    addresses = list_addresses(trace, ADDR_FRAMES)
    if addresses:
        keys.insert(0, make_key(KeyKind.ADDR, (*parts, " < ".join(addresses))))
    kind = KeyKind.STRICT if trace.program else KeyKind.MSG
    if trace.program is None or not addresses:
        keys.insert(0, make_key(kind, parts))
    step = (
        f"no function is known: program {trace.program} and {label} make the key"
        if trace.program
        else f"neither function nor program is known: only {label} is left for the key"
    )
    return Recipe(tuple(keys), f"{label}: {trace.program}" if trace.program else label, (step,))


def _choose_names(trace: Trace, selection: Selection) -> tuple[tuple[str, ...], str]:
    """Give the names that make the strict key, and why so many."""
    if selection.cycle:
        return selection.names, "the functions of the cycle"
    if trace.kind is TraceKind.EXCEPTION and selection.own and trace.type is not None:
        if _IN_PLACE.has(shorten_type(trace.type) or ""):
            return selection.names[:1], "one frame, as the runtime raises this type in place"
        if not trace.message:
            return selection.names[:1], "one frame, as it was thrown without a message"
    if trace.kind is TraceKind.LOG:
        return selection.names[:1], "the function that logged it"
    names = selection.names[:STRICT_FRAMES]
    return names, f"the innermost {len(names)} meaningful frame(s)"


def _cook_frames(trace: Trace, selection: Selection) -> Recipe:
    names, why = _choose_names(trace, selection)
    family, kind, code = trace.kind.value, shorten_type(trace.type) or "", _choose_code(trace)
    unspecific = trace.kind is TraceKind.LOG or not selection.own
    spare = mask_message(trace.message) if unspecific else ""
    outer = shorten_type(trace.outer_type)
    inside = f"inside {outer}" if outer and outer != kind else ""
    strict = make_key(KeyKind.STRICT, (family, kind, inside, " < ".join(names), code, spare))
    keys = [strict]
    addresses = list_addresses(trace, ADDR_FRAMES)
    if addresses:
        keys.append(make_key(KeyKind.ADDR, (family, kind, " < ".join(addresses))))
    keys.append(make_key(KeyKind.LOOSE, (family, kind, names[0], code)))
    step = f"the type and {why} make the strict key"
    what = spare if trace.kind is TraceKind.LOG and spare else kind or FAULT_WORDS[trace.kind]
    return Recipe(tuple(keys), f"{what[:160]} in {names[0]}", (step,))


def _cook_message(trace: Trace) -> Recipe:
    family, kind = trace.kind.value, shorten_type(trace.type) or ""
    template, keys = mask_message(trace.message), list[Key]()
    addresses = list_addresses(trace, ADDR_FRAMES)
    if addresses:
        keys.append(make_key(KeyKind.ADDR, (family, kind, " < ".join(addresses))))
    elif kind or template:
        keys.append(make_key(KeyKind.MSG, (family, kind, template)))
    if keys and kind:
        keys.append(make_key(KeyKind.LOOSE, (family, kind)))
    title = ": ".join(part for part in (kind, template) if part) or (addresses or (family,))[0]
    what = "addresses without symbols" if addresses else "type and the message's template"
    return Recipe(tuple(keys), title[:200], (f"no function is known: {what} make the key",))


def cook_keys(trace: Trace, selection: Selection) -> Recipe:
    """Make every key that the evidence of a trace allows, the strongest first."""
    if trace.kind is TraceKind.CODE and trace.codes:
        return _cook_code(trace)
    if selection.names:
        return _cook_frames(trace, selection)
    if trace.kind in _ENDED and not any(frame.build_id for frame in trace.frames):
        return _cook_exit(trace)
    return _cook_message(trace)
