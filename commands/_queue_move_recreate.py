"""A LocalQueue cannot be led to another ClusterQueue: what to do instead, as a manifest and two commands."""

from difflib import get_close_matches
from typing import TYPE_CHECKING

from k8sai.commands import _print
from k8sai.commands._queue_named import asked
from k8sai.errors import Exit, NotFound, Refused, Usage
from k8sai.yaml_out import lines

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import Objects

_OURS = ("kubectl.kubernetes.io/", "k8sai.dev/stop")  # annotations that tell of the old object


def recreate(connection: "Connection", objects: "Objects", name: str, to: str) -> int:
    """Prints the plan, and raises Refused at the end: nothing was written. OK where it leads there already."""
    from k8sai.cluster.writing import Writer
    from k8sai.commands._queue_named import find
    from k8sai.queues.setting import CLUSTER_QUEUES, GROUP

    _, _, cluster_queue = to.partition("/")
    if not cluster_queue or asked((to,))[1] != "ClusterQueue":
        raise Usage("a LocalQueue leads to a ClusterQueue", f"`k8sai queue move lq/{name} --to cq/NAME`")
    target, live = find(Writer(connection), objects, connection.namespace, (GROUP, "LocalQueue", name))
    known = [one["metadata"]["name"] for one in objects.list(CLUSTER_QUEUES)]
    if cluster_queue not in known:
        near = get_close_matches(cluster_queue, known, 1)
        raise NotFound(f"there is no ClusterQueue {cluster_queue}", f"did you mean cq/{near[0]}?" if near else "")
    if live["spec"].get("clusterQueue") == cluster_queue:
        _print.line(f"{target.ref} unchanged: it leads to {cluster_queue}")
        return Exit.OK
    meta = live["metadata"]
    kept = {key: value for key, value in (meta.get("annotations") or {}).items() if not key.startswith(_OURS)}
    new = {
        "apiVersion": live["apiVersion"],
        "kind": "LocalQueue",
        "metadata": {
            "name": name,
            "namespace": target.namespace,
            **({"labels": meta["labels"]} if meta.get("labels") else {}),
            **({"annotations": kept} if kept else {}),
        },
        "spec": {**live["spec"], "clusterQueue": cluster_queue},
    }
    old = live["spec"].get("clusterQueue")
    for text in (
        f"# Instead of leading LocalQueue {name} from {old} to {cluster_queue}: delete it, then apply this.",
        f"# Jobs that wait keep their age and wait at {cluster_queue} then; jobs with quota end in {old}.",
        f"#   kubectl delete localqueue {name} -n {target.namespace}",
        "#   kubectl apply -f THIS_FILE",
        *lines(new),
    ):
        _print.line(text)
    _print.flush()
    raise Refused(
        f"LocalQueue {name} leads to {old}, and that cannot be changed: nothing was written",
        "the manifest above makes it anew; a new LocalQueue and `k8sai queue move -l … --to NEW` do as well",
    )
