"""What a screen reader and a keyboard need, on every page in both languages."""

import re
from html.parser import HTMLParser

import pytest

from faultbox_dashboard.assets import STATIC
from support.fake_site import SignIn

PAGES = (
    "/signatures",
    "/tickets",
    "/unreadable",
    "/tickets/FB-20261122001",
    "/start",
    "/nothing",
    "/login/x",
)
VOID = frozenset({"meta", "link", "input", "br", "hr", "img", "path", "rect", "line"})


class Outline(HTMLParser):
    """Reads a page and remembers what the tests below ask for."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.fields: list[dict[str, str | None]] = []
        self.labels: set[str | None] = set()
        self.landmarks: list[str] = []
        self.lang: str | None = None
        self.pictures: list[dict[str, str | None]] = []
        self.header_cells: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag == "html":
            self.lang = found.get("lang")
        if tag in ("main", "nav", "header"):
            self.landmarks.append(tag)
        if tag == "label":
            self.labels.add(found.get("for"))
        if tag in ("input", "select", "textarea") and found.get("type") != "hidden":
            self.fields.append({**found, "inside": "label" if "label" in self.open else None})
        if tag == "svg" and "svg" not in self.open[:-1]:
            self.pictures.append(found)
        if tag == "th":
            self.header_cells.append(found.get("scope"))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_well_formed_and_named(sign_in: SignIn, path: str, language: str) -> None:
    client = await sign_in(language)
    lang = f"?lang={language}"
    outline = Outline()
    text = await (await client.get(path + lang)).text()
    outline.feed(text)
    assert outline.wrong == []
    assert outline.open == []
    assert outline.lang == language
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(outline.headings, outline.headings[1:], strict=False))
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.landmarks.count("main") == 1
    assert 'href="#main"' in text
    assert re.search(r"<title>\S.+ · Faultbox</title>", text)
    for field in outline.fields:
        assert field["inside"] or field.get("id") in outline.labels
    for picture in outline.pictures:
        assert picture.get("aria-hidden") == "true" or picture.get("aria-label")
    assert None not in outline.header_cells


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def full(colour: str) -> str:
    """Return `#fff` as `#ffffff`."""
    return colour if len(colour) == 7 else "#" + "".join(char * 2 for char in colour[1:])


def test_text_stands_out_from_its_ground() -> None:
    css = (STATIC / "app.css").read_text("utf-8")
    root = dict(re.findall(r"--(ink|soft|accent|red|amber|green|ground): (#\w+)", css))
    pairs = [(root[name], ground) for name in root if name != "ground" for ground in ("#fff",)]
    pairs += [(root["soft"], root["ground"]), (root["ink"], root["ground"])]
    for ground, ink in re.findall(r"background: (#\w+);(?: [^}]*?;)? color: (#\w+)", css):
        pairs.append((ink, ground))
    assert len(pairs) > 15
    for ink, ground in pairs:
        assert contrast(full(ink), full(ground)) >= 4.5, (ink, ground)
