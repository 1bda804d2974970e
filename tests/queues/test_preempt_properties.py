"""What holds of every choice of victims, on random trees, with and without fair sharing."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from k8sai.queues.facts import Cohort, Preemption, Share
from k8sai.queues.judging.candidates import allowed
from k8sai.queues.judging.judge import Judge
from k8sai.queues.judging.scene import STRATEGIES
from k8sai.queues.setting import Setting
from k8sai.queues.usage import tree as tree_of
from tests.queues.test_judge import GPU, asking, group, holding, setting
from tests.queues.test_preempt import queue

SHARE = Share("h100", GPU)
WITHIN, RECLAIM = ("Never", "LowerPriority", "LowerOrNewerEqualPriority"), ("Never", "LowerPriority", "Any")


@st.composite
def settings(draw: st.DrawFn) -> Setting:
    """Three queues below two cohorts, one of them below the other; some hold more than there is."""
    queues = []
    for name in "abc":
        within, reclaim = draw(st.sampled_from(WITHIN)), draw(st.sampled_from(RECLAIM))
        borrow = "LowerPriority" if reclaim != "Never" and draw(st.booleans()) else "Never"
        made = queue(name, draw(st.integers(0, 8)), draw(st.sampled_from(["", "team", "org"])))
        policy = Preemption(within, reclaim, borrow)
        queues.append(replace(made, preemption=policy, weight=draw(st.sampled_from([0.0, 1.0, 2.0]))))
    holders = []
    for number in range(draw(st.integers(0, 7))):
        name, size, priority = draw(st.sampled_from("abc")), draw(st.integers(1, 6)), draw(st.integers(-1, 1))
        holders.append(holding(f"w{number}", name, size, priority=priority, at=float(number)))
    cohorts = {"org": Cohort("org"), "team": Cohort("team", "org", (group("h100", nominal=draw(st.integers(0, 4))),))}
    return replace(setting(*queues, holders=tuple(holders)), cohorts=cohorts)


@given(settings(), st.sampled_from("abc"), st.integers(1, 9), st.integers(-1, 2), st.sampled_from([(), STRATEGIES]))
def test_victims_make_room_by_right_and_nothing_else_changes(
    here: Setting, name: str, size: int, priority: int, sharing: tuple[str, ...]
) -> None:
    wish, target = asking(size, priority=priority), here.cluster_queues[name]
    judge = Judge(here, sharing=sharing)
    before = {node.name: judge.scene.tree.used(node, SHARE) for node in judge.scene.tree.queues.values()}
    found = judge.of(wish, target)
    assert {node.name: judge.scene.tree.used(node, SHARE) for node in judge.scene.tree.queues.values()} == before

    tree = tree_of(here)
    assert found.fits == (size <= max(0, tree.available(tree.queues[name], SHARE)))
    if found.victims:
        freed = tree.without(one.workload for one in found.victims)
        assert size <= freed.available(freed.queues[name], SHARE)
    for victim in found.victims:
        policy = target.preemption.within if victim.queue == name else target.preemption.reclaim
        assert allowed(policy, wish, victim.workload)
        assert victim.queue == name or tree.over(tree.queues[victim.queue])
    told = {one.workload.name for one in found.spared} | {one.workload.name for one in found.victims}
    if found.mode in ("waits", "preempts"):
        root = tree.queues[name].path[-1]
        assert told == {one.name for leaf in root.leaves for one in here.reserving.get(leaf.name, ())}
