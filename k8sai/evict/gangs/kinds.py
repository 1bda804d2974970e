"""The kinds that own pods of gangs, by the apiVersion and kind that an ownerReference names."""

from dataclasses import dataclass
from typing import Final

from k8sai.evict.facts import Json, Ref


@dataclass(frozen=True, slots=True)
class Kind:
    """`group` is "" for the core group. `plural` is as in paths."""

    group: str
    name: str
    plural: str

    @property
    def full(self) -> str:
        """`jobsets.jobset.x-k8s.io`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def word(self) -> str:
        """`jobset`."""
        return self.name.lower()

    def ref(self, obj: Json) -> Ref:
        """The object of this kind."""
        meta = obj["metadata"]
        return Ref(self.full, meta.get("namespace", ""), meta["name"], meta.get("uid", ""), self.word)


POD: Final = Kind("", "Pod", "pods")
JOB: Final = Kind("batch", "Job", "jobs")
STATEFULSET: Final = Kind("apps", "StatefulSet", "statefulsets")
JOBSET: Final = Kind("jobset.x-k8s.io", "JobSet", "jobsets")
TRAINJOB: Final = Kind("trainer.kubeflow.org", "TrainJob", "trainjobs")
LWS: Final = Kind("leaderworkerset.x-k8s.io", "LeaderWorkerSet", "leaderworkersets")
DISAGGREGATED: Final = Kind("disaggregatedset.x-k8s.io", "DisaggregatedSet", "disaggregatedsets")
RAYCLUSTER: Final = Kind("ray.io", "RayCluster", "rayclusters")
RAYJOB: Final = Kind("ray.io", "RayJob", "rayjobs")
RAYSERVICE: Final = Kind("ray.io", "RayService", "rayservices")
VOLCANO_JOB: Final = Kind("batch.volcano.sh", "Job", "jobs")
APPWRAPPER: Final = Kind("workload.codeflare.dev", "AppWrapper", "appwrappers")
KUBEFLOW: Final = tuple(
    Kind("kubeflow.org", name, f"{name.lower()}s")
    for name in ("PyTorchJob", "MPIJob", "TFJob", "XGBoostJob", "PaddleJob", "JAXJob")
)
WORKLOAD: Final = Kind("kueue.x-k8s.io", "Workload", "workloads")
PODGROUP: Final = Kind("scheduling.k8s.io", "PodGroup", "podgroups")

_OWNERS: Final = (
    POD, JOB, STATEFULSET, JOBSET, TRAINJOB, LWS, DISAGGREGATED, RAYCLUSTER, RAYJOB, RAYSERVICE, VOLCANO_JOB,
    APPWRAPPER, *KUBEFLOW,
)  # fmt: skip
OWNERS: Final = {(one.group, one.name): one for one in _OWNERS}

# Owners of pods that make progress one by one: a drain evicts such pods like kubectl, and looks no further up.
SINGLE: Final = frozenset((("apps", "ReplicaSet"), ("apps", "DaemonSet"), ("", "ReplicationController"), ("", "Node")))
# What makes a new owner each time and has no hold on the one that runs.
MAKERS: Final = frozenset((("batch", "CronJob"),))


def group_kind(of: Json) -> tuple[str, str]:
    """The group and kind of an object or of an ownerReference."""
    group, slash, _ = str(of.get("apiVersion") or "").partition("/")
    return (group if slash else "", str(of.get("kind") or ""))
