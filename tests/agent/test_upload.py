"""One upload checks what it sends and tells exactly what came back."""

from pathlib import Path

from faultbox_agent.upload import Job, send
from faultbox_protocol import codec
from support.builders import a_head, an_id
from support.device import KEY, Reply, a_collector


def write(tmp_path: Path, number: int, name: str | None = None) -> str:
    path = tmp_path / f"{name or an_id(number).hex()}.fbx"
    path.write_bytes(codec.encode_bundle(a_head(number)))
    return str(path)


def test_whole_files_travel_and_damaged_ones_are_named(tmp_path: Path) -> None:
    good, cut = write(tmp_path, 1), write(tmp_path, 2)
    Path(cut).write_bytes(Path(cut).read_bytes()[:-1])
    long, wrong = write(tmp_path, 3), write(tmp_path, 4, an_id(5).hex())
    Path(long).write_bytes(Path(long).read_bytes() + b"x")
    files = [good, cut, long, wrong, str(tmp_path / "gone.fbx")]
    with a_collector() as collector:
        outcome = send(Job(collector.url, KEY, files))
        assert [head.id for head in collector.heads()] == [an_id(1)]
    assert outcome.status == 202
    assert set(outcome.sent) == {an_id(1).hex()}
    assert set(outcome.damaged) == {an_id(2).hex(), an_id(3).hex(), an_id(5).hex()}


def test_what_came_back_is_told_as_it_was(tmp_path: Path) -> None:
    with a_collector() as collector:
        collector.answer = lambda _: Reply(503, b"busy", "text/plain", {"Retry-After": "7"})
        outcome = send(Job(collector.url, KEY, [write(tmp_path, 1)]))
    assert (outcome.status, outcome.retry_after, outcome.body) == (503, "7", "busy")
    assert outcome.content_type == "text/plain"


def test_an_answer_without_end_is_not_kept(tmp_path: Path) -> None:
    with a_collector() as collector:
        collector.answer = lambda _: Reply(202, b"x" * (2 << 20))
        outcome = send(Job(collector.url, KEY, [write(tmp_path, 1)]))
    assert outcome.body == ""


def test_nothing_is_sent_where_nothing_is_whole(tmp_path: Path) -> None:
    with a_collector() as collector:
        assert send(Job(collector.url, KEY, [str(tmp_path / "gone.fbx")])).status is None
        assert collector.arrivals == []


def test_addresses_that_leak_the_key_are_refused(tmp_path: Path) -> None:
    outcome = send(Job("http://192.0.2.1", KEY, [write(tmp_path, 1)]))
    assert outcome.status is None
    assert "plain http" in outcome.error
