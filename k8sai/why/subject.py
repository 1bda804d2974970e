"""What is asked about: the object, the objects above and below it, and its pods."""

from collections.abc import Iterable
from dataclasses import dataclass

from k8sai.cluster.reading import Json, Reading
from k8sai.errors import K8saiError, NotFound
from k8sai.why.kinds import KINDS, OWNERS, POD, POD_GROUPS, WORKLOAD, Kind, named, owning
from k8sai.why.podgroups import belongs


@dataclass(frozen=True, slots=True)
class Owner:
    """An object that makes pods, directly or not."""

    kind: Kind
    object: Json

    @property
    def name(self) -> str:
        return str(self.object["metadata"]["name"])

    @property
    def said(self) -> str:
        """`job/train`."""
        return f"{self.kind.word}/{self.name}"

    @property
    def uid(self) -> str:
        return str(self.object["metadata"].get("uid", ""))


@dataclass(frozen=True, slots=True)
class Subject:
    """`above` leads from the object to the outermost owner, `below` are the objects it made that make pods."""

    it: Owner
    pods: tuple[Json, ...] = ()
    above: tuple[Owner, ...] = ()
    below: tuple[Owner, ...] = ()

    @property
    def is_pod(self) -> bool:
        return self.it.kind is POD

    def owners_of(self, pod: Json | None) -> tuple[Owner, ...]:
        """Who stands above the pod, the nearest first; of a pod that is not there yet, all there are."""
        if self.is_pod:
            return self.above
        known = {owner.uid: owner for owner in (*self.below, self.it)}
        if pod is None:
            return (*reversed(self.below), self.it, *self.above)
        chain: list[Owner] = []
        at = known.get(_controller(pod).get("uid", ""))
        while at is not None and at not in chain and at is not self.it:
            chain.append(at)
            at = known.get(_controller(at.object).get("uid", ""))
        return (*chain, self.it, *self.above)


def find(reading: Reading, kind: Kind | None, namespace: str, name: str, command: str = "why") -> Subject:
    """Raises NotFound, and Forbidden or ClusterError where the object cannot be read; `command` is what asks."""
    if kind is None:
        return _any(reading, namespace, name, command)
    # One word stands for the PodGroups of all schedulers: the one that is meant is the one that is there.
    kinds = (kind, *(other for other in POD_GROUPS if other is not kind)) if kind in POD_GROUPS else (kind,)
    for each in kinds:
        obj = reading.get(each.resource, namespace, name)
        if obj is not None:
            return _subject(reading, Owner(each, obj), namespace)
    raise _absent(reading, (kind,), f"{kind.word} {name!r}", namespace, name, command)


def _any(reading: Reading, namespace: str, name: str, command: str) -> Subject:
    """A pod of that name, else whoever makes pods and is called so."""
    for kind in (POD, *OWNERS, WORKLOAD, *POD_GROUPS):
        obj = reading.get(kind.resource, namespace, name)
        if obj is not None:
            return _subject(reading, Owner(kind, obj), namespace)
    raise _absent(reading, KINDS, f"pod and no workload {name!r}", namespace, name, command)


def _subject(reading: Reading, it: Owner, namespace: str) -> Subject:
    if it.kind is POD:
        return Subject(it, (it.object,), _above(reading, it.object, namespace))
    if it.kind is WORKLOAD:
        outer = _above(reading, it.object, namespace)
        if outer:
            return _subject(reading, outer[0], namespace)
        return Subject(it, _owned(it.object, reading.list(POD.resource, namespace)))
    if it.kind in POD_GROUPS:
        named = belongs(it.kind.resource, it.name)
        return Subject(it, tuple(filter(named, reading.list(POD.resource, namespace))))
    below = _below(reading, it, namespace)
    uids = {owner.uid for owner in (it, *below)}
    labels = {(owner.kind.label, owner.name) for owner in (it, *below) if owner.kind.label}
    pods = tuple(
        pod
        for pod in reading.list(POD.resource, namespace)
        if _controller(pod).get("uid") in uids or not labels.isdisjoint((pod["metadata"].get("labels") or {}).items())
    )
    return Subject(it, pods, _above(reading, it.object, namespace), below)


def _owned(obj: Json, pods: list[Json]) -> tuple[Json, ...]:
    """Pods that a Workload of a plain pod or of a pod group names as its owners."""
    uids = {ref.get("uid") for ref in obj["metadata"].get("ownerReferences") or ()}
    return tuple(pod for pod in pods if pod["metadata"].get("uid") in uids)


def _above(reading: Reading, obj: Json, namespace: str) -> tuple[Owner, ...]:
    chain: list[Owner] = []
    at = _controller(obj)
    while at and len(chain) < 8:
        kind = owning(at.get("apiVersion", ""), at.get("kind", ""))
        found = reading.get(kind.resource, namespace, at["name"]) if kind is not None else None
        if kind is None or found is None:
            break
        chain.append(Owner(kind, found))
        at = _controller(found)
    return tuple(chain)


def _below(reading: Reading, it: Owner, namespace: str) -> tuple[Owner, ...]:
    found: list[Owner] = []
    for resource in it.kind.children:
        kind = named(resource)
        if kind is None:
            continue
        for obj in reading.list(resource, namespace):
            if any(ref.get("uid") == it.uid for ref in obj["metadata"].get("ownerReferences") or ()):
                child = Owner(kind, obj)
                found += [child, *_below(reading, child, namespace)]
    return tuple(found)


def _controller(obj: Json) -> Json:
    refs = obj["metadata"].get("ownerReferences") or ()
    found: Json = next((ref for ref in refs if ref.get("controller")), refs[0] if refs else {})
    return found


def _absent(
    reading: Reading, kinds: tuple[Kind, ...], what: str, namespace: str, name: str, command: str
) -> K8saiError:
    """Or what kept us from knowing. Near names, since most such names are misspelt or of another namespace."""
    denied = reading.refusal((POD if len(kinds) > 1 else kinds[0]).resource)
    if denied is not None:
        return denied
    near = _elsewhere(reading, kinds, name) or _near(reading, kinds, namespace, name)
    others = f"`kubectl get pods -n {namespace}`" if command == "why" else "`k8sai queue pending -A`"
    hint = f"did you mean `k8sai {command} {near}`?" if near else others
    return NotFound(f"there is no {what} in namespace {namespace}", hint)


def _near(reading: Reading, kinds: Iterable[Kind], namespace: str, name: str) -> str:
    """What is called most like it there, with the namespace; empty for none."""
    from difflib import get_close_matches

    titles: dict[str, str] = {}
    for kind in kinds:
        for obj in reading.list(kind.resource, namespace):
            titles.setdefault(obj["metadata"]["name"], _title(kind, obj["metadata"]["name"]))
    return next((f"{titles[match]} -n {namespace}" for match in get_close_matches(name, titles, 1)), "")


def _elsewhere(reading: Reading, kinds: Iterable[Kind], name: str) -> str:
    """What is called exactly so in another namespace, with the namespace, as `why` takes it; empty for none."""
    for kind in kinds:
        for obj in reading.list(kind.resource, fields=f"metadata.name={name}"):
            return f"{_title(kind, name)} -n {obj['metadata'].get('namespace', '')}"
    return ""


def _title(kind: Kind, name: str) -> str:
    return name if kind is POD else f"{kind.word}/{name}"
