"""Who shows thousands of nodes is told which of them look different now."""

from k8sai.fleet.index import Fleet
from k8sai.fleet.touched import Touched
from tests.fleet import facts_by_hand as make

GPU = "nvidia.com/gpu"
NAMES = ["n1", "n2", "n3"]


def seen() -> tuple[Fleet, int]:
    """Three nodes that somebody has looked at, and the mark from before that."""
    fleet = Fleet()
    for name in NAMES:
        fleet.put("nodes", make.node(name, {GPU: 8}))
    mark, _ = fleet.touched(-1)
    fleet.glances(NAMES)
    return fleet, mark


def test_at_first_it_may_be_any() -> None:
    assert Fleet().touched(-1) == (0, None)


def test_nothing_has_changed_until_something_does() -> None:
    fleet, mark = seen()
    assert fleet.touched(mark) == (mark, frozenset())


def test_a_pod_changes_its_node_alone() -> None:
    fleet, mark = seen()
    fleet.put("pods", make.pod("p", 4, "n2"))
    after, names = fleet.touched(mark)
    assert names == frozenset({"n2"})
    assert fleet.touched(after) == (after, frozenset())


def test_a_node_that_goes_is_told_once_more() -> None:
    fleet, mark = seen()
    fleet.drop("nodes", make.node("n3", {GPU: 8}))
    assert fleet.touched(mark)[1] == frozenset({"n3"})


def test_what_nobody_has_seen_since_is_told_once() -> None:
    fleet, mark = seen()
    for number in range(5):
        fleet.put("pods", make.pod(f"p{number}", 1, "n1"))
    assert fleet.touched(mark) == (mark + 1, frozenset({"n1"}))


def test_a_meter_changes_them_all() -> None:
    fleet, mark = seen()
    fleet.use_readings({})
    assert fleet.touched(mark)[1] is None


def test_who_comes_too_late_looks_at_all() -> None:
    touched = Touched()
    for number in range(20_001):
        touched.add(f"n{number}")
    assert touched.since(0) == (20_001, None)
    assert touched.since(20_000) == (20_001, frozenset({"n20000"}))
