"""The arithmetic of quota: Kueue's own numbers, the worked tree and its variants, and what must hold on every tree."""

import random
from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.queues.facts import ClusterQueue, Cohort, Condition, Share
from k8sai.queues.parse import cluster_queue
from k8sai.queues.quota import Node, Tree
from k8sai.queues.workload import Admission, Assigned, Workload
from tests.queues.trees import (
    CPU,
    GPU,
    WORKED,
    available,
    cohort,
    grown,
    potential,
    queue,
    worked_cohorts,
    worked_queues,
)

# --- Kueue's own three trees, per share and unit ----------------------------------------------------------------------

UNITS = [(GPU, 1), (CPU, 1000), (Share("default", "memory"), 1 << 30)]


@pytest.mark.parametrize(("share", "unit"), UNITS)
def test_a_lending_limit_of_nothing_keeps_quota_to_its_owner(share: Share, unit: int) -> None:
    tree = grown(
        [
            queue("cq1", "left", 10 * unit, share=share),
            queue("cq2", "right", 10 * unit, lend=0, share=share),
        ],
        [
            cohort("root"),
            cohort("left", "root", 10 * unit, share=share),
            cohort("right", "root", 10 * unit, share=share),
        ],
        {"cq1": 10 * unit, "cq2": 5 * unit},
        share,
    )
    assert available(tree, share) == {"cq1": 20 * unit, "cq2": 25 * unit}
    assert potential(tree, share) == {"cq1": 30 * unit, "cq2": 40 * unit}


def test_borrowing_limits_bind_at_every_level() -> None:
    tree = grown(
        [queue("l1", "left", 10), queue("l2", "left", 10, borrow=5), queue("r", "right", 10)],
        [cohort("left", "root", 10, borrow=5), cohort("right", "root", 10)],
    )
    assert available(tree) == potential(tree) == {"l1": 35, "l2": 15, "r": 50}


def test_lending_limits_bind_at_every_level() -> None:
    tree = grown(
        [queue("l1", "left", 10, lend=5), queue("l2", "left", 10), queue("r", "right", 0), queue("rootcq", "root", 0)],
        [cohort("left", "root", 0, lend=5), cohort("right", "root", 0)],
    )
    assert available(tree) == {"l1": 20, "l2": 15, "r": 5, "rootcq": 5}


# --- the worked GPU tree and its variants -----------------------------------------------------------------------------


def test_the_worked_tree() -> None:
    tree = grown(worked_queues(), worked_cohorts(), WORKED)
    assert available(tree) == {"serving": 12, "finetune": 2, "explore": 2, "students": 2}
    assert potential(tree) == {"serving": 72, "finetune": 24, "explore": 20, "students": 4}
    assert tree.local(tree.queues["serving"], GPU) == 4
    assert tree.available(tree.cohorts["prod"], GPU) == 8


def test_its_fair_shares() -> None:
    tree = grown(worked_queues(), worked_cohorts(), WORKED)
    shares = {node.name: tree.weighted_share(node) for node in (*tree.queues.values(), *tree.cohorts.values())}
    assert shares == {"serving": 0, "finetune": 125, "explore": 0, "students": 100, "ai": 0, "prod": 0, "research": 100}


@pytest.mark.parametrize(("weight", "share"), [(1.0, 125), (3.0, 125 / 3), (0.5, 250), (0.0, inf)])
def test_a_fair_share_is_divided_by_the_weight(weight: float, share: float) -> None:
    queues = [replace(one, weight=weight) if one.name == "finetune" else one for one in worked_queues()]
    tree = grown(queues, worked_cohorts(), WORKED)
    assert tree.weighted_share(tree.queues["finetune"]) == share


def test_weight_nothing_is_infinite_only_for_who_borrows() -> None:
    queues = [replace(one, weight=0.0) for one in worked_queues()]
    tree = grown(queues, worked_cohorts(), WORKED)
    assert {name: tree.weighted_share(node) for name, node in tree.queues.items()} == {
        "serving": 0,
        "finetune": inf,
        "explore": 0,
        "students": inf,
    }


@pytest.mark.parametrize(("limit", "have"), [(8, 2), (13, 7), (14, 8)])
def test_a_larger_borrowing_limit_lets_more_in(limit: int, have: int) -> None:
    assert available(grown(worked_queues(borrow=limit), worked_cohorts(), WORKED))["finetune"] == have


def test_without_its_object_a_cohort_is_a_root_with_nothing_of_its_own() -> None:
    tree = grown(worked_queues(), worked_cohorts()[:2], WORKED)
    assert available(tree) == {"serving": 14, "finetune": 2, "explore": -2, "students": -2}
    assert potential(tree) == {"serving": 56, "finetune": 24, "explore": 16, "students": 4}
    assert [root.name for root in tree.roots] == ["ai", "research"]


def test_a_parent_without_an_object_is_a_root() -> None:
    tree = grown([queue("a", "team", 4), queue("b", "other", 6)], [cohort("team", "org"), cohort("other", "org")])
    assert available(tree) == {"a": 10, "b": 10}
    assert [root.name for root in tree.roots] == ["org"]


def test_a_cut_of_quota_leaves_less_than_nothing() -> None:
    tree = grown(worked_queues(finetune=4), worked_cohorts(), WORKED)
    assert available(tree) == {"serving": 0, "finetune": -10, "explore": -4, "students": -4}


def test_members_of_a_cycle_have_no_place() -> None:
    cycle = [cohort("x", "y"), cohort("y", "x"), cohort("below", "x"), cohort("fine")]
    tree = grown([queue("a", "x", 4), queue("b", "below", 4), queue("c", "fine", 4)], cycle)
    assert tree.cycles == {"x", "y", "below"}
    assert set(tree.queues) == {"c"}
    assert [root.name for root in tree.roots] == ["fine"]


def test_quantities_with_suffixes() -> None:
    written = {"name": "memory", "nominalQuota": "1Ti", "borrowingLimit": "512Gi", "lendingLimit": "0"}
    groups = [
        {"coveredResources": ["memory"], "flavors": [{"name": "default", "resources": [written]}]},
        {
            "coveredResources": ["cpu"],
            "flavors": [{"name": "default", "resources": [{"name": "cpu", "nominalQuota": "1500m"}]}],
        },
        {
            "coveredResources": ["nvidia.com/gpu"],
            "flavors": [{"name": "h100", "resources": [{"name": "nvidia.com/gpu", "nominalQuota": "1k"}]}],
        },
    ]
    found = cluster_queue({"metadata": {"name": "a"}, "spec": {"cohortName": "pool", "resourceGroups": groups}})
    memory = Share("default", "memory")
    tree = grown([found, queue("b", "pool", 1 << 42, share=memory)], [], {"b": 1 << 30}, memory)
    assert available(tree, memory) == {"a": (1 << 40) + (1 << 39), "b": (1 << 42) - (1 << 30)}
    assert (available(tree, CPU)["a"], available(tree, GPU)["a"]) == (1500, 1000)


# --- how far somebody borrows -----------------------------------------------------------------------------------------


def test_the_level_is_the_height_of_the_lowest_cohort_with_room() -> None:
    tree = grown(
        [queue("a", "team", 4), queue("b", "team", 4), queue("c", "org", 4)], [cohort("team", "org")], {"b": 3}
    )
    levels = {amount: tree.reach(tree.queues["a"], GPU, amount) for amount in (4, 5, 6, 9, 10)}
    assert levels == {4: (0, True), 5: (1, True), 6: (2, False), 9: (2, False), 10: (2, False)}


def test_a_queue_alone_borrows_from_nobody() -> None:
    tree = grown([queue("a", "", 4)], [])
    assert tree.reach(tree.queues["a"], GPU, 9) == (0, False)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12))
def test_the_height_is_the_way_to_the_farthest_leaf_in_whichever_order_they_are_hung(parents: list[int]) -> None:
    names = [f"c{number}" for number in range(len(parents))]
    above = [names[parent] if parent < number else "" for number, parent in enumerate(parents)]
    cohorts = [cohort(name, parent) for name, parent in zip(names, above, strict=True)]
    tree = grown([queue("a", names[-1], 4)], cohorts[::-1])
    for node in tree.cohorts.values():
        assert node.height == max((child.height + 1 for child in node.children), default=0)


# --- other usage on the same tree -------------------------------------------------------------------------------------


def holding(name: str, queue_name: str, amount: int) -> Workload:
    admission = Admission(queue_name, (Assigned("main", {GPU.resource: GPU.flavor}, {GPU.resource: amount}),))
    reserved = (Condition("QuotaReserved", True),)
    return Workload("ns", name, name, 0.0, "main", (), admission=admission, conditions=reserved)


def test_what_workloads_give_back_is_there_again_and_the_first_tree_stays() -> None:
    tree = grown(worked_queues(), worked_cohorts(), WORKED)
    freed = tree.without([holding("one", "finetune", 6), holding("two", "explore", 1), holding("gone", "nowhere", 9)])
    assert available(freed) == available(
        grown(worked_queues(), worked_cohorts(), WORKED | {"finetune": 16, "explore": 15})
    )
    assert available(tree)["finetune"] == 2


# --- on every tree ----------------------------------------------------------------------------------------------------

LIMITS = st.none() | st.integers(0, 8)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Up to four cohorts in a row of parents, five queues, all limits, more used than there is now and then."""
    cohorts: list[Cohort] = []
    for number in range(draw(st.integers(0, 4))):
        parent = draw(st.sampled_from(["", *(one.name for one in cohorts)]))
        lend, borrow = draw(LIMITS), draw(LIMITS) if parent else None
        cohorts.append(cohort(f"c{number}", parent, draw(st.integers(0, 8)), borrow, lend))
    queues: list[ClusterQueue] = []
    for number in range(draw(st.integers(1, 5))):
        parent = draw(st.sampled_from(["", *(one.name for one in cohorts)]))
        nominal = draw(st.integers(0, 8))
        lend = draw(st.none() | st.integers(0, nominal)) if parent else None
        queues.append(queue(f"q{number}", parent, nominal, draw(LIMITS) if parent else None, lend))
    used = {one.name: draw(st.integers(0, 16)) for one in queues}
    return grown(queues, cohorts, used)


@given(trees())
def test_cohorts_use_what_their_members_take_beyond_what_is_theirs(tree: Tree) -> None:
    for node in tree.cohorts.values():
        beyond = sum(max(0, tree.used(child, GPU) - tree.guaranteed(child, GPU)) for child in node.children)
        assert tree.used(node, GPU) == beyond


@given(trees(), st.randoms(use_true_random=False))
def test_available_is_what_can_be_added_until_a_limit_breaks(tree: Tree, rng: random.Random) -> None:
    """The definition of quota, without the formula. (A debt further up counts against a queue's own part too.)"""
    node = rng.choice(list(tree.queues.values()))
    have = tree.available(node, GPU)
    if _keeps(tree, node, 0):
        assert _keeps(tree, node, have)
        assert not _keeps(tree, node, have + 1)


def _keeps(tree: Tree, queue: Node, amount: int) -> bool:
    """Nobody on the way up is beyond its quota and limit with so much more."""
    twin = tree.copy()
    twin.add(queue, {GPU: amount})
    return all(_within(twin, node) for node in queue.path)


def _within(tree: Tree, node: Node) -> bool:
    limit = node.quota(GPU).borrowing_limit if node.parent else 0
    return limit is None or tree.used(node, GPU) <= tree.subtree(node, GPU) + limit


@given(trees())
def test_max_is_available_of_the_empty_tree(tree: Tree) -> None:
    empty = _using(tree, {})
    for name, node in tree.queues.items():
        assert tree.potential(node, GPU) == empty.available(empty.queues[name], GPU) >= tree.available(node, GPU)


@given(trees())
def test_a_fair_share_is_there_exactly_for_who_uses_more_than_its_own(tree: Tree) -> None:
    for node in (*tree.queues.values(), *tree.cohorts.values()):
        lendable = node.parent is not None and tree.lendable(node.parent, GPU.resource) > 0
        assert (tree.weighted_share(node) > 0) == (lendable and bool(tree.over(node)))


@given(trees(), st.lists(st.tuples(st.integers(0, 4), st.integers(-9, 9)), max_size=8))
def test_changes_in_place_end_where_a_new_tree_begins(tree: Tree, changes: list[tuple[int, int]]) -> None:
    nodes, twin = list(tree.queues.values()), tree.copy()
    for number, change in changes:
        node = nodes[number % len(nodes)]
        amount = max(change, -twin.used(node, GPU))
        twin.add(node, {GPU: amount}) if amount > 0 else twin.remove(node, {GPU: -amount})
    fresh = _using(tree, {node.name: twin.used(node, GPU) for node in nodes})
    for node in (*tree.cohorts.values(), *nodes):
        other = {**fresh.cohorts, **fresh.queues}[node.name]
        assert twin.used(node, GPU) == fresh.used(other, GPU)
        assert twin.available(node, GPU) == fresh.available(other, GPU)


def _using(tree: Tree, used: dict[str, int]) -> Tree:
    """A tree of the same queues and cohorts, built anew."""
    queues = [node.owner for node in tree.queues.values() if isinstance(node.owner, ClusterQueue)]
    cohorts = [node.owner for node in tree.cohorts.values() if isinstance(node.owner, Cohort)]
    return grown(queues, cohorts, used)
