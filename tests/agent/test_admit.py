"""The first occurrences of a fault get bundles of their own, the flood does not."""

from faultbox_agent.admit import Admission


def test_a_burst_is_admitted_and_the_rest_of_the_minute_is_not() -> None:
    admission = Admission(3)
    assert [admission.admit("a", 0) for _ in range(5)] == [True, True, True, False, False]
    assert admission.admit("b", 0), "another fault has a burst of its own"
    assert not admission.admit("a", 59_999)
    assert admission.admit("a", 60_000)


def test_many_different_faults_take_bounded_memory() -> None:
    admission = Admission(1)
    for number in range(5_000):
        assert admission.admit(str(number), 0)
    assert len(admission._windows) <= 512
