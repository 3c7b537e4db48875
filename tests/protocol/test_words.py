"""The closed vocabularies: what was released once is never renamed."""

from faultbox_protocol.words import (
    BundleState,
    ClockQuality,
    Codec,
    FaultKind,
    FrameKind,
    Place,
    Severity,
)


def test_the_words_of_version_1_stay() -> None:
    assert " ".join(FaultKind) == "crash hang oom reboot error anomaly feedback selftest other"
    assert " ".join(Severity) == "fatal error warning info other"
    assert " ".join(ClockQuality) == "none rtc synced other"
    assert " ".join(Place) == "customer_site test production other"
    assert " ".join(BundleState) == "stored duplicate invalid refused quarantined digested"


def test_the_numbers_of_the_container_stay() -> None:
    assert {kind.name: int(kind) for kind in FrameKind} == {
        "HEAD": 1,
        "BLOB": 2,
        "END": 3,
        "EVIDENCE": 4,
        "ARRIVAL": 5,
    }
    assert {codec.name: int(codec) for codec in Codec} == {"IDENTITY": 0, "ZSTD": 1, "ZLIB": 2}
