"""The kinds one can ask about: as kubectl names them, what they own, and how their pods are found."""

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from k8sai.errors import Usage
from k8sai.why.podgroups import NAMED


@dataclass(frozen=True, slots=True)
class Kind:
    """`resource` is written as `Objects` wants it; `children` are the resources it makes that may own pods.

    Where `label` is set, it holds the name of the object on each of its pods.
    """

    kind: str
    resource: str
    short: tuple[str, ...] = ()
    children: tuple[str, ...] = field(default=())
    label: str = ""

    @property
    def plural(self) -> str:
        return self.resource.partition(".")[0]

    @property
    def group(self) -> str:
        return self.resource.partition(".")[2]

    @property
    def word(self) -> str:
        """What a person types: `job`, or `pytorchjob`."""
        return self.kind.lower()


_JOBS, _JOBSETS = "jobs.batch", "jobsets.jobset.x-k8s.io"
_LWS = "leaderworkersets.leaderworkerset.x-k8s.io"
_DEPLOYMENTS, _REPLICASETS = "deployments.apps", "replicasets.apps"
_STATEFULSETS, _RAYCLUSTERS = "statefulsets.apps", "rayclusters.ray.io"
_TRAINING: Final = ("PyTorchJob", "TFJob", "MPIJob", "XGBoostJob", "PaddleJob", "JAXJob")

POD: Final = Kind("Pod", "pods", ("po",))
WORKLOAD: Final = Kind("Workload", "workloads.kueue.x-k8s.io", ("wl", "kueueworkload"))
# The outermost first: a plain name that several objects have means the one that made the others.
OWNERS: Final = (
    Kind("TrainJob", "trainjobs.trainer.kubeflow.org", (), (_JOBSETS,)),
    Kind("AppWrapper", "appwrappers.workload.codeflare.dev", ("aw",), (_JOBS, _JOBSETS)),
    Kind("RayJob", "rayjobs.ray.io", (), (_RAYCLUSTERS, _JOBS)),
    Kind("RayService", "rayservices.ray.io", (), (_RAYCLUSTERS,)),
    Kind("RayCluster", _RAYCLUSTERS),
    *(Kind(kind, f"{kind.lower()}s.kubeflow.org", (), (_JOBS,)) for kind in _TRAINING),
    Kind("JobSet", _JOBSETS, (), (_JOBS,)),
    Kind(
        "InferenceService",
        "inferenceservices.serving.kserve.io",
        ("isvc",),
        (_DEPLOYMENTS,),
        "serving.kserve.io/inferenceservice",
    ),
    Kind("LLMInferenceService", "llminferenceservices.serving.kserve.io", ("llmisvc",), (_DEPLOYMENTS, _LWS)),
    Kind("LeaderWorkerSet", _LWS, ("lws",), (_STATEFULSETS,), "leaderworkerset.sigs.k8s.io/name"),
    Kind("CronJob", "cronjobs.batch", ("cj",), (_JOBS,)),
    Kind("Job", _JOBS),
    Kind("Job", "jobs.batch.volcano.sh", ("vcjob", "vj")),
    Kind("Rollout", "rollouts.argoproj.io", ("ro",), (_REPLICASETS,)),
    Kind("Deployment", _DEPLOYMENTS, ("deploy",), (_REPLICASETS,)),
    Kind("StatefulSet", _STATEFULSETS, ("sts",)),
    Kind("DaemonSet", "daemonsets.apps", ("ds",)),
    Kind("ReplicaSet", _REPLICASETS, ("rs",)),
    Kind("ReplicationController", "replicationcontrollers", ("rc",)),
)
# Each scheduler has a PodGroup of its own; its pods name it, and it makes none.
POD_GROUPS: Final = tuple(Kind("PodGroup", resource, ("pg",)) for resource in NAMED)
KINDS: Final = (POD, WORKLOAD, *OWNERS, *POD_GROUPS)


def kind_of(word: str) -> Kind:
    """From what a person types: `po`, `pods`, `job.batch`, `lws`. Raises Usage."""
    asked = word.lower()
    name, _, group = asked.partition(".")
    for kind in KINDS:
        if name in (kind.word, kind.plural, *kind.short) and (not group or kind.group.startswith(group)):
            return kind
    if name in ("node", "nodes", "no"):
        raise Usage("a node does not wait for anything", "`k8sai top --all-nodes` shows how nodes are")
    words = sorted({w for kind in KINDS for w in (kind.word, *kind.short)})
    near = get_close_matches(name, words, 1)
    raise Usage(
        f"{word!r} is no kind that runs pods", f"did you mean {near[0]}?" if near else f"kinds: {', '.join(words)}"
    )


def named(resource: str) -> Kind | None:
    """The kind behind a resource of our table."""
    return next((kind for kind in KINDS if kind.resource == resource), None)


def owning(api_version: str, kind: str) -> Kind | None:
    """The kind that an ownerReference names."""
    group = api_version.rpartition("/")[0]
    return next((k for k in KINDS if k.kind == kind and k.group == group), None)


def asked(words: tuple[str, ...]) -> tuple[Kind | None, str]:
    """`KIND NAME`, `KIND/NAME` or `NAME` (no kind said). Raises Usage."""
    if len(words) == 1 and "/" in words[0]:
        kind, _, name = words[0].partition("/")
        if name and "/" not in name:
            return kind_of(kind), name
    elif len(words) == 1 and words[0]:
        return None, words[0]
    elif len(words) == 2 and "/" not in words[0] + words[1]:
        return kind_of(words[0]), words[1]
    raise Usage("name one object: a pod's name, KIND NAME or KIND/NAME", "`k8sai why job/train`")
