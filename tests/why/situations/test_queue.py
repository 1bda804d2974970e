"""Kueue holds it back: one sentence with the number, by the same arithmetic as `queue why`."""

from dataclasses import replace

import pytest

from k8sai.errors import Exit
from k8sai.why.answer import explain
from k8sai.why.kinds import asked
from tests.queues.why_world import (
    admission,
    base,
    cluster_queue,
    holding,
    kueue,
    local_queue,
    more,
    said,
    training,
    unreserved,
    workload,
)
from tests.why.cluster import Held, ask, layer, scene
from tests.why.objects import SPACE, Json, node, pod


def test_short_of_quota() -> None:
    train = training(6)
    why = ask("job/train", base(), holding("old", 5), train, workload(train, more(3)))
    assert why.sentence == (
        "job/train waits: queue research has not admitted it: short 3 of 6 GPU in h100; ClusterQueue gpus has 3 of 8 "
        "left."
    )
    assert (why.code, why.exit) == ("QueueWaiting", Exit.WAITING)
    assert why.next == "k8sai queue why job/train -n ml"
    assert layer(why, "suspended").status == "ok"
    assert layer(why, "queue").evidence == (
        "Workload job-train-1: Pending: couldn't assign flavors to pod set main: insufficient unused quota for "
        "nvidia.com/gpu in flavor h100, 3 more needed",
        "admin: nominal 8→11 of ClusterQueue gpus admits it now",
        "user: --gpus 3 fits now",
        "either: wait for job/old to end",
    )


def test_an_old_word_of_kueue_is_evidence_and_not_the_answer() -> None:
    train = training(6)
    why = ask("job/train", base(), holding("old", 5), train, workload(train, more(9)))
    assert "short 3 of 6 GPU" in why.sentence
    assert "Kueue said 9 more at 11:50; now 3" in layer(why, "queue").evidence


def test_it_never_fits() -> None:
    train = training(16)
    why = ask("job/train", base(), train, workload(train, unreserved("…")))
    assert why.sentence.startswith(
        "job/train waits: queue research has not admitted it: it asks 16 GPU in h100 and can never have more than 8"
    )
    assert (why.code, why.exit) == ("QueueNeverFits", Exit.BLOCKED)


def test_the_queue_does_not_exist() -> None:
    train = training(8)
    why = ask("job/train", train, served=("workloads.kueue.x-k8s.io", "localqueues.kueue.x-k8s.io"))
    assert why.sentence == "job/train waits: namespace ml has no LocalQueue research."
    assert (why.code, why.exit) == ("QueueInactive", Exit.BLOCKED)
    why = ask("job/train", base(), training(queue="vision"), workload(training(queue="vision"), queue="vision"))
    assert why.sentence == "job/train waits: namespace ml has no LocalQueue vision."


@pytest.mark.parametrize(
    ("stopped", "sentence"),
    [
        (local_queue(stopPolicy="Hold"), "job/train waits: LocalQueue ml/research is stopped (Hold)."),
        (cluster_queue(stopPolicy="Hold"), "job/train waits: ClusterQueue gpus is stopped (Hold)."),
    ],
)
def test_a_stopped_queue(stopped: Json, sentence: str) -> None:
    train = training()
    why = ask("job/train", base(stopped), train, workload(train))
    assert (why.sentence, why.code, why.exit) == (sentence, "QueueInactive", Exit.BLOCKED)


def test_a_workload_that_was_deactivated() -> None:
    train = training()
    why = ask("workload/job-train-1", base(), train, workload(train, active=False))
    assert why.sentence == "job/train waits: it was deactivated."
    assert (why.code, why.exit) == ("QueueInactive", Exit.BLOCKED)


def test_an_admission_check_is_open() -> None:
    train = training()
    status = {
        "admission": admission(train, "gpus"),
        "admissionChecks": [{"name": "provision", "state": "Pending", "message": "waiting for nodes"}],
    }
    check = kueue("AdmissionCheck", "provision", {"controllerName": "example.com/provision"})
    why = ask("job/train", base(), check, train, workload(train, said("QuotaReserved"), status=status))
    assert why.sentence == (
        "job/train waits: its quota is reserved in ClusterQueue gpus, and AdmissionCheck provision has not answered, "
        "which example.com/provision answers: waiting for nodes."
    )
    assert (why.code, why.exit) == ("QueueWaiting", Exit.WAITING)


def test_it_fits_and_kueue_has_not_looked() -> None:
    train = training()
    why = ask("job/train", base(), train, workload(train))
    assert (why.code, why.exit) == ("QueueWaiting", Exit.WAITING)
    assert "it fits now in h100" in why.sentence


def test_kueue_gates_a_plain_pod() -> None:
    labels = {"kueue.x-k8s.io/queue-name": "research"}
    gated = pod(gpus=6, labels=labels, schedulingGates=[{"name": "kueue.x-k8s.io/admission"}])
    sets = [{"name": "main", "count": 1, "template": {"spec": gated["spec"]}}]
    ref = {"apiVersion": "v1", "kind": "Pod", "name": "train-7", "uid": gated["metadata"]["uid"]}
    meta = {"ownerReferences": [ref]}
    spec = {"queueName": "research", "podSets": sets}
    waiting = kueue("Workload", "pod-train-7", spec, namespace=SPACE, meta=meta, status={"conditions": [more(3)]})
    why = ask("train-7", base(), holding("old", 5), gated, waiting)
    assert why.sentence == (
        "train-7 waits: queue research has not admitted it: short 3 of 6 GPU in h100; ClusterQueue gpus has 3 of 8 "
        "left."
    )
    assert why.code == "QueueWaiting"


def test_what_is_admitted_is_no_matter_of_the_queue() -> None:
    train = training(suspend=False)
    why = ask("job/train", node("gpu-1"), base(), train, workload(train, held="gpus"))
    found = layer(why, "queue")
    assert (found.status, found.message) == ("ok", "admitted to ClusterQueue gpus")
    assert found.evidence == ("cpu from flavor h100-cpu, nvidia.com/gpu from flavor h100",)


def test_without_cluster_queues_kueue_is_quoted() -> None:
    train = training(6)
    objects = (base(), holding("old", 5), train, workload(train, more(3)))
    why = ask("job/train", *objects, denied=("clusterqueues.kueue.x-k8s.io",))
    assert (why.code, why.exit) == ("QueueWaiting", Exit.PARTIAL)
    assert "3 more needed" in why.sentence
    assert "clusterqueues.kueue.x-k8s.io" in [gap.what for gap in why.hidden]


def test_a_cluster_without_queues_is_not_asked_for_any() -> None:
    """Nothing of Kueue is read for a pod that names no queue."""
    seen: list[str] = []

    class Watched(Held):
        def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
            seen.append(kind)
            return super().list(kind, namespace, labels=labels, fields=fields)

    kind, word = asked(("train-7",))
    explain(replace(scene([node("gpu-1")]), objects=Watched([node("gpu-1"), pod(gpus=1)])), kind, SPACE, word)
    assert "pods" in seen
    assert [kind for kind in seen if kind.endswith("kueue.x-k8s.io")] == []
