"""The rows of the tree of queues: where each stands, its figures, and whether it admits."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.cluster.reading import Unseen
from k8sai.errors import NotFound
from k8sai.queues.facts import ClusterQueue, Cohort
from k8sai.queues.rows import Row, rows
from k8sai.queues.setting import CLUSTER_QUEUES, WORKLOADS, Setting
from k8sai.queues.shown.changes import between, look
from k8sai.queues.shown.choice import Choice, chosen
from k8sai.queues.shown.document import number, view
from k8sai.queues.shown.figures import Figures
from k8sai.queues.shown.table import bar, table
from tests.queues.simulate_objects import (
    GPU,
    NOW,
    Json,
    cluster_queue,
    cohort,
    flavor,
    gpu_tree,
    group,
    local_queue,
    made,
    setting,
    workload,
)
from tests.queues.trees import GPU as SHARE


def rows_of(*objects: Json) -> dict[str, Row]:
    return {row.key: row for row in rows(setting(list(objects)))}


def figures(row: Row) -> Figures:
    (found,) = row.figures
    return found


def refused(reason: str = "Pending", message: str = "no room") -> Json:
    return {
        "conditions": [
            {
                "type": "QuotaReserved",
                "status": "False",
                "reason": reason,
                "message": message,
                "lastTransitionTime": NOW,
            }
        ]
    }


def active(status: str, reason: str, message: str = "") -> Json:
    return {"conditions": [{"type": "Active", "status": status, "reason": reason, "message": message}]}


# --- the tree ---------------------------------------------------------------------------------------------------------


def test_each_row_stands_below_its_parent_cohorts_before_queues_by_name() -> None:
    found = [(row.depth, row.key) for row in rows(setting([*gpu_tree(), cluster_queue("lone", 1)]))]
    assert found == [
        (0, "cohort/ai"),
        (1, "cohort/prod"),
        (2, "cq/finetune"),
        (3, "lq/ns-finetune/main"),
        (2, "cq/serving"),
        (3, "lq/ns-serving/main"),
        (1, "cohort/research"),
        (2, "cq/explore"),
        (3, "lq/ns-explore/main"),
        (2, "cq/students"),
        (3, "lq/ns-students/main"),
        (0, "cq/lone"),
    ]


def test_the_worked_tree_has_the_figures_of_the_specification() -> None:
    found = rows_of(*gpu_tree())
    finetune = figures(found["cq/finetune"])
    assert (finetune.reserved, finetune.nominal, finetune.borrowed) == (22, 16, 6)
    shown = {name: figures(found[f"cq/{name}"]) for name in ("serving", "finetune", "explore", "students")}
    assert [one.available for one in shown.values()] == [12, 2, 2, 2]
    assert [one.potential for one in shown.values()] == [72, 24, 20, 4]


def test_a_cohort_sums_what_is_below_it() -> None:
    found = rows_of(*gpu_tree())
    ai, prod = figures(found["cohort/ai"]), figures(found["cohort/prod"])
    assert (ai.nominal, ai.total, ai.reserved) == (0, 72, 60)
    assert (prod.nominal, prod.total, prod.reserved, prod.lending_limit) == (8, 56, 42, 4)
    assert found["cohort/prod"].counts.running == 3


def test_a_cohort_that_is_only_named_is_there_with_nothing_of_its_own() -> None:
    found = rows_of(*gpu_tree())
    owner = found["cohort/ai"].owner
    assert isinstance(owner, Cohort) and owner.implied
    assert not rows_of(*gpu_tree(), cohort("ai"))["cohort/ai"].owner.implied  # type: ignore[union-attr]


def test_a_local_queue_that_leads_nowhere_stands_alone_and_is_inactive() -> None:
    found = rows_of(local_queue("ml", "gone"))["lq/ml/main"]
    assert (found.depth, found.active, found.reason) == (0, False, "ClusterQueueDoesNotExist")


def test_a_queue_that_may_not_be_seen_is_not_said_to_be_gone() -> None:
    hidden = replace(setting([local_queue("ml", "secret")]), hidden=(Unseen(CLUSTER_QUEUES, "no"),))
    (found,) = rows(hidden)
    assert found.active is None and found.reason == ""


_COHORTS = ("root", "left", "right", "deep")


@given(
    st.lists(st.tuples(st.sampled_from(_COHORTS), st.integers(0, 30), st.integers(0, 30)), max_size=6),
    st.lists(st.tuples(st.integers(0, 30), st.none() | st.integers(0, 30)), min_size=4, max_size=4),
)
def test_what_a_cohort_has_and_uses_is_its_own_and_that_of_the_rows_below(
    queues: list[tuple[str, int, int]], pools: list[tuple[int, int | None]]
) -> None:
    parents = {"root": "", "left": "root", "right": "root", "deep": "left"}
    objects = [
        cohort(name, parents[name], nominalQuota=nominal, **({} if lend is None else {"lendingLimit": lend}))
        for name, (nominal, lend) in zip(_COHORTS, pools, strict=True)
    ]
    for place, (parent, nominal, used) in enumerate(queues):
        held = [workload("ml", f"w{place}", used, held=f"q{place}")] if used else []
        objects += [cluster_queue(f"q{place}", nominal, parent), *held]
    found = rows_of(*objects)
    for key, row in found.items():
        if row.kind != "cohort":
            continue
        below = [one for one in found.values() if one.parent == key and one.figures]
        mine = figures(row)
        assert mine.total == (mine.nominal or 0) + sum(figures(one).total or 0 for one in below)
        assert mine.reserved == sum(figures(one).reserved for one in below)
        assert mine.admitted == sum(figures(one).admitted for one in below)
        assert row.counts.running == sum(one.counts.running for one in below)


# --- cycles and stops -------------------------------------------------------------------------------------------------


def test_in_a_cycle_everything_is_inactive_whatever_the_reason_of_the_condition_says() -> None:
    queue = cluster_queue("q", 8, "a")
    queue["status"] = active("False", "Ready", "Can admit new workloads")
    found = rows_of(queue, cohort("a", "b"), cohort("b", "a"), local_queue("ml", "q"))
    assert [found[key].reason for key in ("cohort/a", "cohort/b", "cq/q")] == ["CohortCycle"] * 3
    assert found["cq/q"].active is False
    assert found["lq/ml/main"].reason == "ClusterQueueIsInactive"
    assert figures(found["cq/q"]).available is None
    assert figures(found["cq/q"]).nominal == 8


def test_inactive_with_reason_ready_is_a_cycle_also_where_cohorts_may_not_be_read() -> None:
    queue = cluster_queue("q", 8, "a")
    queue["status"] = active("False", "Ready", "Can admit new workloads")
    found = rows_of(queue)["cq/q"]
    assert (found.active, found.reason) == (False, "CohortCycle")


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        ("True", "Ready", (True, "")),
        ("True", "FlavorNotFound", (True, "")),
        ("False", "FlavorNotFound", (False, "FlavorNotFound")),
    ],
)
def test_the_status_of_a_condition_decides_not_its_reason(status: str, reason: str, expected: tuple[bool, str]) -> None:
    queue = cluster_queue("q", 8)
    queue["status"] = active(status, reason, "Can't admit new workloads: references missing ResourceFlavor(s): h100.")
    found = rows_of(queue)["cq/q"]
    assert (found.active, found.reason) == expected


@pytest.mark.parametrize("policy", ["Hold", "HoldAndDrain"])
def test_a_stopped_queue_is_inactive_before_its_status_says_so(policy: str) -> None:
    found = rows_of(cluster_queue("q", 8, stopPolicy=policy), local_queue("ml", "q"))
    assert (found["cq/q"].reason, found["lq/ml/main"].reason) == ("Stopped", "ClusterQueueIsInactive")
    assert found["cq/q"].message == f"stopPolicy {policy}"


def test_a_stop_says_the_reason_that_was_written_down() -> None:
    queue = cluster_queue("q", 8, stopPolicy="Hold")
    queue["metadata"]["annotations"] = {"k8sai.dev/stop-reason": "new firmware"}
    assert rows_of(queue)["cq/q"].message == "stopPolicy Hold: new firmware"


# --- workloads --------------------------------------------------------------------------------------------------------


def test_pending_is_what_kueue_will_look_at_and_what_it_has_put_aside() -> None:
    tried, fresh = workload("ns-finetune", "tried", 8), workload("ns-finetune", "fresh", 4)
    off = workload("ns-finetune", "off", 2, active=False)
    tried["status"] = refused()
    found = rows_of(*gpu_tree(), tried, fresh, off)["cq/finetune"]
    assert (found.counts.pending, found.counts.active, found.counts.parked, found.counts.out) == (2, 1, 1, 1)
    assert found.gpus_wanted == 12
    assert figures(found).pending == 12


def test_a_strict_queue_parks_nobody() -> None:
    tried = workload("ml", "tried", 9)
    tried["status"] = refused()
    found = rows_of(cluster_queue("q", 8, queueingStrategy="StrictFIFO"), local_queue("ml", "q"), tried)["cq/q"]
    assert (found.counts.active, found.counts.parked) == (1, 0)


def test_reserved_counts_before_admitted() -> None:
    held = workload("ml", "checked", 4, held="q")
    held["status"]["conditions"].pop()  # Admitted
    found = rows_of(flavor("h100"), cluster_queue("q", 8), local_queue("ml", "q"), held)["cq/q"]
    assert (figures(found).reserved, figures(found).admitted) == (4, 0)
    assert (found.counts.reserving, found.counts.running) == (1, 0)


def test_without_workloads_the_status_of_the_queues_says_it() -> None:
    queue = cluster_queue("q", 8)
    part = [{"name": "h100", "resources": [{"name": GPU, "total": "5"}]}]
    queue["status"] = {
        "flavorsReservation": part,
        "pendingWorkloads": 3,
        "reservingWorkloads": 2,
        "admittedWorkloads": 1,
    }
    local = local_queue("ml", "q")
    local["status"] = {"flavorsReservation": part, "flavorUsage": part}  # the older name of flavorsUsage
    blind = replace(setting([queue, local]), hidden=(Unseen(WORKLOADS, "no"),))
    found, door = rows(blind)
    assert (figures(door).reserved, figures(door).admitted) == (5, 5)
    assert (figures(found).reserved, figures(found).available) == (5, 3)
    assert (found.counts.pending, found.counts.parked, found.counts.running) == (3, None, 1)


def test_a_flavor_that_was_taken_from_a_queue_is_shown_while_something_holds_it() -> None:
    queue = cluster_queue("q", 8)
    queue["status"] = {"flavorsReservation": [{"name": "old", "resources": [{"name": GPU, "total": "2"}]}]}
    found = rows_of(queue)["cq/q"]
    assert [one.share.flavor for one in found.figures] == ["h100", "old"]


def test_a_local_queue_has_its_flavors_in_the_order_of_its_queue() -> None:
    spec = {"resourceGroups": group(("h100", {"nominalQuota": 8}), ("a100", {"nominalQuota": 4}))}
    held = [workload("ml", name, 1, held="q", flavor=name) for name in ("gone", "a100", "h100")]
    found = rows_of(made("ClusterQueue", "q", spec), local_queue("ml", "q"), *held)["lq/ml/main"]
    assert [one.share.flavor for one in found.figures] == ["h100", "a100", "gone"]


def test_negative_availability_keeps_its_sign_and_says_what_kueue_shows() -> None:
    found = figures(rows_of(*gpu_tree(), cohort("research", "ai", nominalQuota=0, borrowingLimit=0))["cq/students"])
    assert found.available is not None and found.available < 0
    assert found.shown_available == 0


def test_a_head_that_has_room_by_quota_and_waits_is_marked() -> None:
    small, large = workload("ns-finetune", "small", 2), workload("ns-finetune", "large", 3)
    for one in (small, large):
        one["status"] = refused()
    head = rows_of(*gpu_tree(), small)["cq/finetune"].blocked_head
    assert head is not None and head.title == "job/small"
    assert rows_of(*gpu_tree(), large)["cq/finetune"].blocked_head is None


def test_a_head_whose_pods_no_flavor_with_room_takes_is_not_marked() -> None:
    shut = flavor("shut", nodeTaints=[{"key": "team", "value": "x", "effect": "NoSchedule"}])
    spec = {"resourceGroups": group(("h100", {"nominalQuota": 0}), ("shut", {"nominalQuota": 8}))}
    there = [flavor("h100"), shut, made("ClusterQueue", "q", spec), local_queue("ml", "q")]
    tolerant = workload("ml", "tolerant", 2)
    pods = tolerant["spec"]["podSets"][0]["template"]["spec"]
    pods["tolerations"] = [{"key": "team", "operator": "Exists"}]
    assert rows_of(*there, workload("ml", "plain", 2))["cq/q"].blocked_head is None
    assert rows_of(*there, tolerant)["cq/q"].blocked_head is not None


def test_a_head_of_a_stopped_queue_or_one_just_made_is_not_marked() -> None:
    small = workload("ns-finetune", "small", 2)
    assert rows_of(*gpu_tree(stopPolicy="Hold"), small)["cq/finetune"].blocked_head is None
    new = workload("ns-finetune", "small", 2, created=NOW)
    assert rows_of(*gpu_tree(), new)["cq/finetune"].blocked_head is None


# --- what is chosen ---------------------------------------------------------------------------------------------------


def keys(found: tuple[Row, ...]) -> list[tuple[int, str]]:
    return [(row.depth, row.key) for row in found]


def test_a_cohort_is_chosen_with_all_below_it_and_moves_to_the_left() -> None:
    found = chosen(rows(setting(gpu_tree())), Choice(cohort="research"))
    assert keys(found)[:2] == [(0, "cohort/research"), (1, "cq/explore")]
    assert len(found) == 5


@pytest.mark.parametrize(
    ("count", "hint"),
    [(0, "no queue is in one"), (2, "cohorts: c0, c1"), (30, "did you mean c29 or c9?")],
)
def test_a_cohort_that_is_not_there_is_answered_with_those_that_may_be_meant(count: int, hint: str) -> None:
    found = rows(setting([cluster_queue(f"q{n}", 1, f"c{n}") for n in range(count)]))
    with pytest.raises(NotFound) as error:
        chosen(found, Choice(cohort="cc29"))
    assert error.value.hint == hint


def test_a_namespace_keeps_the_way_up_from_its_queues() -> None:
    found = chosen(rows(setting(gpu_tree())), Choice(namespace="ns-students"))
    assert [row.key for row in found] == ["cohort/ai", "cohort/research", "cq/students", "lq/ns-students/main"]


def test_labels_choose_cluster_queues_with_what_is_above_and_below() -> None:
    objects = gpu_tree()
    next(one for one in objects if one["metadata"]["name"] == "serving")["metadata"]["labels"] = {"tier": "gold"}
    found = chosen(rows(setting(objects)), Choice(labels="tier=gold"))
    assert [row.key for row in found] == ["cohort/ai", "cohort/prod", "cq/serving", "lq/ns-serving/main"]


def test_gpus_alone_are_shown_unless_something_else_is_asked_for() -> None:
    quotas = [{"name": "cpu", "nominalQuota": "500m"}, {"name": GPU, "nominalQuota": 8}]
    groups = [{"coveredResources": ["cpu", GPU], "flavors": [{"name": "h100", "resources": quotas}]}]
    found = rows(setting([made("ClusterQueue", "q", {"resourceGroups": groups})]))
    assert [one.share.resource for one in chosen(found, Choice())[0].figures] == [GPU]
    assert [one.share.resource for one in chosen(found, Choice(resource="all"))[0].figures] == ["cpu", GPU]
    assert [one.share.resource for one in chosen(found, Choice(resource="cpu"))[0].figures] == ["cpu"]


# --- how it is shown --------------------------------------------------------------------------------------------------


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_a_bar_is_always_as_wide_and_shows_whatever_is_there(total: int, reserved: int, lent: int) -> None:
    found = bar(Figures(SHARE, reserved, reserved, 0, total=total, lent=lent))
    assert len(found) == (10 if total or reserved else 0)
    assert ("░" in found) == (reserved > total)
    assert ("■" in found) == (min(reserved, total) > 0)
    assert ("□" in found or "×" in found) == (reserved < total)


@given(st.lists(st.integers(0, 3), max_size=12))
def test_branches_lead_from_every_row_to_its_parent(steps: list[int]) -> None:
    """Whatever the shape of the tree: below each branch that goes on stands a line of it."""
    depths = [0]
    for step in steps:
        depths.append(min(step, depths[-1] + 1))
    shown = tuple(
        Row("cq", f"q{n}", depth, "", ClusterQueue(f"q{n}"), (), rows_of(cluster_queue("q", 1))["cq/q"].counts, {})
        for n, depth in enumerate(depths)
    )
    lines = [line.cells[0].text for line in table(shown, 0.0).rows]
    for line, depth in zip(lines, depths, strict=True):
        assert line.index("cq/") == 3 * depth
    for above, below in pairwise(lines):
        for at, glyph in enumerate(above):
            if glyph in "├│":
                assert below[at] in "├│└"
            elif glyph == "└":
                assert below[at : at + 1] not in ("├", "│", "└")


def test_a_change_is_told_with_what_was_and_what_is_and_ages_are_none() -> None:
    before = setting(gpu_tree())
    objects = [*gpu_tree(), workload("ns-students", "more", 2, held="students")]
    first, later = look(rows(before), before.at), look(rows(before), before.at + 60)
    assert not list(between(first, later))
    told = dict(between(first, look(rows(setting(objects)), before.at)))
    assert told["cq/students"].startswith("reserved 2 → 4, avail 2 → 0")
    assert "cq/serving" in told  # it could borrow what is now taken
    assert dict(between(look(rows(setting(objects)), before.at), first))["cq/students"].startswith("reserved 4 → 2")


def test_rows_that_come_and_go_are_told() -> None:
    few, more = setting([cluster_queue("a", 1)]), setting([cluster_queue("a", 1), cluster_queue("b", 2)])
    one, two = look(rows(few), 0.0), look(rows(more), 0.0)
    assert list(between(two, one)) == [("cq/b", "gone")]
    ((key, said),) = between(one, two)
    assert key == "cq/b" and "nominal 2" in said


# --- the document -----------------------------------------------------------------------------------------------------


def test_the_document_has_the_names_scripts_rely_on_and_numbers_as_numbers() -> None:
    quotas = [
        {"name": "cpu", "nominalQuota": "2500m"},
        {"name": "memory", "nominalQuota": "1Gi", "borrowingLimit": "1Ki"},
    ]
    groups = [{"coveredResources": ["cpu", "memory"], "flavors": [{"name": "f", "resources": quotas}]}]
    objects = [made("ClusterQueue", "q", {"cohortName": "c", "resourceGroups": groups}), local_queue("ml", "q")]
    found: Any = view(rows(setting(objects)), context="here", at=0.0, hidden=(Unseen("cohorts", "no"),))
    assert [found[key] for key in ("kind", "at", "context", "complete")] == [
        "QueueView", "1970-01-01T00:00:00Z", "here", False,
    ]  # fmt: skip
    (queue,) = found["clusterQueues"]
    assert {"name", "cohort", "active", "resources"} <= set(queue)
    cpu, memory = queue["resources"]
    promised = "flavor resource nominal borrowingLimit lendingLimit used borrowed lent available potential pending"
    assert set(cpu) >= {*promised.split()}
    assert (cpu["nominal"], memory["nominal"], memory["borrowingLimit"]) == (2.5, 1 << 30, 1024)
    assert found["localQueues"][0]["clusterQueue"] == "q"
    assert found["cohorts"][0]["implied"] is True


@given(st.integers(-(10**9), 10**9))
def test_cpu_is_said_in_cores_whole_where_it_is(amount: int) -> None:
    said = number("cpu", amount)
    assert said == amount / 1000
    assert isinstance(said, int) == (amount % 1000 == 0)
    assert number("memory", amount) == amount


def test_several_flavors_give_a_line_each_under_one_name() -> None:
    spec = {"resourceGroups": group(("h100", {"nominalQuota": 8}), ("a100", {"nominalQuota": 4}))}
    found = table(rows(setting([made("ClusterQueue", "q", spec)])), 0.0)
    assert [[cell.text for cell in row.cells[:3]] for row in found.rows] == [["cq/q", "?", "h100"], ["", "", "a100"]]


def test_branches_go_on_past_the_further_lines_of_a_node() -> None:
    spec = {"resourceGroups": group(("h100", {"nominalQuota": 8}), ("a100", {"nominalQuota": 4})), "cohortName": "c"}
    objects = [made("ClusterQueue", "a", spec), local_queue("ml", "a"), made("ClusterQueue", "b", spec)]
    assert [row.cells[0].text for row in table(rows(setting(objects)), 0.0).rows] == [
        "cohort/c", "│", "├─ cq/a", "│  │", "│  └─ lq/ml/main", "└─ cq/b", "",
    ]  # fmt: skip


def test_a_setting_without_queues_has_no_rows() -> None:
    assert rows(Setting()) == ()
