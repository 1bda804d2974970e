"""Until when a node is there, as others announce it on the node."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.ages import epoch, stamp
from k8sai.evict.facts import Ack, Contract, Json
from k8sai.evict.planning.deadlines import External, deadline_of, earlier, save_within

NOW = epoch("2026-11-21T10:00:00Z")


def node(*taints: Json, labels: dict[str, str] | None = None, notes: dict[str, str] | None = None, **more: Any) -> Json:
    meta = {"name": "gpu-1", "labels": labels or {}, "annotations": notes or {}} | more.pop("meta", {})
    return {"metadata": meta, "spec": {"taints": list(taints)}, **more}


def taint(key: str, value: str = "", **more: str) -> Json:
    return {"key": key, "value": value, "effect": "NoSchedule", **more}


def test_a_node_nobody_wants_has_no_deadline() -> None:
    assert deadline_of(node(), NOW) is None
    assert deadline_of({"metadata": {"name": "gpu-1"}}, NOW) is None
    assert deadline_of(node(taint("nvidia.com/gpu", "present")), NOW) is None
    assert deadline_of(node(taint("node.kubernetes.io/unschedulable")), NOW) is None


@pytest.mark.parametrize(
    ("found", "at", "by"),
    [
        (node(taint("ToBeDeletedByClusterAutoscaler", str(int(NOW - 100)))), NOW + 500, "cluster-autoscaler"),
        (node(taint("ToBeDeletedByClusterAutoscaler")), NOW + 600, "cluster-autoscaler"),
        (node(taint("karpenter.sh/disrupted")), NOW + 30, "Karpenter"),
        (node(taint("aws-node-termination-handler/spot-itn", "spot-itn-abc")), NOW + 120, "AWS (spot interruption)"),
        (
            node(
                taint("aws-node-termination-handler/spot-itn", "x"),
                labels={"aws-node-termination-handler/action-time": str(int(NOW - 60))},
            ),
            NOW + 60,
            "AWS (spot interruption)",
        ),
        (node(taint("cloud.google.com/impending-node-termination")), NOW + 3600, "GKE"),
        (
            node(taint("cloud.google.com/impending-node-termination"), labels={"cloud.google.com/gke-spot": "true"}),
            NOW + 30,
            "GKE",
        ),
        (
            node(taint("node.kubernetes.io/unreachable", effect="NoExecute", timeAdded=stamp(NOW - 60))),
            NOW + 240,
            "the node controller (unreachable)",
        ),
        (node(taint("node.kubernetes.io/out-of-service")), NOW, "the node controller (out of service)"),
        (node(labels={"dgxc.nvidia.com/nvsentinel-state": "draining"}), NOW + 3600, "NVSentinel (draining)"),
        (node(notes={"weave.works/kured-reboot-in-progress": "x"}), NOW + 30, "kured (reboot in progress)"),
        (
            node(status={"conditions": [{"type": "GracefulNodeShutdownInProgress", "status": "True"}]}),
            NOW + 30,
            "the kubelet (shutting down)",
        ),
        (node(meta={"deletionTimestamp": stamp(NOW)}), NOW + 30, "whoever deleted the node"),
    ],
)
def test_who_announces_what(found: Json, at: float, by: str) -> None:
    assert deadline_of(found, NOW) == External(at, by)


@pytest.mark.parametrize(
    "found",
    [
        node(taint("node.kubernetes.io/unreachable")),
        node(labels={"dgxc.nvidia.com/nvsentinel-state": "remediation-succeeded"}),
        node(labels={"cloud.google.com/scheduled-maintenance-time": "tomorrow"}),
        node(status={"conditions": [{"type": "MaintenanceInProgress", "status": "False"}]}),
    ],
)
def test_what_is_no_announcement(found: Json) -> None:
    assert deadline_of(found, NOW) is None


def test_some_say_when() -> None:
    planned = node(labels={"cloud.google.com/scheduled-maintenance-time": str(int(NOW + 7200))})
    assert deadline_of(planned, NOW) == External(NOW + 7200, "GKE (scheduled maintenance)", True)
    claim = {"metadata": {"annotations": {"karpenter.sh/nodeclaim-termination-timestamp": stamp(NOW + 900)}}}
    assert deadline_of(node(), NOW, claim) == External(NOW + 900, "Karpenter (terminationGracePeriod)", True)


def test_the_earliest_counts() -> None:
    both = node(
        taint("aws-node-termination-handler/rebalance-recommendation"),
        taint("aws-node-termination-handler/spot-itn"),
    )
    found = deadline_of(both, NOW)
    assert found is not None and found.at == NOW + 120
    assert earlier(None, found, External(NOW + 60, "x")) == External(NOW + 60, "x")
    assert earlier(None) is None and earlier() is None


@pytest.mark.parametrize("value", ["1", "true", "1795255200000", "99999999999999999999"])
def test_a_value_that_is_no_time_is_none(value: str) -> None:
    found = deadline_of(node(taint("ToBeDeletedByClusterAutoscaler", value)), NOW)
    assert found == External(NOW + 600, "cluster-autoscaler")


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_no_value_whatever_raises(value: str, label: str, added: str) -> None:
    found = node(
        taint("ToBeDeletedByClusterAutoscaler", value, timeAdded=added),
        labels={"cloud.google.com/scheduled-maintenance-time": label},
        meta={"deletionTimestamp": added},
    )
    assert deadline_of(found, NOW) is not None


# --- a save's own -----------------------------------------------------------------------------------------------------


def test_a_save_has_what_it_says_else_thrice_its_last_else_ten_minutes() -> None:
    last = Ack(seconds=90)
    assert save_within(Contract(deadline=900, last=last)) == 900
    assert save_within(Contract(last=last)) == 270
    assert save_within(Contract(last=Ack())) == save_within(Contract()) == 600


@given(st.none() | st.integers(1, 10**5), st.integers(0, 10**4), st.integers(-100, 10**5))
def test_others_only_shorten_it(own: int | None, save: int, left: int) -> None:
    contract = Contract(deadline=own, last=Ack(seconds=save))
    assert 0 <= save_within(contract, left) <= max(0, min(save_within(contract), left))
