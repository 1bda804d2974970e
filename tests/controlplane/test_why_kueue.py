"""`why` of what a real Kueue holds."""

from collections.abc import Callable

from k8sai.cluster.reading import holds
from k8sai.errors import Exit
from tests.contract.api import Json
from tests.controlplane.asking import JOBS, Case, job
from tests.controlplane.gpu_nodes import GPU
from tests.controlplane.server import ControlPlane


def test_kueue_holds_it(addon: Callable[..., None], plane: ControlPlane, namespace: str) -> None:
    addon("kueue")  # one of it can run on a machine: the one that all tests share
    case = Case(plane, namespace)
    api = "/apis/kueue.x-k8s.io/v1beta2"
    name = case.namespace
    case.put(
        f"{api}/resourceflavors",
        {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "ResourceFlavor", "metadata": {"name": name}},
    )
    flavor = {"name": name, "resources": [{"name": GPU, "nominalQuota": "2"}, {"name": "cpu", "nominalQuota": "100"}]}
    groups = [{"coveredResources": [GPU, "cpu"], "flavors": [flavor]}]
    queue = {"apiVersion": "kueue.x-k8s.io/v1beta2", "metadata": {"name": name}}
    case.put(
        f"{api}/clusterqueues",
        {**queue, "kind": "ClusterQueue", "spec": {"namespaceSelector": {}, "resourceGroups": groups}},
    )
    local = {
        "apiVersion": "kueue.x-k8s.io/v1beta2",
        "kind": "LocalQueue",
        "metadata": {"name": "q"},
        "spec": {"clusterQueue": name},
    }
    case.put(f"{api}/namespaces/{{ns}}/localqueues", local)
    for made in (f"{api}/clusterqueues/{name}", f"{api}/namespaces/{name}/localqueues/q"):
        case.api.until_object(made, lambda queue: holds(queue, "Active") is not None, seconds=60)
    labels = {"labels": {"kueue.x-k8s.io/queue-name": "q"}}
    case.put(JOBS, job("big", gpus=4, suspend=True, meta=labels))
    case.put(JOBS, job("lost", gpus=1, suspend=True, meta={"labels": {"kueue.x-k8s.io/queue-name": "nowhere"}}))
    workloads = f"{api}/namespaces/{name}/workloads"
    case.api.until(workloads, _both_judged, seconds=60)
    why = case.why("job/big")
    assert why.sentence.startswith("job/big waits: queue q has not admitted it: ")
    assert (why.code, why.exit) == ("QueueNeverFits", Exit.BLOCKED)
    assert "it asks 4 GPU in" in why.sentence and "can never have more than 2" in why.sentence
    assert why.next == f"k8sai queue why job/big -n {case.namespace}"
    assert case.why("job/lost").code == "QueueInactive"


def _both_judged(workloads: dict[str, Json]) -> bool:
    def judged(workload: Json) -> bool:
        return any(c["type"] == "QuotaReserved" for c in workload.get("status", {}).get("conditions", []))

    return len(workloads) == 2 and all(map(judged, workloads.values()))
