"""What a drain writes on a node: unschedulable with its marks, and two conditions, both ways.

The conditions are KEP-5683's; they are written by strategic merge, because a JSON merge patch would wipe Ready and the
rest. They are only for others to see: who may not write them drains all the same.
"""

from typing import TYPE_CHECKING, Final, Literal

from k8sai.ages import stamp
from k8sai.cluster.discovery import Resource
from k8sai.cluster.patching import Stale, patch
from k8sai.cluster.writing import Target
from k8sai.errors import Locked
from k8sai.evict.facts import Json
from k8sai.evict.keeping.names import CORDONED, MARK

if TYPE_CHECKING:
    from k8sai.cluster.writing import Writer

NODES: Final = Resource("", "v1", "nodes", "Node", False, ())
IN_PROGRESS: Final = "DrainInProgress"
DRAINED: Final = "Drained"
_STRATEGIC: Final = "application/strategic-merge-patch+json"
_OURS: Final = "k8sai evict "  # begins the message of our conditions
Marked = Literal["", "draining", "drained"]


def target(name: str) -> Target:
    """The node's place."""
    return Target(NODES, "", name)


def marked(node: Json, drain: str) -> Marked:
    """What our conditions say."""
    kinds = {
        one.get("type"): one.get("status")
        for one in (node.get("status") or {}).get("conditions") or ()
        if one.get("message") == f"{_OURS}{drain}"
    }
    if kinds.get(DRAINED) == "True":
        return "drained"
    return "draining" if kinds.get(IN_PROGRESS) == "True" else ""


def notes(node: Json) -> dict[str, str]:
    """Annotations."""
    found: dict[str, str] = node["metadata"].get("annotations") or {}
    return found


def cordoned(node: Json) -> bool:
    return (node.get("spec") or {}).get("unschedulable") is True


def cordon(node: Json, drain: str, free: str) -> list[Json]:
    """Unschedulable, with our mark, in one patch; that it was we who cordoned it is said only where that is so. `free`
    is the mark of a drain that is over, which may be replaced. Raises Locked where another drain's is on it.
    """
    known = notes(node)
    mark = known.get(MARK, "")
    if mark not in ("", drain, free):
        raise Locked(
            f"node {node['metadata']['name']} is marked by drain {mark}",
            f"`k8sai evict status {mark}`; `k8sai evict abort {mark}` takes the mark away",
        )
    again = known.get(CORDONED) == drain
    ours = {MARK: drain, **({} if cordoned(node) and not again else {CORDONED: drain})}
    operations = [*_same(node, free_marks=known), *_annotated(node, ours)]
    if not cordoned(node):
        operations.append({"op": "add", "path": "/spec/unschedulable", "value": True})
    return operations


def uncordon(node: Json, drain: str) -> list[Json]:
    """Our marks off it; schedulable again only where they say that we cordoned it, and nobody else's mark is on it."""
    known = notes(node)
    operations = _same(node, free_marks=known)
    operations += [_removed(key) for key in (MARK, CORDONED) if known.get(key) == drain]
    if known.get(CORDONED) == drain and known.get(MARK) in (None, drain) and cordoned(node):
        operations.append({"op": "remove", "path": "/spec/unschedulable"})
    return operations


def _same(node: Json, free_marks: dict[str, str]) -> list[Json]:
    """It is the node that was read, and nobody has marked or cordoned it since."""
    tests: list[Json] = [{"op": "test", "path": "/metadata/uid", "value": node["metadata"].get("uid")}]
    tests.append({"op": "test", "path": "/spec/unschedulable", "value": True if cordoned(node) else None})
    if "annotations" in node["metadata"]:
        tests += [{"op": "test", "path": _note(key), "value": free_marks.get(key)} for key in (MARK, CORDONED)]
    return tests


def _annotated(node: Json, values: dict[str, str]) -> list[Json]:
    if "annotations" not in node["metadata"]:
        absent = {"op": "test", "path": "/metadata/annotations", "value": None}
        return [absent, {"op": "add", "path": "/metadata/annotations", "value": values}]
    return [{"op": "add", "path": _note(key), "value": value} for key, value in values.items()]


def _removed(key: str) -> Json:
    return {"op": "remove", "path": _note(key)}


def _note(key: str) -> str:
    return f"/metadata/annotations/{key.replace('~', '~0').replace('/', '~1')}"


def write(writer: "Writer", node: Json, operations: list[Json]) -> None:
    """Raises Stale where it is not as it was read, Forbidden, NotFound, ClusterError."""
    patch(writer, target(node["metadata"]["name"]), operations)


def condition(writer: "Writer", node: Json, drain: str, say: Marked, at: float) -> None:
    """Both conditions, or neither where `say` is empty. Raises Forbidden, NotFound, ApiConflict, ClusterError."""
    kinds = (IN_PROGRESS, DRAINED)
    changes = [_condition(kind, say, drain, at) if say else {"$patch": "delete", "type": kind} for kind in kinds]
    body: Json = {"metadata": {"uid": node["metadata"]["uid"]}, "status": {"conditions": changes}}
    path = f"{target(node['metadata']['name']).path}/status"
    writer.send("PATCH", path, {"fieldManager": writer.manager}, body, _STRATEGIC)


def _condition(kind: str, say: Marked, drain: str, at: float) -> Json:
    holds = (kind == DRAINED) == (say == "drained")
    reason = "DrainCompleted" if say == "drained" else "AdminRequested"
    found = {"type": kind, "status": "True" if holds else "False", "reason": reason}
    return {**found, "message": f"{_OURS}{drain}", "lastTransitionTime": stamp(at), "lastHeartbeatTime": stamp(at)}


__all__ = ["Stale", "condition", "cordon", "cordoned", "marked", "notes", "target", "uncordon", "write"]
