"""A fault becomes a report: identity and evidence added, secrets out, everything checked.

What a source did not know (model, serial number, place, versions) comes from the settings. The
witness's texts are redacted here too, though our own sources did so before they wrote anything:
records also come from programs that do not redact.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from faultbox_agent.fault import Fault, PlainMap
from faultbox_agent.fault_text import BadFault
from faultbox_agent.redact import redact_lines, redact_map
from faultbox_agent.redact_rules import RULES_VERSION, make_key_rule
from faultbox_agent.settings import Settings
from faultbox_protocol import limits, schema
from faultbox_protocol.errors import ProtocolError
from faultbox_protocol.fingerprint import compute_fingerprint
from faultbox_protocol.report import Evidence, Head, Plain, Product, Scrub, Where
from faultbox_protocol.trimming import trim_text
from faultbox_protocol.words import ClockQuality, Place

UNNAMED_PRODUCT = "unnamed"
_LONG_TEXTS = {
    "msg": limits.MESSAGE_CHARS,
    "text": limits.CRASH_TEXT_CHARS,
    "fn": limits.FRAME_TEXT_CHARS,
    "mod": limits.FRAME_TEXT_CHARS,
    "file": limits.FRAME_TEXT_CHARS,
    "type": limits.FRAME_TEXT_CHARS,
}
_LISTS = {"frames": limits.FRAMES, "causes": limits.CAUSES}
_HEAD_FIELDS = (
    "kind", "sev", "t_ms", "clk", "mono_ms", "boot", "n", "t0_ms", "t1_ms", "prod", "where",
    "err", "form", "drops",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the machine adds to every report."""

    clock_quality: Callable[[], ClockQuality]
    system: Callable[[], PlainMap]
    process: Callable[[PlainMap], PlainMap]
    software: Mapping[str, Plain]
    serial: str
    """Used where no setting and no source names one."""


class Capture:
    """Builds reports of faults."""

    def __init__(self, settings: Settings, surroundings: Surroundings) -> None:
        self._settings = settings
        self._around = surroundings
        self._more: re.Pattern[str] | None = make_key_rule(settings.privacy.keys)

    def describe_product(self) -> PlainMap | None:
        """Return the product of this device as the wire has it; None where no setting names it."""
        if not self._settings.product:
            return None
        prod = self._complete_product(Product(name=self._settings.product))
        named = ("name", "serial", "model", "hw", "fw", "app")
        told = {name: _as_text(getattr(prod, name)) for name in named}
        return _clip({name: text for name, text in told.items() if text}, "prod")

    def build_head(self, fault: Fault) -> Head:
        """Return the head of a fault's report, complete but for sequence number and losses.

        Raises:
            BadFault: a field of the record is not what the wire allows.
        """
        source: PlainMap = {name: fault.head[name] for name in _HEAD_FIELDS if name in fault.head}
        hits = _count(fault.head.get("scrub"))
        for part in ("err", "form"):
            value = source.get(part)
            if isinstance(value, dict):
                clean, found = redact_map(value, self._more)
                source[part] = _clip(clean, part)
                hits += found
        prod = source.get("prod")
        named = dict(prod) if isinstance(prod, dict) else {}
        named["name"] = (
            named.get("name")
            or self._settings.product
            or _as_text(fault.facts.get("program"))
            or UNNAMED_PRODUCT
        )
        source["prod"] = _clip(named, "prod")
        try:
            head = schema.head_from_map({**source, "id": fault.id, "v": schema.VERSION})
        except ProtocolError as error:
            raise BadFault(str(error)) from None
        head = replace(
            head,
            prod=self._complete_product(head.prod),
            where=self._complete_where(head.where),
            clk=head.clk or self._around.clock_quality(),
            scrub=Scrub(RULES_VERSION, hits) if hits else None,
            unknown=(),
        )
        return replace(head, fp=compute_fingerprint(head))

    def build_evidence(self, fault: Fault) -> tuple[Evidence, int]:
        """Return the evidence of a fault's report and how many secrets were in it.

        Evidence that cannot be used is left out and noted: it never costs the report.
        """
        source = dict(fault.evidence)
        log, hits = self._clean_log(source.pop("log", None))
        clean, found = redact_map(source, self._more)
        facts, more = redact_map(fault.facts, self._more)
        sys = clean.get("sys")
        merged: PlainMap = dict(sys) if isinstance(sys, dict) else {}
        inside = merged.get("process")
        outside = self._around.process(fault.facts)
        process = outside.pop("process", None)
        merged.update(self._around.software)
        merged.update(self._around.system())
        merged.update(outside)
        both = {**_as_map(process), **_as_map(inside)}
        if both:
            merged["process"] = both
        if facts:
            merged["witness"] = facts
        clean["sys"] = dict(list(merged.items())[: limits.EXTRA_KEYS])
        clean["log"] = log
        return _read_evidence(clean), hits + found + more

    def _clean_log(self, value: Plain) -> tuple[list[Plain], int]:
        rows = (
            [row for row in value if isinstance(row, list) and len(row) == 4]
            if isinstance(value, list)
            else []
        )
        rows = rows[-limits.LOG_LINES :]
        texts, hits = redact_lines([str(row[3]) for row in rows], self._more)
        cut: list[Plain] = [
            [row[0], row[1], row[2], trim_text(text, limits.LOG_LINE_CHARS)]
            for row, text in zip(rows, texts, strict=True)
        ]
        return cut, hits

    def _complete_product(self, prod: Product) -> Product:
        own = self._settings
        return replace(
            prod,
            model=prod.model or own.model,
            serial=prod.serial or own.serial or self._around.serial,
            batch=prod.batch or own.batch,
            hw=prod.hw or own.hw,
            fw=prod.fw or own.fw or _as_text(self._around.software.get("os")),
            app=prod.app or own.version,
            channel=prod.channel or own.channel,
        )

    def _complete_where(self, where: Where | None) -> Where:
        where = where or Where()
        place = Place(self._settings.place) if self._settings.place else None
        host = where.host or _as_text(self._around.software.get("host"))
        return Where(where.env or place, where.site or self._settings.site, host)


def add_hits(head: Head, hits: int) -> Head:
    """Return the head with more redactions counted."""
    if not hits:
        return head
    before = head.scrub.hits if head.scrub is not None else 0
    return replace(head, scrub=Scrub(RULES_VERSION, before + hits))


def _read_evidence(source: PlainMap) -> Evidence:
    """Read evidence part by part; a part that the wire refuses becomes a note."""
    notes: list[Plain] = []
    kept: PlainMap = {}
    for part in ("log", "sys", "crumbs", "threads", "modules", "form", "x"):
        if source.get(part):
            try:
                schema.evidence_from_map({part: source[part]})
                kept[part] = source[part]
            except ProtocolError as error:
                notes.append(f"{part} left out: {error}"[:200])
    if notes:
        kept["sys"] = {**_as_map(kept.get("sys")), "refused": notes}
    return schema.evidence_from_map(kept)


def _clip(value: PlainMap, name: str) -> PlainMap:
    """Return a map with texts and lists cut to the limits of the wire."""
    return {key: _clip_value(item, key, name) for key, item in value.items() if item is not None}


def _clip_value(value: Plain, key: str, parent: str) -> Plain:
    if isinstance(value, str):
        wide = limits.MESSAGE_CHARS if parent == "form" else limits.SHORT_TEXT_CHARS
        return trim_text(value, wide if parent in ("prod", "form") else _LONG_TEXTS.get(key, wide))
    if isinstance(value, dict):
        return _clip(value, key)
    if isinstance(value, list):
        return [_clip_value(item, key, parent) for item in value[: _LISTS.get(key, 64)]]
    return value


def _count(scrub: Plain) -> int:
    hits = scrub.get("hits") if isinstance(scrub, dict) else None
    return hits if isinstance(hits, int) and 0 <= hits < 2**31 else 0


def _as_map(value: Plain) -> PlainMap:
    return value if isinstance(value, dict) else {}


def _as_text(value: Plain) -> str | None:
    return value if isinstance(value, str) else None
