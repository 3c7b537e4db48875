"""The state file is whole or the one before; what cannot be read is counted, not guessed."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_agent.layout import make_spool
from faultbox_agent.state import DeliveryState, Fold, State, load_state, save_state
from support.builders import an_id


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    make_spool(str(tmp_path))
    state = State(
        next_seq=7,
        drops={"rate": 2},
        lost={"rate": 5},
        captured=11,
        delivered=4,
        folds={"k": Fold(an_id().hex(), {"kind": "error"}, 3, 1, None, 0)},
        counted=["a.json"],
        logs={"/var/log/x": {"offset": 5}},
        delivery=DeliveryState(attempts=2, last="500", batch=25),
        settled={f"{an_id().hex()}.fbx": "gone"},
        beats={"20240501 boot": 5},
        beats_day=19_844,
        beats_next_wall_ms=7,
    )
    save_state(str(tmp_path), state)
    assert load_state(str(tmp_path)) == state


def test_a_new_spool_begins_at_one(tmp_path: Path) -> None:
    assert load_state(str(tmp_path)) == State()


@given(st.binary(max_size=300))
def test_a_damaged_state_begins_anew_and_says_so(data: bytes) -> None:
    state = _load_bytes(data)
    assert state.next_seq == 1
    assert state.lost == {"state_lost": 1}


def _load_bytes(data: bytes) -> State:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "state.json").write_bytes(data)
        return load_state(folder)


def test_every_cut_of_a_state_file_is_told_from_a_whole_one(tmp_path: Path) -> None:
    make_spool(str(tmp_path))
    save_state(str(tmp_path), State(next_seq=99, drops={"rate": 1}))
    path = tmp_path / "state.json"
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert load_state(str(tmp_path)).lost == {"state_lost": 1}


def test_a_loss_is_carried_once(tmp_path: Path) -> None:
    state = State()
    state.lose("rate", 2)
    state.lose("rate")
    assert state.carriable_drops() == {}, "a kill may make them come again"
    make_spool(str(tmp_path))
    save_state(str(tmp_path), state)
    assert state.carriable_drops() == {"rate": 3}
    state.forget_drops({"rate": 3})
    assert state.drops == {}
    state.give_back_drops({"rate": 3})
    assert (state.drops, state.carriable_drops()) == ({"rate": 3}, {})
    assert state.lost == {"rate": 3}


def test_reasons_of_other_programs_stay_few() -> None:
    state = State()
    for number in range(100):
        state.lose(f"why{number}")
    assert sum(state.lost.values()) == sum(state.drops.values()) == 100
    assert len(state.lost) == 65


def test_a_state_of_an_older_agent_is_read(tmp_path: Path) -> None:
    make_spool(str(tmp_path))
    save_state(str(tmp_path), State(next_seq=7))
    path = tmp_path / "state.json"
    known = json.loads(path.read_text())
    for name in ("settled", "beats", "beats_day", "beats_next_wall_ms"):
        del known[name]
    path.write_text(json.dumps(known))
    assert load_state(str(tmp_path)) == State(next_seq=7)


def test_a_failed_save_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    make_spool(str(tmp_path))
    save_state(str(tmp_path), State(next_seq=5))
    (tmp_path / "tmp" / "state.json").mkdir()
    with pytest.raises(OSError, match="state"):
        save_state(str(tmp_path), State(next_seq=6))
    assert load_state(str(tmp_path)).next_seq == 5
