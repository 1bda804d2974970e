"""What a verb of `queue` that writes is about: a queue, a Workload, or a job and its Workload, as it is now."""

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from k8sai.cluster.writing import Target, Writer
from k8sai.errors import Forbidden, K8saiError, NotFound, Refused, Usage
from k8sai.queues.setting import GROUP, WORKLOADS, Setting

if TYPE_CHECKING:
    from k8sai.cluster.objects import Objects
    from k8sai.queues.facts import Json
    from k8sai.queues.workload import Workload

_QUEUES: Final = {
    "ClusterQueue": ("cq", "clusterqueue", "clusterqueues"),
    "LocalQueue": ("lq", "localqueue", "localqueues", "queue", "queues"),
}
_WORKLOAD: Final = "Workload"
_OF_PODS: Final = ("Deployment", "ReplicaSet", "StatefulSet")
_HIGHEST: Final = 8  # owners above an object


def asked(words: tuple[str, ...]) -> tuple[str, str, str]:
    """Group, kind and name of `cq/NAME`, `lq NAME`, `job/NAME`. Raises Usage."""
    from k8sai.why.kinds import KINDS, kind_of

    word, _, name = "/".join(words).partition("/")
    if not name or "/" in name:
        raise Usage("name one thing: cq/NAME, lq/NAME, workload/NAME or job/NAME", "`k8sai queue list`")
    for kind, known in _QUEUES.items():
        if word.lower().partition(".")[0] in known:
            return GROUP, kind, name
    if word.lower() in ("cohort", "cohorts", "co"):
        raise Usage(
            "a cohort has no stop of its own, and nothing can be moved to it", "name its ClusterQueues: cq/NAME"
        )
    try:
        found = kind_of(word)
    except Usage as error:
        known = ("cq", "clusterqueue", "lq", "localqueue", *(kind.word for kind in KINDS))
        near = get_close_matches(word.lower(), known, 1)
        hint = f"did you mean {near[0]}/{name}?" if near else "cq/NAME, lq/NAME, workload/NAME, job/NAME, jobset/NAME"
        raise Usage(f"{word!r} is neither a queue nor a kind that Kueue queues", hint) from error
    return found.group, found.kind, name


def find(writer: Writer, objects: "Objects", namespace: str, what: tuple[str, str, str]) -> "tuple[Target, Json]":
    """The object as it is. Raises NotFound with a near name, Forbidden, ClusterError."""
    group, kind, name = what
    resource = writer.preferred(group, kind)
    if resource is None:
        raise NotFound(f"{writer.server} does not serve {kind}" + (f" of {group}" if group else ""))
    target = Target(resource, namespace if resource.namespaced else "", name)
    live = writer.live(target)
    if live is None:
        where = f" in namespace {target.namespace}" if target.namespace else ""
        raise NotFound(f"there is no {kind} {name}{where}", _near(objects, target))
    return target, live


def workload_of(setting: Setting, writer: Writer, target: Target, live: "Json") -> "Workload":
    """The one that stands for a job. Raises NotFound, Forbidden, Refused where it is another object's."""
    namespace, title = target.namespace, f"{target.resource.kind.lower()}/{target.name}"
    found = _owned(setting, live)
    if found:
        return found[0]
    if target.resource.kind in _OF_PODS:
        raise Refused(
            f"Kueue queues {title} pod by pod: there is no one Workload of it",
            f"`k8sai queue why {title} -n {namespace}` tells how its pods stand",
        )
    if setting.blind(WORKLOADS) and not setting.workloads:
        gap = next(one for one in setting.hidden if one.what == WORKLOADS)
        raise Forbidden(f"the Workload of {title} cannot be seen: {gap.why}", gap.hint)
    if top := _top(setting, writer, target, live):
        raise Refused(f"{title} is a part of {top}, which Kueue queues as a whole", f"name {top}")
    raise NotFound(f"Kueue has no Workload of {title}", f"`k8sai queue why {title} -n {namespace}` tells why")


def owner_of(writer: Writer, workload: "Workload") -> "tuple[Target, Json]":
    """The job a Workload stands for. Raises Refused where nobody owns it, NotFound."""
    if not workload.owners:
        raise Refused(f"{workload.title} is nobody's: there is no job whose queue could be changed")
    owner = workload.owners[0]
    resource = writer.preferred(owner.api_version.rpartition("/")[0], owner.kind)
    live = writer.live(Target(resource, workload.namespace, owner.name)) if resource else None
    if resource is None or live is None:
        raise NotFound(f"{workload.title}, which workload/{workload.name} stands for, is not there")
    target = Target(resource, workload.namespace, owner.name)
    return target, live


def place_of(writer: Writer, workload: "Workload") -> "tuple[Target, Json]":
    """The Workload as it is now. Raises NotFound."""
    resource = writer.preferred(GROUP, _WORKLOAD)
    target = Target(resource, workload.namespace, workload.name) if resource else None
    live = writer.live(target) if target else None
    if target is None or live is None:
        raise NotFound(f"workload/{workload.name} is gone")
    return target, live


def _owned(setting: Setting, live: "Json") -> "list[Workload]":
    """Those of a job; finished ones last."""
    uid = live["metadata"].get("uid")
    found = [one for one in setting.workloads.values() if any(owner.uid == uid for owner in one.owners)]
    return sorted(found, key=lambda one: (one.holds("Finished"), -one.created))


def _top(setting: Setting, writer: Writer, target: Target, live: "Json") -> str:
    """The object above it that Kueue queues, `jobset/train`; "" for none."""
    for _ in range(_HIGHEST):
        ref = next((one for one in live["metadata"].get("ownerReferences") or () if one.get("controller")), None)
        group = str(ref.get("apiVersion") or "").rpartition("/")[0] if ref else ""
        resource = writer.preferred(group, str(ref.get("kind"))) if ref else None
        above = writer.live(Target(resource, target.namespace, str(ref["name"]))) if ref and resource else None
        if ref is None or above is None:
            return ""
        if _owned(setting, above):
            return f"{str(ref['kind']).lower()}/{ref['name']}"
        live = above
    return ""


def _near(objects: "Objects", target: Target) -> str:
    kind = target.plural
    try:
        there = [one["metadata"]["name"] for one in objects.list(kind, target.namespace)]
    except K8saiError:
        there = []
    longer = [name for name in there if name.startswith(target.name)]
    near = longer if len(longer) == 1 else get_close_matches(target.name, there, 1)
    short = next((known[0] for known_kind, known in _QUEUES.items() if known_kind == target.resource.kind), "")
    word = short or target.resource.kind.lower()
    return f"did you mean {word}/{near[0]}?" if near else "`k8sai queue list`"
