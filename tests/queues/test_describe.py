"""A queue in full: sums whose numbers add up, policies in words, who holds most and who may evict them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.cluster.reading import Unseen
from k8sai.errors import Forbidden, NotFound, Usage
from k8sai.queues.describe import Description, describe
from k8sai.queues.facts import Check, ClusterQueue, Condition, Fungibility, Group, Preemption, Quota
from k8sai.queues.quota import Tree
from k8sai.queues.setting import CLUSTER_QUEUES, COHORTS, LOCAL_QUEUES, Setting
from k8sai.queues.shown.describe import page
from k8sai.queues.shown.describe_document import document
from k8sai.queues.shown.named import Named, named
from k8sai.queues.shown.policies import policies, selector_words
from k8sai.queues.shown.sums import available, levels, most, negative
from k8sai.queues.sums import explain
from k8sai.queues.usage import tree as tree_of
from k8sai.queues.workload import CheckState
from k8sai.view import Table
from k8sai.view import Tree as Branch
from tests.queues.simulate_objects import (
    Json,
    cluster_queue,
    cohort,
    gpu_tree,
    local_queue,
    setting,
    workload,
)
from tests.queues.trees import GPU, WORKED, grown, queue, worked_cohorts, worked_queues
from tests.queues.trees import cohort as pool


def described(name: str, *more: Json, namespace: str = "ns-finetune", **finetune: Any) -> Description:
    here = setting([*gpu_tree(**finetune), *more])
    return describe(here, named(here, tree_of(here), name, namespace))


def texts(found: Description) -> list[str]:
    def lines(branch: Branch) -> Iterator[str]:
        yield branch.cell.text
        for child in branch.children:
            yield from lines(child)

    parts = page(found, 0.0).parts
    return [line for part in parts if isinstance(part, Branch) for line in lines(part)]


# --- sums -------------------------------------------------------------------------------------------------------------


def sums(tree: Tree, name: str) -> list[str]:
    return [text for _, text in levels(explain(tree, tree.queues[name], GPU))]


def test_the_worked_tree_is_spelled_out_level_by_level() -> None:
    tree = grown(worked_queues(), worked_cohorts(), WORKED)
    assert sums(tree, "serving") == [
        "12 = 4 guaranteed + 8 from cohort prod (borrowing limit none)",
        "8 = 6 guaranteed + 2 from cohort ai (borrowing limit none)",
        "2 = 20 to share - 18 of it in use (52 of 72 kept back by lending limits)",
    ]
    assert sums(tree, "finetune")[0] == (
        "2 = 0 guaranteed + 2 by its limit (16 to share - 22 of it in use + 8 borrowing limit = 2; cohort prod has 8)"
    )
    assert sums(tree, "students")[0] == (
        "2 = 0 guaranteed + 2 from cohort research (its own limit: 0 to share - 2 of it in use + 4 borrowing limit = 2)"
    )


def test_a_queue_without_a_cohort_has_what_is_left_of_its_own() -> None:
    tree = grown([queue("lone", "", 8)], [], {"lone": 5})
    assert sums(tree, "lone") == ["3 = 8 nominal - 5 in use"]
    assert most(tree, tree.queues["lone"], GPU) == "8 at most: all the quota of its tree"


def test_more_used_than_there_is_must_be_freed_and_kueue_says_0() -> None:
    tree = grown(worked_queues(finetune=4), worked_cohorts(), WORKED)
    found = explain(tree, tree.queues["finetune"], GPU)
    assert available(found).startswith("-10 = 0 guaranteed - 10 by its limit (4 to share - 22 of it in use + 8")
    assert negative(found) == "10 must be freed before anything fits; Kueue counts this as 0"
    assert negative(explain(tree, tree.queues["serving"], GPU)) == ""


NUMBER = r"(-?\d+)"


@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.none() | st.integers(0, 20), st.none() | st.integers(0, 20)),
        min_size=4,
        max_size=4,
    ),
    st.lists(st.integers(0, 40), min_size=2, max_size=2),
)
def test_every_printed_sum_adds_up(quotas: list[tuple[int, int | None, int | None]], used: list[int]) -> None:
    """Read back from the text alone, signs too: `A = B guaranteed + C …`, `A = B … - C …`, `(B - C + D = E`."""
    (a, ab, al), (b, bb, bl), (m, mb, ml), (r, _, _) = quotas
    nodes = [queue("a", "mid", a, ab, al), queue("b", "mid", b, bb, bl)]
    tree = grown(nodes, [pool("mid", "root", m, mb, ml), pool("root", "", r)], {"a": used[0], "b": used[1]})
    for name, node in tree.queues.items():
        lines = sums(tree, name)
        totals = [int(re.match(NUMBER, line)[0]) for line in lines]  # type: ignore[index]
        assert totals[0] == tree.available(node, GPU)
        for line in lines:
            terms = re.match(rf"{NUMBER} = {NUMBER} (?:guaranteed|nominal|to share) ([+-]) {NUMBER}", line)
            assert terms, line
            total, first, sign, second = terms.groups()
            assert int(total) == int(first) + (int(second) if sign == "+" else -int(second))
            for own in re.finditer(
                rf"{NUMBER} to share - {NUMBER} of it in use \+ {NUMBER} borrowing limit = {NUMBER}", line
            ):
                shared, taken, limit, result = map(int, own.groups())
                assert shared - taken + limit == result
        for below, above in zip(lines, totals[1:], strict=False):
            said = re.search(rf"[+-] {NUMBER} from cohort", below) or re.search(rf"has {NUMBER}\)", below)
            assert said, below
            assert abs(above) == abs(int(said[1]))


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preemption", "word", "expected"),
    [
        (Preemption(), "own queue", "evicts nobody of its own queue"),
        (
            Preemption("LowerOrNewerEqualPriority"),
            "own queue",
            "evicts workloads of its own queue with a lower priority, or the same and younger",
        ),
        (Preemption(reclaim="Any"), "reclaim", "takes its nominal quota back from borrowers, whatever their priority"),
        (
            Preemption(borrow_within="LowerPriority", borrow_threshold=50),
            "borrowing",
            "evicts workloads of other queues with a lower priority, 50 at most, also in order to borrow",
        ),
    ],
)
def test_policies_are_sentences(preemption: Preemption, word: str, expected: str) -> None:
    assert dict(policies(ClusterQueue("q", "c", preemption=preemption)))[word] == expected


def test_what_has_no_meaning_for_a_queue_is_not_said() -> None:
    assert "reclaim" not in dict(policies(ClusterQueue("q")))
    assert "flavors" not in dict(policies(ClusterQueue("q")))
    two = (Group(("cpu",), (("a", {"cpu": Quota(1)}), ("b", {"cpu": Quota(1)}))),)
    strict = Fungibility("TryNextFlavor", "TryNextFlavor", "PreemptionOverBorrowing")
    said = dict(policies(ClusterQueue("q", groups=two, fungibility=strict)))["flavors"]
    assert (
        said
        == "tries the next flavor before it borrows; tries the next flavor before it evicts; evicts rather than borrows"
    )


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (None, "none may use it: namespaceSelector is not set"),
        ({}, "all may use it"),
        ({"matchLabels": {"team": "ml"}}, "those with team=ml"),
        ({"matchExpressions": [{"key": "t", "operator": "In", "values": ["a", "b"]}]}, "those with t In (a,b)"),
    ],
)
def test_whom_a_namespace_selector_lets_in(selector: Json | None, expected: str) -> None:
    assert selector_words(selector) == expected


# --- who holds, who evicts, who was evicted ---------------------------------------------------------------------------


def holders(found: Description) -> dict[str, str]:
    return {one.workload.title: one.evicted_by for one in found.holders}


def test_the_largest_holders_come_first() -> None:
    found = described("cohort/prod").holders
    assert [(one.workload.title, one.gpus) for one in found] == [
        ("job/chat", 20),
        ("job/sft-70b", 16),
        ("job/eval-grid", 6),
    ]


def test_nobody_may_evict_where_all_policies_say_never() -> None:
    assert set(holders(described("cq/finetune")).values()) == {"nobody"}


def test_own_queue_by_priority_others_only_what_is_borrowed() -> None:
    within = {"withinClusterQueue": "LowerPriority"}
    found = described("finetune", preemption=within)
    assert holders(found)["job/eval-grid"] == "its own queue above priority 50"
    reclaiming = cluster_queue("serving", 32, "prod", lend=8, preemption={"reclaimWithinCohort": "Any"})
    found = described("finetune", reclaiming)
    assert holders(found)["job/eval-grid"] == "serving, taking back what is theirs"
    assert holders(described("serving", reclaiming)) == {"job/chat": "nobody"}  # within its own quota


def test_the_user_is_the_label_of_the_workload_or_of_its_pods() -> None:
    mine = workload("ns-finetune", "mine", 1, held="finetune")
    mine["spec"]["podSets"][0]["template"]["metadata"] = {"labels": {"user": "bo"}}
    found = {one.workload.title: one.user for one in described("finetune", mine).holders}
    assert (found["job/mine"], found["job/sft-70b"]) == ("bo", "")


def evicted(name: str, at: str, count: int = 1) -> Json:
    found = workload("ns-finetune", name, 2, created="2026-11-01T00:00:00Z")
    said = {"reason": "Preempted", "status": "True", "message": "", "lastTransitionTime": at}
    found["status"] = {
        "conditions": [{"type": "Evicted", **said}, {"type": "Preempted", **said, "reason": "InClusterQueue"}],
        "schedulingStats": {"evictions": [{"reason": "Preempted", "count": count}]},
    }
    return found


def test_evictions_of_a_day_the_newest_first() -> None:
    found = described(
        "finetune",
        evicted("old", "2026-11-02T11:59:00Z"),
        evicted("new", "2026-11-03T11:00:00Z", 3),
        evicted("edge", "2026-11-02T12:01:00Z"),
    )
    assert [(one.workload.title, one.what.reason, one.what.count) for one in found.evictions] == [
        ("job/new", "Preempted", 3),
        ("job/edge", "Preempted", 1),
    ]


# --- state ------------------------------------------------------------------------------------------------------------


def test_a_stop_says_why_and_by_whom() -> None:
    stopped = cluster_queue("finetune", 16, "prod", stopPolicy="Hold")
    stopped["metadata"]["annotations"] = {
        "k8sai.dev/stop-reason": "firmware",
        "k8sai.dev/stopped-by": "ana",
        "k8sai.dev/stopped-at": "2026-11-03T10:00:00Z",
    }
    assert "stopped (Hold) 2026-11-03T10:00:00Z by ana: firmware" in texts(described("finetune", stopped))
    silent = cluster_queue("finetune", 16, "prod", stopPolicy="HoldAndDrain")
    assert "stopped (HoldAndDrain), no reason was given" in texts(described("finetune", silent))


def test_where_the_status_and_the_workloads_differ_both_are_told() -> None:
    behind = cluster_queue("finetune", 16, "prod", borrow=8)
    part = [{"name": "h100", "resources": [{"name": "nvidia.com/gpu", "total": "16"}]}]
    behind["status"] = {"flavorsReservation": part}
    said = [line for line in texts(described("finetune", behind)) if "trails" in line]
    assert said == [
        "h100 GPU: the status says 16 reserved, Workloads 22; it trails by about a second, so the Workloads count"
    ]


def test_checks_are_told_with_their_state() -> None:
    asked = {"admissionChecks": [{"name": "prov", "onFlavors": ["h100"]}, {"name": "gone"}]}
    here = setting([*gpu_tree(admissionChecksStrategy=asked)])
    held = here.workloads["ns-finetune/job-sft-70b"]
    state = CheckState("prov", "Pending")
    here = replace(
        here,
        checks={"prov": Check("prov", "kueue.x-k8s.io/provisioning-request", Condition("Active", True, "Active"))},
        workloads={**here.workloads, held.ref: replace(held, checks=(state,))},
    )
    lines = texts(describe(here, Named("cq", "finetune")))
    assert "prov for h100: active, kueue.x-k8s.io/provisioning-request, workloads: 1 Pending" in lines
    assert "gone: not there" in lines


def test_a_local_queue_says_whether_its_namespace_is_let_in() -> None:
    closed = cluster_queue("finetune", 16, "prod", namespaceSelector={"matchLabels": {"team": "x"}})
    found = described("lq/main", closed)
    assert found.admits is False
    assert "namespace ns-finetune is not let in by ClusterQueue finetune" in texts(found)
    assert described("lq/main").admits is True
    assert described("lq/main", cluster_queue("finetune", 16, "prod", namespaceSelector=None)).admits is False


def test_a_local_queue_shows_the_sums_of_its_cluster_queue_and_its_own_holders() -> None:
    mine = local_queue("ns-finetune", "finetune", "batch")
    found = described("lq/batch", mine, workload("ns-finetune", "mine", 1, held="finetune", queue="batch"))
    assert [one.workload.title for one in found.holders] == ["job/mine"]
    assert [one.node.name for one in found.sums] == ["finetune"]
    assert "What fits now in ClusterQueue finetune, as a sum" in texts(found)


def test_a_member_of_a_cycle_is_described_without_sums() -> None:
    found = described("finetune", cohort("ai", "prod"))
    assert found.sums == () and found.row.reason == "CohortCycle"
    assert described("cohort/ai", cohort("ai", "prod")).sums == ()


def test_the_document_is_a_queue_view_with_what_is_told_of_one() -> None:
    here = setting(gpu_tree())
    found: Any = document(describe(here, Named("cq", "finetune")), context="c", at=here.at)
    assert found["kind"] == "QueueView" and [one["name"] for one in found["clusterQueues"]] == ["finetune"]
    (total,) = found["described"]["sums"]
    assert (total["available"], total["guaranteed"], total["own"], total["above"]["available"]) == (2, 0, 2, 8)
    assert total["binds"] == "borrowingLimit 8 of ClusterQueue finetune"
    assert [one["gpus"] for one in found["described"]["holders"]] == [16, 6]


def test_tables_never_have_a_column_that_says_nothing() -> None:
    for name in ("finetune", "cohort/ai", "lq/main"):
        for part in page(described(name), 0.0).parts:
            if isinstance(part, Table):
                assert all(any(row.cells[n].text for row in part.rows) for n in range(len(part.columns)))


# --- names ------------------------------------------------------------------------------------------------------------


def find(name: str, here: Setting, namespace: str = "ns-finetune") -> Named:
    return named(here, tree_of(here), name, namespace)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("finetune", "cq/finetune"),
        ("cq/finetune", "cq/finetune"),
        ("clusterqueue.kueue.x-k8s.io/finetune", "cq/finetune"),
        ("main", "lq/ns-finetune/main"),
        ("lq/main", "lq/ns-finetune/main"),
        ("lq/ns-students/main", "lq/ns-students/main"),
        ("cohort/ai", "cohort/ai"),
        ("ai", "cohort/ai"),
    ],
)
def test_a_name_is_found_with_and_without_its_kind(name: str, key: str) -> None:
    assert find(name, setting(gpu_tree())).key == key


def test_a_name_of_two_things_says_so() -> None:
    here = setting([*gpu_tree(), local_queue("ns-finetune", "finetune", "finetune")])
    with pytest.raises(Usage) as error:
        find("finetune", here)
    assert error.value.message == "finetune is the name of a ClusterQueue and a LocalQueue"
    assert error.value.hint == "say cq/finetune or lq/finetune"
    assert find("lq/finetune", here).kind == "lq"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("finetunee", "did you mean cq/finetune?"),
        ("lq/mian", "did you mean lq/main?"),
        ("quite-different", "`k8sai queue list -o name` lists them all"),
    ],
)
def test_what_is_not_there_is_said_with_what_may_be_meant(name: str, hint: str) -> None:
    with pytest.raises(NotFound) as error:
        find(name, setting(gpu_tree()))
    assert error.value.hint == hint


def test_a_local_queue_of_another_namespace_is_pointed_out() -> None:
    here = setting([*gpu_tree(), local_queue("far", "finetune", "other")])
    with pytest.raises(NotFound) as error:
        find("other", here)
    assert error.value.hint == "there is lq/far/other"


def test_what_may_not_be_read_is_not_said_to_be_absent() -> None:
    gaps = tuple(Unseen(kind, f"no {kind}", "ask") for kind in (CLUSTER_QUEUES, LOCAL_QUEUES, COHORTS))
    with pytest.raises(Forbidden):
        find("cq/finetune", replace(Setting(), hidden=gaps[:1]))
    with pytest.raises(Forbidden):
        find("finetune", replace(Setting(), hidden=gaps))


def test_a_kind_that_is_not_asked_for_is_refused() -> None:
    here = setting(gpu_tree())
    with pytest.raises(Usage):
        named(here, tree_of(here), "cohort/ai", "default", ("cq", "lq"))
