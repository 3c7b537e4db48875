"""An in-memory twin of the collector's doors, for pages without a store behind them."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from faultbox_collector.domain.facts import Facts
from faultbox_collector.domain.form import FieldValue
from faultbox_collector.queries.records import (
    Overview,
    Sample,
    SignatureFilter,
    SignaturePage,
    SignatureRow,
    TicketEntry,
    TicketPage,
    TicketRow,
    UnreadableRow,
    VersionCount,
)
from faultbox_protocol.report import Frame, LogLine

NOW_MS = 1_795_313_400_000  # 2026-11-22 10:10 in Shanghai
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
ORDER = ("escalating", "regressed", "new", "open", "resolved", "muted")

FACTS: tuple[tuple[Facts, str], ...] = (
    (
        Facts("crash", "SIGSEGV", None, "SIGSEGV", "render_loop", "ui-shell"),
        "SIGSEGV in ui-shell: render_loop",
    ),
    (Facts("error", None, "E-202", None, None, "init", "无法进入系统"), "E-202"),
    (
        Facts("crash", "ZeroDivisionError", None, None, "pricing.ratio", "pricing"),
        "ZeroDivisionError in pricing.ratio",
    ),
    (Facts("crash", None, None, "SIGKILL", None, "storaged"), "SIGKILL in storaged"),
    (
        Facts("crash", "java.net.SocketTimeoutException", None, None, "Pool.acquire", "dbpool"),
        "SocketTimeoutException in com.example.db.Pool.acquire",
    ),
    (Facts("error", None, "ERR-500", None, None, "gateway"), "ERR-500"),
    (Facts("hang", None, None, None, "modem::at_send", "modemd"), "hang in modem::at_send"),
    (
        Facts("crash", "CalibrationDrift", None, None, "sensor.read", "sensord"),
        "CalibrationDrift in sensor.read",
    ),
    (Facts("oom", None, None, "SIGKILL", None, "indexer"), "out of memory in indexer"),
    (Facts("reboot"), "unexpected reboot"),
    (
        Facts("error", None, None, None, None, "netd", "tls handshake failed: peer closed"),
        "netd: tls handshake failed: peer closed",
    ),
    (Facts("crash", "KeyError", None, None, "config.load", "agentd"), "KeyError in config.load"),
)
PRODUCTS = (("EdgeBox 400", "EB400-4G"), ("EdgeBox 200", "EB200"), ("CamNode X1", None))


@dataclass(frozen=True, slots=True)
class FakePerson:
    """Who is signed in."""

    login: str
    language: str | None
    csrf: str


def make_signature(number: int) -> SignatureRow:
    """Return the same row for the same number, at every run."""
    dice = random.Random(number)
    facts, title = FACTS[number % len(FACTS)]
    product, model = PRODUCTS[number % len(PRODUCTS)]
    state = ORDER[min(5, number * 6 // 60)] if number else "escalating"
    base = max(1, int(900 / (number + 1) ** 0.8))
    trend = [max(0, int(dice.gauss(base / 6, base / 12))) for _ in range(28)]
    if state in ("escalating", "regressed"):
        trend[-4:] = [value * 5 + 4 for value in trend[-4:]]
    if state == "new":
        trend[:-3] = [0] * 25
    versions = ("2.1.0", "2.2.0", "2.3.0", "2.3.1")[: 1 + number % 4]
    total = sum(trend) + 1
    last_ms = NOW_MS - dice.randint(1, 3000) * MINUTE_MS
    return SignatureRow(
        id=number + 1,
        title=title,
        facts=facts,
        state=state,
        product=product,
        model=model,
        occurrences=total,
        devices=base,
        first_seen_ms=last_ms - dice.randint(1, 60) * DAY_MS,
        last_seen_ms=last_ms,
        trend=tuple(trend),
        versions=tuple(
            VersionCount(version, total * (i + 1) // sum(range(len(versions) + 1)))
            for i, version in enumerate(versions)
        ),
        ticket=f"FB-20261122{number + 1:03}",
        open_tickets=1 + (number % 7 == 0),
    )


def make_sample() -> Sample:
    """Return the evidence of a crash with its log."""
    log = [
        LogLine(-9000 + 900 * i, "info", "ui-shell", f"frame {4120 + i} drawn in {14 + i % 3} ms")
        for i in range(9)
    ]
    log = [LogLine(-60_000 + i * 1000, None, "kernel", f"earlier {i}") for i in range(12)] + log
    log += [
        LogLine(-210, "warning", "dbpool", "acquire: no connection for 5000 ms"),
        LogLine(0, "error", "ui-shell", "设备启动后报错代码E-202，无法进入系统"),
        LogLine(35, "info", "systemd", "ui-shell.service: main process exited, status=11/SEGV"),
        LogLine(140, "info", "systemd", "ui-shell.service: scheduled restart job"),
    ]
    frames = (
        Frame("render_loop", "ui-shell", "src/render.c", 412, app=True),
        Frame("dispatch_frame", "ui-shell", "src/loop.c", 88, app=True),
        Frame("g_main_context_iteration", "libglib-2.0.so.0", off=0x5A1C0, app=False),
        Frame("main", "ui-shell", "src/main.c", 51, app=True),
        Frame("__libc_start_main", "libc.so.6", off=0x29D90, app=False),
    )
    return Sample(
        bundle_id="0193a1b2c3d47e5f8091a2b3c4d5e6f7",
        report_code="7QJ4M-2XK9P",
        occurred_at_ms=NOW_MS - 65 * MINUTE_MS,
        received_at_ms=NOW_MS - 58 * MINUTE_MS,
        clock="monotonic",
        frames=frames,
        text=None,
        log=tuple(log),
        sys={
            "uptime_ms": 372_000,
            "cpu_pct": 87.5,
            "mem_avail_b": 41_943_040,
            "disk_free_b": 1_288_490_188,
            "temp_c": 61.0,
            "procs": [{"name": "ui-shell"}, {"name": "dbpool"}],
        },
        redactions=3,
        unknown=(),
    )


def make_unreadable(number: int) -> UnreadableRow:
    """Return a bundle that was set aside."""
    return UnreadableRow(
        id=number,
        product=None if number % 3 == 0 else "EdgeBox 400",
        reason=("bad_crc", "deadly", "unknown_version")[number % 3],
        detail="CRC does not match",
        received_at_ms=NOW_MS - number * MINUTE_MS,
        size_bytes=7_100 + number,
        place=f"00000007.fbp @ {number * 9_000}",
        ticket=None if number % 3 == 0 else "FB-20261122001",
    )


def make_fields(number: str) -> dict[str, FieldValue]:
    """Return a form as a bundle fills it in."""
    said = {
        "number": number,
        "submitted_at": str(NOW_MS - 58 * MINUTE_MS),
        "submitter": "device",
        "product_name": "EdgeBox 400",
        "product_model": "EB400-4G",
        "serial": "SN2024A3F90017",
        "batch": "B2409",
        "system_version": "FaultOS 5.10.192",
        "app_version": "2.3.1 (a81f0c2)",
        "hardware_version": "rev-C",
        "occurred_at": str(NOW_MS - 65 * MINUTE_MS),
        "error_code": "E-202",
        "phenomenon": "设备启动后报错代码E-202，无法进入系统",
        "attachments": '[{"name": "syslog-tail.txt", "kind": "log", "bytes": 217088,'
        ' "redactions": 3}, {"name": "core.zst", "kind": "core", "bytes": 1153434}]',
    }
    fields = {name: FieldValue(value, "device") for name, value in said.items()}
    fields["problem_class"] = FieldValue("technical", "rule")
    fields["problem_type"] = FieldValue("software", "rule")
    fields["severity"] = FieldValue("serious", "rule")
    fields["source"] = FieldValue("auto", "rule")
    fields["batch"] = FieldValue("B2410", "person", "B2409")
    return fields


def make_ticket(signature: SignatureRow) -> TicketPage:
    """Return the page of the signature's ticket."""
    dice = random.Random(signature.id)
    start_ms = (NOW_MS // HOUR_MS - 167) * HOUR_MS
    hourly = tuple(
        (start_ms + i * HOUR_MS, max(0, int(dice.gauss(2, 2))) + (38 if i > 155 else 0))
        for i in range(168)
    )
    number = signature.ticket or "FB-20261122999"
    return TicketPage(
        number=number,
        state="in_progress",
        opened_at_ms=NOW_MS - 58 * MINUTE_MS,
        timezone="Asia/Shanghai",
        fields=make_fields(number),
        signature=signature,
        key_text="crash | ui-shell | SIGSEGV | render_loop < dispatch_frame < main",
        key_value="9f2c1a7be04d5566",
        steps=(
            "kind: native, from 5 frames",
            "dropped 2 frames of system libraries: g_main_context_iteration, __libc_start_main",
            "kept the innermost 3 frames of the product: render_loop, dispatch_frame, main",
        ),
        hourly=hourly,
        history=(
            TicketEntry(NOW_MS - 58 * MINUTE_MS, "device", "opened", ""),
            TicketEntry(NOW_MS - 51 * MINUTE_MS, "system", "devices", "", {"devices": 10}),
            TicketEntry(NOW_MS - 40 * MINUTE_MS, "system", "version", "", {"version": "2.3.1"}),
            TicketEntry(
                NOW_MS - 31 * MINUTE_MS,
                "desk-2",
                "note",
                "客户电话：A 厂 3 号线网关反复重启，屏幕无显示，已附照片。",
            ),
            TicketEntry(
                NOW_MS - 20 * MINUTE_MS,
                "system",
                "state",
                "",
                {"from": "dispatched", "to": "in_progress"},
            ),
        ),
        sample=make_sample(),
        previous="FB-20260911004",
    )


@dataclass
class FakeDesk:
    """Reader, accounts and desk in one, over plain dictionaries."""

    rows: list[SignatureRow] = field(default_factory=lambda: [make_signature(i) for i in range(60)])
    pages: dict[str, TicketPage] = field(default_factory=dict)
    bundles: int = 17_342
    set_aside: list[UnreadableRow] = field(default_factory=list)
    links: set[str] = field(default_factory=lambda: {"good-link"})
    sessions: dict[str, FakePerson] = field(default_factory=dict)
    failing: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            if row.ticket and row.ticket not in self.pages:
                self.pages[row.ticket] = make_ticket(row)

    def sign_in(self, language: str | None = "zh-CN") -> str:
        """Begin a session and return its token."""
        token = f"session-{len(self.sessions)}"
        self.sessions[token] = FakePerson("desk-2", language, f"csrf-{len(self.sessions)}")
        return token

    async def overview(self) -> Overview:
        if self.failing:
            raise RuntimeError("the store is gone")
        return Overview(
            bundles=self.bundles,
            last_received_at_ms=NOW_MS - 3 * MINUTE_MS if self.bundles else None,
            products=self._products(),
            newest_ticket=next(iter(self.pages), None) if self.bundles else None,
            unreadable=len(self.set_aside),
        )

    async def signatures(
        self, wanted: SignatureFilter, /, *, limit: int, offset: int
    ) -> SignaturePage:
        found = [row for row in self.rows if _fits(row, wanted)]
        found.sort(key=lambda row: (ORDER.index(row.state), -row.devices))
        return SignaturePage(
            rows=tuple(found[offset : offset + limit]),
            total=len(found),
            state_counts=self._state_counts(wanted),
            products=self._products(),
        )

    def _state_counts(self, wanted: SignatureFilter) -> Mapping[str, int]:
        others = [row for row in self.rows if _fits(row, replace(wanted, states=frozenset()))]
        return {state: sum(row.state == state for row in others) for state in ORDER}

    def _products(self) -> tuple[str, ...]:
        return tuple(sorted({row.product for row in self.rows}))

    async def ticket(self, number: str, /) -> TicketPage | None:
        return self.pages.get(number)

    async def tickets(self, *, limit: int, offset: int) -> tuple[TicketRow, ...]:
        rows = [_as_row(page) for page in self.pages.values()]
        return tuple(rows[offset : offset + limit])

    async def unreadable(self, *, limit: int, offset: int) -> tuple[UnreadableRow, ...]:
        return tuple(self.set_aside[offset : offset + limit])

    async def unreadable_bytes(self, row_id: int, /) -> bytes | None:
        return b"FBX1" + bytes(60) if any(row.id == row_id for row in self.set_aside) else None

    async def redeem_login_link(self, token: str, /) -> str | None:
        if token not in self.links:
            return None
        self.links.remove(token)
        return self.sign_in()

    async def person(self, session_token: str, /) -> FakePerson | None:
        return self.sessions.get(session_token)

    async def end_session(self, session_token: str, /) -> None:
        self.sessions.pop(session_token, None)

    async def set_language(self, session_token: str, language: str, /) -> None:
        self.sessions[session_token] = replace(self.sessions[session_token], language=language)

    async def add_note(self, number: str, author: str, text: str, /) -> bool:
        page = self.pages.get(number)
        if page is None:
            return False
        entry = TicketEntry(NOW_MS, author, "note", text)
        self.pages[number] = replace(page, history=(*page.history, entry))
        return True


def _fits(row: SignatureRow, wanted: SignatureFilter) -> bool:
    return (
        (not wanted.states or row.state in wanted.states)
        and (wanted.product is None or row.product == wanted.product)
        and wanted.words.lower() in f"{row.title} {row.facts} {row.product}".lower()
    )


def _as_row(page: TicketPage) -> TicketRow:
    signature = page.signature
    return TicketRow(
        number=page.number,
        title=signature.title,
        facts=signature.facts,
        state=page.state,
        product=signature.product,
        model=signature.model,
        occurrences=signature.occurrences,
        devices=signature.devices,
        first_seen_ms=signature.first_seen_ms,
        last_seen_ms=signature.last_seen_ms,
        opened_at_ms=page.opened_at_ms,
        versions=tuple(version.version for version in signature.versions),
    )
