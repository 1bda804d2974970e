"""kubectl drain's filters, in its order and with its flags, for pods that are no gang's.

Source: k8s.io/kubectl/pkg/drain/filters.go: deleted already, DaemonSet, mirror, emptyDir, unmanaged.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from k8sai.evict.facts import Json
from k8sai.evict.plan import Refusal
from k8sai.evict.state import Settings
from k8sai.selectors import selector

_MIRROR: Final = "kubernetes.io/config.mirror"
_ENDED: Final = ("Succeeded", "Failed")
Way = Literal["evict", "skip", "refuse"]


@dataclass(frozen=True, slots=True)
class Sorted:
    """What a drain does with a pod. `why` is the word behind a skip."""

    pod: Json
    way: Way
    refusals: tuple[Refusal, ...] = ()
    why: str = ""


def sort(pods: Iterable[Json], settings: Settings, daemon_sets: Callable[[str, str], bool]) -> list[Sorted]:
    """Each pod with what becomes of it; `daemon_sets` says whether a DaemonSet of a namespace and name is there.

    Raises Usage for a selector that cannot be read.
    """
    wanted = selector(settings.pod_selector)
    return [
        _sorted(pod, settings, daemon_sets)
        if wanted(pod["metadata"].get("labels") or {})
        else Sorted(pod, "skip", why="selector")
        for pod in pods
    ]


def _sorted(pod: Json, settings: Settings, daemon_sets: Callable[[str, str], bool]) -> Sorted:
    meta = pod["metadata"]
    if _MIRROR in (meta.get("annotations") or {}):
        return Sorted(pod, "skip", why="mirror")
    owner = controller(pod)
    if owner.get("kind") == "DaemonSet" and not ended(pod):
        return _daemon(pod, settings, daemon_sets(str(meta.get("namespace", "")), str(owner.get("name", ""))))
    if meta.get("deletionTimestamp"):
        return Sorted(pod, "skip", why="terminating")
    refusals = tuple(one for one in (_scratch(pod, settings), _unmanaged(pod, settings, owner)) if one is not None)
    return Sorted(pod, "refuse" if refusals else "evict", refusals)


def _daemon(pod: Json, settings: Settings, there: bool) -> Sorted:
    """Its controller would make it anew on the cordoned node, so it stays; one whose DaemonSet is gone is an orphan."""
    if not there:
        orphan = Refusal("unmanaged", "its DaemonSet is gone: nothing makes it anew", "add --force", "--force")
        return Sorted(pod, "evict") if settings.force else Sorted(pod, "refuse", (orphan,))
    if settings.ignore_daemonsets:
        return Sorted(pod, "skip", why="daemonset")
    why = "a DaemonSet makes it anew on the same node"
    return Sorted(pod, "refuse", (Refusal("daemonset", why, "add --ignore-daemonsets", "--ignore-daemonsets"),))


def _scratch(pod: Json, settings: Settings) -> Refusal | None:
    if ended(pod) or settings.delete_emptydir or not scratch(pod):
        return None
    names = ", ".join(scratch(pod))
    why = f"what is in its emptyDir is deleted: {names}"
    return Refusal("emptydir", why, "add --delete-emptydir-data", "--delete-emptydir-data")


def _unmanaged(pod: Json, settings: Settings, owner: Json) -> Refusal | None:
    if owner or ended(pod) or settings.force:
        return None
    return Refusal("unmanaged", "nothing makes it anew", "add --force", "--force")


def controller(pod: Json) -> Json:
    """The owner reference that manages it, {} where none does."""
    owners = pod["metadata"].get("ownerReferences") or ()
    return next((one for one in owners if one.get("controller")), {})


def ended(pod: Json) -> bool:
    """It has run to its end: whatever takes it away takes nothing."""
    return (pod.get("status") or {}).get("phase") in _ENDED


def scratch(pod: Json) -> tuple[str, ...]:
    """The names of its emptyDir volumes."""
    volumes = (pod.get("spec") or {}).get("volumes") or ()
    return tuple(str(one.get("name", "")) for one in volumes if "emptyDir" in one)
