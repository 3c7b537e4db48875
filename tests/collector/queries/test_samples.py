"""The evidence of one occurrence, decoded when a person looks."""

from dataclasses import replace

from faultbox_collector.queries.samples import read_sample
from faultbox_protocol.report import Scrub
from support.builders import a_bundle, a_head, an_err, an_evidence, an_id
from support.collector import Rig


def test_everything_people_look_at(rig: Rig) -> None:
    head = replace(a_head(1, err=an_err(text="Traceback ...")), scrub=Scrub(1, 3))
    rig.put(a_bundle(head, an_evidence(4)))
    rig.digest()
    found = rig.read(lambda c: read_sample(c, rig.packs, 1, an_id(1)))
    assert found is not None
    assert (found.text, found.redactions, found.note) == ("Traceback ...", 3, None)
    assert (len(found.log), len(found.frames), found.sys["uptime_ms"]) == (4, 3, 60_000)


def test_no_such_occurrence(rig: Rig) -> None:
    assert rig.read(lambda c: read_sample(c, rig.packs, 1, an_id(9))) is None
