"""Ray on KubeRay: a RayJob is suspended as a whole, a RayCluster alone; a RayService cannot be stopped whole.

Source: ray.io/v1, ValidateRayJobSpec of KubeRay: a RayJob may be suspended only with shutdownAfterJobFinishes and a
cluster of its own.
"""

from typing import Final

from k8sai.evict.facts import Json, Switch
from k8sai.evict.gangs.form import Form, Seen, children, number, ref_of, suspended_at, within
from k8sai.evict.gangs.kinds import RAYCLUSTER, RAYJOB, RAYSERVICE
from k8sai.evict.gangs.pods import labels

_NODE_TYPE: Final = "ray.io/node-type"


def _pods(cluster: Json | None) -> int:
    """The head, and the workers that are asked for; the autoscaler writes there too. 0 where it is not known."""
    groups = within(cluster or {}, "spec", "workerGroupSpecs") or ()
    workers = sum(number(one.get("replicas"), 0) * number(one.get("numOfHosts"), 1) for one in groups)
    return 1 + workers if cluster else 0


def _expected(seen: Seen) -> int:
    """The pod that submits a RayJob is not below its cluster."""
    below = seen.of(RAYCLUSTER) or next(iter(children(seen, RAYCLUSTER, seen.top)), None)
    return _pods(below)


def _restarts(seen: Seen) -> str:
    if any(labels(pod).get(_NODE_TYPE) == "head" for pod in seen.pods):
        return "evicting a worker replaces it alone; evicting the head loses the whole cluster"
    return "evicting a worker replaces it alone"


def _of_job(seen: Seen) -> Switch:
    if seen.spec("clusterSelector"):
        return Switch("none", why="the RayJob runs on a cluster that is not its own, and cannot be suspended")
    if seen.spec("shutdownAfterJobFinishes") is not True:
        return Switch("none", why="KubeRay suspends a RayJob only where shutdownAfterJobFinishes is true")
    return Switch("suspend", ref_of(seen.top), ("spec", "suspend"))


def _of_service(_: Seen) -> Switch:
    return Switch("none", why="a RayService has no switch, and suspending its RayCluster is undone")


JOB: Final = Form(RAYJOB, _of_job, _expected, _restarts)
CLUSTER: Final = Form(RAYCLUSTER, suspended_at("spec", "suspend"), _expected, _restarts)
SERVICE: Final = Form(RAYSERVICE, _of_service, _expected, _restarts)
