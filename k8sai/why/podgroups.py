"""Which PodGroup a pod names, by each of the ways in which schedulers have it named."""

from collections.abc import Callable
from typing import Final

from k8sai.cluster.reading import Json

CORE: Final = "podgroups.scheduling.k8s.io"  # Kubernetes 1.36 and later
COSCHEDULING: Final = "podgroups.scheduling.x-k8s.io"
VOLCANO: Final = "podgroups.scheduling.volcano.sh"
KAI: Final = "podgroups.scheduling.run.ai"


def _core(pod: Json) -> str:
    return str((pod["spec"].get("schedulingGroup") or {}).get("podGroupName") or "")


def _coscheduling(pod: Json) -> str:
    labels = pod["metadata"].get("labels") or {}
    said = (labels.get(key) for key in ("scheduling.x-k8s.io/pod-group", "pod-group.scheduling.sigs.k8s.io"))
    return next(filter(None, said), "")


def _volcano(pod: Json) -> str:
    return str((pod["metadata"].get("annotations") or {}).get("scheduling.k8s.io/group-name") or "")


def _kai(pod: Json) -> str:
    return str((pod["metadata"].get("annotations") or {}).get("pod-group-name") or "")


# By the resource of the group; what stands first is asked first.
NAMED: Final[dict[str, Callable[[Json], str]]] = {
    CORE: _core,
    COSCHEDULING: _coscheduling,
    VOLCANO: _volcano,
    KAI: _kai,
}


def belongs(resource: str, name: str) -> Callable[[Json], bool]:
    """Whether a pod names this group."""
    named = NAMED[resource]
    return lambda pod: named(pod) == name
