"""Who the pods on nodes belong to, and which nodes are not ready: what leaves when a workload or a node does."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from k8sai.cluster.sources import Kind
from k8sai.errors import NotFound, Usage
from k8sai.facts import Node, Object, Pod
from k8sai.fleet.owners import owner
from k8sai.scheduling.intake import bound

_MIRROR: Final = "kubernetes.io/config.mirror"
# How people write kinds; whatever is not here is compared without case, plural and group.
_SHORT: Final = {
    "po": "pod",
    "deploy": "deployment",
    "sts": "statefulset",
    "rs": "replicaset",
    "lws": "leaderworkerset",
}


class Roster:
    """A sink that keeps the pods; filled once, before it is asked."""

    def __init__(self) -> None:
        self._pods: dict[tuple[str, str], Pod] = {}
        self.unready: set[str] = set()  # names of nodes

    def put(self, kind: Kind, obj: Object) -> None:
        if isinstance(obj, Pod):
            self._pods[obj.metadata.namespace, obj.metadata.name] = obj
        elif isinstance(obj, Node):
            ready = any(c.type == "Ready" and c.status == "True" for c in obj.status.conditions or ())
            (self.unready.discard if ready else self.unready.add)(obj.metadata.name)

    def drop(self, kind: Kind, obj: Object) -> None:
        if isinstance(obj, Pod):
            self._pods.pop((obj.metadata.namespace, obj.metadata.name), None)
        elif isinstance(obj, Node):
            self.unready.discard(obj.metadata.name)

    def replace(self, kind: Kind, objects: Iterable[Object]) -> None:
        if kind == "pods":
            self._pods.clear()
        elif kind == "nodes":
            self.unready.clear()
        for one in objects:
            self.put(kind, one)

    def pod(self, namespace: str, name: str) -> Pod | None:
        """By name."""
        return self._pods.get((namespace, name))

    def all(self) -> list[Pod]:
        """Every pod."""
        return list(self._pods.values())

    def ending(self) -> list[Pod]:
        """Bound pods that were told to end and still hold what they hold."""
        return [pod for pod in self._pods.values() if bound(pod) and pod.metadata.deletion_timestamp is not None]

    def daemons(self) -> frozenset[str]:
        """The uids of pods that nodes always have: of DaemonSets and static ones."""
        return frozenset(pod.metadata.uid for pod in self._pods.values() if bound(pod) and _of_node(pod))

    def on(self, node: str) -> list[Pod]:
        """The pods that count on a node."""
        return [pod for pod in self._pods.values() if pod.spec.node_name == node and bound(pod)]

    def of(self, text: str, namespace: str) -> tuple[str, list[Pod]]:
        """The title of `KIND/NAME` or a pod's NAME, and its pods that count on nodes or wait.

        `namespace` narrows it; without one the name must be found in one namespace only. Raises NotFound, Usage.
        """
        kind, slash, name = text.rpartition("/")
        kind = _plain(kind) if slash else "pod"
        found: dict[tuple[str, str], list[Pod]] = {}
        for pod in self._pods.values():
            meta = pod.metadata
            if namespace and meta.namespace != namespace:
                continue
            title = _title(pod, kind)
            if title.rpartition("/")[2] == name and _plain(title.rpartition("/")[0]) == kind:
                found.setdefault((meta.namespace, title), []).append(pod)
        if not found:
            raise self._unknown(text, kind, namespace)
        if len({where for where, _ in found}) > 1:
            where = ", ".join(sorted({where for where, _ in found}))
            raise Usage(f"--after-finish {text}: there is one in {where}", "say which with -n")
        (where, title), pods = next(iter(found.items()))
        return f"{title} in {where}", pods

    def _unknown(self, text: str, kind: str, namespace: str) -> NotFound:
        titles = {_title(pod, kind) for pod in self._pods.values() if namespace in ("", pod.metadata.namespace)}
        near = get_close_matches(text.rpartition("/")[2], {title.rpartition("/")[2] for title in titles}, 1)
        where = f" in namespace {namespace}" if namespace else ""
        hint = f"did you mean {near[0]!r}?" if near else "write KIND/NAME as in job/train, or a pod's name"
        what = "no such pod" if kind == "pod" else f"no pods of such a {kind}"
        return NotFound(f"--after-finish {text}: {what}{where}", hint)


@dataclass(frozen=True, slots=True)
class Leaving:
    """The pods of a drained node: those a controller makes anew elsewhere, those nobody does, those that just end."""

    again: tuple[Pod, ...]  # the most important first
    lost: tuple[Pod, ...]
    stay: tuple[Pod, ...]  # of the node itself: DaemonSets and static pods; and those that end already


def leaving(pods: Iterable[Pod]) -> Leaving:
    """Sort the pods of a node by what a drain means for them."""
    again: list[Pod] = []
    lost: list[Pod] = []
    stay: list[Pod] = []
    for pod in pods:
        if _of_node(pod) or pod.metadata.deletion_timestamp is not None:
            stay.append(pod)
        else:
            (again if _controller(pod) else lost).append(pod)
    again.sort(key=lambda pod: (-(pod.spec.priority or 0), pod.metadata.creation_timestamp or "", pod.metadata.name))
    return Leaving(tuple(again), tuple(lost), tuple(stay))


def _controller(pod: Pod) -> str:
    """The kind of the pod's controller."""
    return next((ref.kind for ref in pod.metadata.owner_references or () if ref.controller), "")


def _of_node(pod: Pod) -> bool:
    return _controller(pod) in ("DaemonSet", "Node") or _MIRROR in (pod.metadata.annotations or {})


def _title(pod: Pod, kind: str) -> str:
    """`Kind/name` of the pod itself, of its direct controller if that is of this kind, else of the top one."""
    meta = pod.metadata
    if kind == "pod":
        return f"Pod/{meta.name}"
    direct = next((ref for ref in meta.owner_references or () if ref.controller and _plain(ref.kind) == kind), None)
    return f"{direct.kind}/{direct.name}" if direct is not None else owner(meta) or f"Pod/{meta.name}"


def _plain(kind: str) -> str:
    """`Jobs.batch`, `job` and `Job` are the same."""
    word = kind.partition(".")[0].casefold()
    word = _SHORT.get(word, word)
    return word.removesuffix("s") if not word.endswith("ss") else word
