"""What the history says of what the system did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_collector.queries.records import TicketEntry
from faultbox_dashboard.text.history import write_entry
from faultbox_dashboard.text.language import Language, load_languages

LANGUAGES = load_languages()


@pytest.mark.parametrize(
    ("entry", "zh", "en"),
    [
        (
            TicketEntry(0, "system", "opened", ""),
            "根据设备上报自动建单。",
            "Opened automatically from a device's report.",
        ),
        (
            TicketEntry(0, "system", "devices", "", {"devices": 1}),
            "受影响设备已达 1 台。",
            "1 device is affected now.",
        ),
        (
            TicketEntry(0, "system", "devices", "", {"devices": 1000}),
            "受影响设备已达 1,000 台。",
            "1,000 devices are affected now.",
        ),
        (
            TicketEntry(0, "system", "version", "", {"version": "2.3.1"}),
            "首次出现在版本 2.3.1。",
            "Seen for the first time in version 2.3.1.",
        ),
        (
            TicketEntry(0, "system", "state", "", {"from": "submitted", "to": "dispatched"}),
            "状态：待分派 → 已分派",
            "State: Submitted → Dispatched",
        ),
        (TicketEntry(0, "system", "state", "", {"to": "odd"}), "状态：odd", "State: odd"),
        (TicketEntry(0, "desk-1", "note", "原文"), "原文", "原文"),
        (TicketEntry(0, "desk-1", "opened", "by telephone"), "by telephone", "by telephone"),
        (TicketEntry(0, "system", "devices", "as stored"), "as stored", "as stored"),
    ],
)
def test_the_sentence_in_both_languages(
    chinese: Language, english: Language, entry: TicketEntry, zh: str, en: str
) -> None:
    assert write_entry(entry, chinese) == zh
    assert write_entry(entry, english) == en


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)


@given(
    st.sampled_from(["opened", "note", "devices", "version", "state", "later"]),
    st.dictionaries(st.sampled_from(["devices", "version", "from", "to"]), VALUES),
)
def test_no_stored_data_breaks_the_history(
    kind: str, data: dict[str, str | int | float | bool | None]
) -> None:
    for language in LANGUAGES.values():
        assert isinstance(write_entry(TicketEntry(0, "system", kind, "text", data), language), str)
