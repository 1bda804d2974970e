"""Flavors and quota: what is short, the limit that binds, and what would mend it."""

from k8sai.errors import Exit
from tests.queues.why_world import (
    MAIN,
    ask,
    base,
    cluster_queue,
    flavor,
    group,
    holding,
    kueue,
    more,
    told,
    training,
    unreserved,
    workload,
)
from tests.why.objects import Json, node


def tainted() -> Json:
    return flavor(nodeTaints=[{"key": "team", "value": "vision", "effect": "NoSchedule"}])


def test_no_flavor_is_for_its_pods() -> None:
    train = training()
    word = unreserved(f"{MAIN}untolerated taint {{team vision NoSchedule <nil>}} in flavor h100")
    why = ask("job/train", base(tainted()), train, workload(train, word))
    assert told(why) == ("NoMatchingFlavor", Exit.BLOCKED, "never")
    assert (
        why.message == "no flavor of ClusterQueue gpus is for its pods: h100: untolerated taint team=vision:NoSchedule"
    )
    assert [fix.text for fix in why.blockers[0].fixes] == ["tolerate team=vision:NoSchedule: flavor h100 fits now"]


def test_never_fits() -> None:
    train = training(9)
    word = unreserved(
        f"{MAIN}insufficient quota for nvidia.com/gpu in flavor h100, previously considered podsets requests (0) + "
        "current podset request (9) > maximum capacity (8)"
    )
    why = ask("job/train", base(), train, workload(train, word))
    assert told(why) == ("ExceedsMaxQuota", Exit.BLOCKED, "never")
    assert why.message == "it asks 9 GPU in h100 and can never have more than 8; ClusterQueue gpus has 8 in all"
    first = why.blockers[0]
    assert (first.need, first.have, first.deficit) == (9, 8, 1)
    assert [(fix.by, fix.text, fix.change) for fix in first.fixes] == [
        ("admin", "nominal 8→9 of ClusterQueue gpus admits it now", "cq.gpus.nominal=9"),
        ("user", "--gpus 8 fits now", ""),
    ]
    assert why.next == "k8sai queue simulate job/train -n ml --if cq.gpus.nominal=9"


def test_never_fits_by_a_borrowing_limit() -> None:
    train = training(12)
    queues = [cluster_queue(cohort="ai", borrow=2), cluster_queue("other", 32, "ai")]
    why = ask("job/train", base(queues[0]), queues[1], train, workload(train))
    assert why.message == (
        "it asks 12 GPU in h100 and can never have more than 10; the limit that binds: borrowingLimit 2 of "
        "ClusterQueue gpus"
    )
    assert why.blockers[0].fixes[0].change == "cq.gpus.borrowingLimit=4"


def test_waits_for_quota() -> None:
    train = training(6)
    why = ask("job/train", base(), holding("old", 5), train, workload(train, more(3)))
    assert told(why) == ("WaitingForQuota", Exit.WAITING, "waits")
    assert why.sentence == "job/train waits: short 3 of 6 GPU in h100; ClusterQueue gpus has 3 of 8 left."
    first = why.blockers[0]
    assert (first.need, first.have, first.deficit) == (6, 3, 3)
    assert [(fix.by, fix.text) for fix in first.fixes] == [
        ("admin", "nominal 8→11 of ClusterQueue gpus admits it now"),
        ("user", "--gpus 3 fits now"),
        ("either", "wait for job/old to end"),
    ]
    assert why.quoted is not None and (why.quoted.agreement, why.quoted.words) == ("agrees", "")
    assert [(one.queue, one.reserved, [h.workload.title for h in one.holders]) for one in why.held] == [
        ("gpus", 5, ["job/old"])
    ]


def test_an_old_word_changes_nothing_and_is_shown() -> None:
    train = training(6)
    why = ask("job/train", base(), holding("old", 5), train, workload(train, more(9)))
    assert (why.code, why.blockers[0].deficit) == ("WaitingForQuota", 3)
    assert why.quoted is not None
    assert (why.quoted.agreement, why.quoted.words) == ("differs", "Kueue said 9 more at 11:50; now 3")


def test_the_word_of_a_queue_it_has_left_changes_nothing() -> None:
    train = training(6)
    other = unreserved(f"{MAIN}insufficient unused quota for nvidia.com/gpu in flavor a100, 2 more needed")
    why = ask("job/train", base(), holding("old", 5), train, workload(train, other))
    assert why.message == "short 3 of 6 GPU in h100; ClusterQueue gpus has 3 of 8 left"


def test_more_is_used_than_there_is() -> None:
    """After a cut Kueue counts from nothing; what must be freed is more."""
    train = training(4)
    why = ask("job/train", base(cluster_queue(nominal=6)), holding("old", 8), train, workload(train, more(4)))
    assert why.message == (
        "short all of 4 GPU, and 2 more must be freed before in h100; ClusterQueue gpus has 6 and 2 more than that are "
        "reserved"
    )
    assert (why.blockers[0].have, why.blockers[0].deficit) == (-2, 6)
    assert why.quoted is not None
    assert (why.quoted.agreement, why.quoted.words) == ("agrees", "Kueue counts from 0: 6 must really be freed")


def test_whom_to_wait_for() -> None:
    train = training(6)
    held = [*holding("a", 2), *holding("b", 3), *holding("c", 3)]
    why = ask("job/train", base(), held, train, workload(train, more(6)))
    assert why.blockers[0].fixes[-1].text == "wait for job/b and job/c to end"
    held = [*holding("a", 2), *holding("b", 6)]
    assert ask("job/train", base(), held, train, workload(train)).blockers[0].fixes[-1].text == "wait for job/b to end"


def test_fewer_pods_fit() -> None:
    train = training(2, pods=4)
    why = ask("job/train", base(), holding("old", 3), train, workload(train, more(3)))
    assert "--pods 2 fits now" in [fix.text for fix in why.blockers[0].fixes]


def test_it_may_preempt() -> None:
    train = training(6)
    queue = cluster_queue(preemption={"withinClusterQueue": "LowerPriority"})
    why = ask("job/train", base(queue), holding("old", 5, priority=10), train, workload(train, priority=100))
    assert told(why) == ("NeedsPreemption", Exit.WAITING, "preempts")
    assert why.message == "short 3 of 6 GPU in h100; it may evict job/old of gpus for it"


def test_preemption_is_under_way() -> None:
    train = training(6)
    queue = cluster_queue(preemption={"withinClusterQueue": "LowerPriority"})
    word = unreserved(
        f"{MAIN}insufficient unused quota for nvidia.com/gpu in flavor h100, 3 more needed. Pending the preemption of "
        "1 workload(s)"
    )
    held = holding("old", 5, priority=10)
    why = ask("job/train", base(queue), held, train, workload(train, word, priority=100))
    assert told(why) == ("WaitingForPreemptedWorkloads", Exit.WAITING, "preempts")


def test_a_higher_class_would_evict() -> None:
    train = training(6)
    queue = cluster_queue(preemption={"withinClusterQueue": "LowerPriority"})
    urgent = {**kueue("WorkloadPriorityClass", "urgent"), "value": 1000}
    why = ask("job/train", base(queue), urgent, holding("old", 5), train, workload(train, more(3)))
    fix = "priority class urgent (1000) would let it evict job/old: `queue move job/train --priority-class urgent`"
    assert fix in [one.text for one in why.blockers[0].fixes]
    assert why.judged is not None and [one.workload.title for one in why.judged.spared] == ["job/old"]


def test_fewer_pods_than_asked_could_start() -> None:
    """What can never be admitted whole waits for quota all the same where it may start with fewer."""
    train = training(4, pods=4)
    sets = [{"name": "main", "count": 4, "minCount": 1, "template": train["spec"]["template"]}]
    why = ask("job/train", base(), holding("old", 6), train, workload(train, more(2), pod_sets=sets))
    assert told(why) == ("WaitingForQuota", Exit.WAITING, "waits")
    assert (why.blockers[0].need, why.blockers[0].deficit) == (4, 2)
    assert why.message.startswith("short 2 of 4 GPU in h100 for the fewest pods it may start with (1); ")
    assert why.quoted is not None and why.quoted.agreement == "agrees"
    whole = unreserved(
        f"{MAIN}insufficient quota for nvidia.com/gpu in flavor h100, previously considered podsets requests (0) + "
        "current podset request (16) > maximum capacity (8)"
    )
    why = ask("job/train", base(), holding("old", 6), train, workload(train, whole, pod_sets=sets))
    assert (why.code, why.quoted and why.quoted.words) == ("WaitingForQuota", "it names another obstacle")


def test_kueue_names_one_obstacle_of_several() -> None:
    """The GPUs never fit, and it speaks of the CPUs."""
    train = training(9)
    word = unreserved(f"{MAIN}insufficient unused quota for cpu in flavor h100-cpu, 1 more needed")
    spread = cluster_queue(groups=[
        group(("h100", {"nominalQuota": 8})), group(("h100-cpu", {"nominalQuota": 5}), resource="cpu")
    ])  # fmt: skip
    old = holding("old", 0)
    old[1]["status"]["admission"]["podSetAssignments"][0]["resourceUsage"]["cpu"] = "5"
    why = ask("job/train", base(spread), old, train, workload(train, word))
    assert (why.code, why.quoted and why.quoted.words) == ("ExceedsMaxQuota", "it names another obstacle")


# --- topology ---------------------------------------------------------------------------------------------------------


def close_together(gpus: int, pods: int) -> list[Json]:
    """A job whose pods must be on one host, and two hosts of 8 GPUs."""
    train = training(gpus, pods=pods)
    level = "kubernetes.io/hostname"
    sets = [
        {
            "name": "main",
            "count": pods,
            "template": train["spec"]["template"],
            "topologyRequest": {"required": level},
        }
    ]
    topology = kueue("Topology", "hosts", {"levels": [{"nodeLabel": level}]})
    flavors = [flavor(topologyName="hosts", nodeLabels={"gpu": "h100"})]
    queue = cluster_queue(nominal=64, groups=[group(("h100", {"nominalQuota": 64}))])
    for container in train["spec"]["template"]["spec"]["containers"]:
        container["resources"]["requests"].pop("cpu")
    nodes = [node(f"gpu-{number}", labels={"gpu": "h100"}) for number in (1, 2)]
    return [*base(queue, *flavors), topology, *nodes, train, workload(train, pod_sets=sets)]


def test_no_host_is_large_enough_for_all() -> None:
    why = ask("job/train", close_together(5, 2))
    assert told(why) == ("ExceedsTopology", Exit.BLOCKED, "never")
    assert why.message == (
        'quota suffices in h100, but topology "hosts" allows to fit only 1 out of 2 pod(s), even without '
        "anything that Kueue has placed"
    )
    assert ask("job/train", close_together(4, 2)).code == "FitsNow"


def test_others_are_where_it_should_be() -> None:
    other = training(4, pods=2, name="old", suspend=False)
    held = workload(other, held="gpus")
    hosts = [{"values": [f"gpu-{number}"], "count": 1} for number in (1, 2)]
    assigned = {"levels": ["kubernetes.io/hostname"], "domains": hosts}
    held["status"]["admission"]["podSetAssignments"][0]["topologyAssignment"] = assigned
    why = ask("job/train", close_together(4, 2), other, held)
    assert told(why) == ("TopologyPlacementFailed", Exit.WAITING, "waits")
    assert why.message == 'quota suffices in h100, but topology "hosts" allows to fit only 1 out of 2 pod(s)'


def test_topology_without_the_right_to_read_nodes_is_a_guess() -> None:
    why = ask("job/train", close_together(5, 2), denied=("nodes",))
    assert told(why) == ("FitsNow", Exit.PARTIAL, "waits")
    assert "nodes" in [gap.what for gap in why.hidden]
