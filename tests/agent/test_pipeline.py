"""A fault becomes a bundle once; a flood is counted exactly; losses travel on the next bundle."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_agent.capture import Capture
from faultbox_agent.fault import Fault, Losses
from faultbox_agent.ledger import Ledger
from faultbox_agent.pipeline import AttachedFile, Outcome, Pipeline
from faultbox_agent.spool import Limits, Spool
from faultbox_agent.state import load_state, save_state
from faultbox_protocol import codec
from support.builders import an_id
from support.device import StillClock, a_fault, read_ready, some_settings, some_surroundings


class Bench:
    """A pipeline over a real spool."""

    def __init__(self, path: Path, burst: int = 30, files: int = 1000) -> None:
        self.path = path
        self.clock = StillClock()
        self.state = load_state(str(path))
        self.spool = Spool(str(path), Limits(1 << 26, files, 0))
        self.ledger = Ledger(self.spool, self.state)
        self.ledger.recover()
        capture = Capture(some_settings(path), some_surroundings())
        self.pipeline = Pipeline(self.ledger, capture, self.clock, burst)
        self.pipeline.forget_filed_folds()


def test_a_fault_is_completed_redacted_and_numbered(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    err = {"type": "ValueError", "msg": "password=hunter2x", "frames": [{"fn": "f", "line": 3}]}
    fault = Fault(
        an_id(),
        {**a_fault().head, "err": err},  # type: ignore[dict-item]
        {"log": [[-5, "info", "app", "mail a@example.com"]], "x": {"n": 1}},
        {"pid": 5},
    )
    assert bench.pipeline.take(fault) is Outcome.SPOOLED
    ((head, evidence),) = read_ready(tmp_path)
    assert head.seq == 1
    assert head.prod.serial == "m-0123456789abcdef"
    assert head.prod.fw == "Debian GNU/Linux 12 (bookworm)"
    assert head.clk == "synced"
    assert head.fp is not None
    assert head.err is not None
    assert head.err.msg == "password=[redacted:secret]"
    assert evidence.log[0].text == "mail [redacted:email]"
    assert head.scrub is not None
    assert head.scrub.hits == 2
    assert evidence.sys["witness"] == {"pid": 5}
    assert evidence.x == {"n": 1}


def test_the_same_fault_again_is_known(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    assert bench.pipeline.take(a_fault(1)) is Outcome.SPOOLED
    assert bench.pipeline.take(a_fault(1)) is Outcome.KNOWN
    assert len(read_ready(tmp_path)) == 1


def test_a_flood_is_counted_into_one_bundle_with_its_times(tmp_path: Path) -> None:
    bench = Bench(tmp_path, burst=2)
    for number in range(10):
        bench.pipeline.take(a_fault(number, t_ms=1_000_000 + number))
    assert len(read_ready(tmp_path)) == 2
    assert bench.pipeline.file_folds() == 0
    bench.clock.move(60)
    assert bench.pipeline.file_folds() == 1
    heads = [head for head, _ in read_ready(tmp_path)]
    assert sum(head.n for head in heads) == 10
    assert (heads[2].n, heads[2].t0_ms, heads[2].t1_ms) == (8, 1_000_002, 1_000_009)


def test_a_fault_that_was_folded_and_comes_again_counts_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, burst=1)
    outcomes = [bench.pipeline.take(a_fault(number)) for number in (1, 2, 2, 3, 2)]
    folded, known = Outcome.FOLDED, Outcome.KNOWN
    assert outcomes == [Outcome.SPOOLED, folded, known, folded, known]
    bench.pipeline.file_folds(everything=True)
    assert sorted(head.n for head, _ in read_ready(tmp_path)) == [1, 2]


@given(st.lists(st.sampled_from(["E-1", "E-2", "E-3"]), max_size=60), st.integers(1, 5))
def test_no_occurrence_is_lost_by_folding(codes: list[str], burst: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), burst=burst)
        for number, code in enumerate(codes):
            bench.pipeline.take(a_fault(number, code=f"{code}00"))
        bench.pipeline.file_folds(everything=True)
        heads = [head for head, _ in read_ready(Path(folder))]
        assert sum(head.n for head in heads) == len(codes)
        assert [head.seq for head in heads] == list(range(1, len(heads) + 1))
        bench.spool.close()


def test_a_customers_report_is_never_folded(tmp_path: Path) -> None:
    bench = Bench(tmp_path, burst=1)
    for number in range(3):
        assert bench.pipeline.take(a_fault(number, kind="feedback")) is Outcome.SPOOLED


def test_folds_survive_a_restart_and_are_filed_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, burst=1)
    for number in range(4):
        bench.pipeline.take(a_fault(number))
    save_state(str(tmp_path), bench.state)
    bench.pipeline.file_folds(everything=True)
    bench.spool.close()  # killed here: the bundle is written, the state is not saved
    again = Bench(tmp_path, burst=1)
    assert again.state.folds == {}
    again.pipeline.file_folds(everything=True)
    assert sorted(head.n for head, _ in read_ready(tmp_path)) == [1, 3]


def test_sequence_numbers_go_on_after_a_kill(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    save_state(str(tmp_path), bench.state)
    for number in range(3):
        bench.pipeline.take(a_fault(number))
    bench.spool.close()
    again = Bench(tmp_path)
    again.pipeline.take(a_fault(9))
    assert [head.seq for head, _ in read_ready(tmp_path)] == [1, 2, 3, 4]


def test_losses_travel_on_the_next_bundle_and_only_there(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.pipeline.take_losses(Losses({"rate": 3}))
    save_state(str(tmp_path), bench.state)
    bench.pipeline.take(a_fault(1, drops={"rate": 2}))
    bench.spool.close()  # killed before the state is saved: the bundle carries them
    again = Bench(tmp_path)
    again.pipeline.take(a_fault(2))
    assert [head.drops for head, _ in read_ready(tmp_path)] == [{"rate": 5}, {}]
    assert again.state.lost == {"rate": 5}


def test_a_loss_that_may_be_met_again_after_a_kill_is_not_carried_yet(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.pipeline.take_losses(Losses({"rate": 3}))
    bench.pipeline.take(a_fault(1))
    bench.ledger.commit()
    bench.pipeline.take(a_fault(2))
    assert [head.drops for head, _ in read_ready(tmp_path)] == [{}, {"rate": 3}]


def test_what_the_quota_pushes_out_is_counted_with_the_losses_it_carried(tmp_path: Path) -> None:
    bench = Bench(tmp_path, files=2)
    bench.pipeline.take(a_fault(1, code="E-100"))
    bench.state.lose("rate", 4)
    bench.ledger.commit()
    bench.pipeline.take(a_fault(2, code="E-100", n=7))
    assert bench.pipeline.take(a_fault(3, code="E-200")) is Outcome.SPOOLED
    assert bench.pipeline.take(a_fault(4, code="E-300")) is Outcome.LOST
    bench.ledger.commit()
    codes = [head.err.code for head, _ in read_ready(tmp_path) if head.err]
    assert codes == ["E-100", "E-200"]
    assert bench.state.drops == {"spool_full": 8, "rate": 4}
    assert bench.state.lost["spool_full"] == 8


@pytest.mark.parametrize(
    "head",
    [{}, {"kind": 5}, {"kind": "error", "n": -1}, {"kind": "error", "err": {"sig_no": "x"}}],
)
def test_a_record_the_wire_cannot_carry_is_counted(tmp_path: Path, head: dict[str, object]) -> None:
    bench = Bench(tmp_path)
    assert bench.pipeline.take(Fault(an_id(), head)) is Outcome.BAD  # type: ignore[arg-type]
    assert bench.state.lost == {"bad_record": 1}


def test_texts_beyond_the_limits_are_cut_not_refused(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    err = {"type": "T" * 5000, "msg": "m" * 50_000, "text": "t" * 90_000,
           "frames": [{"fn": "f" * 3000}] * 300}  # fmt: skip
    fault = a_fault(1, err=err, prod={"name": "p" * 500, "app": "\0"})
    assert bench.pipeline.take(fault) is Outcome.SPOOLED


def test_evidence_that_cannot_be_used_is_noted_and_does_not_cost_the_report(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    fault = Fault(an_id(), a_fault().head, {"x": {"a": [1]}, "crumbs": 5, "log": "no"})
    assert bench.pipeline.take(fault) is Outcome.SPOOLED
    ((_, evidence),) = read_ready(tmp_path)
    assert evidence.x == {}
    refused = evidence.sys["refused"]
    assert isinstance(refused, list)
    assert len(refused) == 2


def test_attached_files_arrive_whole(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.pipeline.take(a_fault(1), [AttachedFile("log.txt", "text/plain", b"hello")])
    (path,) = (tmp_path / "ready").iterdir()
    bundle = codec.scan_bundle(memoryview(path.read_bytes()))
    assert codec.read_blob(bundle, 0) == b"hello"
    attachment = codec.read_head(bundle).att[0]
    assert (attachment.name, attachment.ctype, attachment.raw_b) == ("log.txt", "text/plain", 5)


def test_a_disk_that_refuses_loses_nothing_that_can_be_brought_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.state.lose("rate")
    bench.ledger.commit()
    (tmp_path / "tmp").rmdir()
    assert bench.pipeline.take(a_fault(1)) is Outcome.DISK
    assert bench.pipeline.disk_error
    (tmp_path / "tmp").mkdir()
    assert bench.pipeline.take(a_fault(1)) is Outcome.SPOOLED
    ((head, _),) = read_ready(tmp_path)
    assert (head.seq, head.drops) == (1, {"rate": 1})
