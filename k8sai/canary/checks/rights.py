"""What a rollout needs to be allowed, as data; and whether this user is, asked before the first write.

A right is asked for all objects of a kind, then for the one by its name (SelfSubjectAccessReview).
https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from k8sai.canary.facts import Json, Ref
from k8sai.canary.keeping.names import snapshot_at, stem
from k8sai.cluster.discovery import Resource
from k8sai.errors import ClusterError, Forbidden

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading
    from k8sai.cluster.writing import Writer


@dataclass(frozen=True, slots=True)
class Right:
    """Verbs on a kind (`rollouts.argoproj.io`), of its `subresource`, of objects of these names or of all.

    `soft`: without it something is not seen, and the rollout goes on.
    """

    verbs: tuple[str, ...]
    kind: str
    names: tuple[str, ...] = ()
    subresource: str = ""
    soft: bool = False

    @property
    def resource(self) -> Resource:
        """As access is asked for: in any version."""
        plural, _, group = self.kind.partition(".")
        return Resource(group, "*", plural, "", True, ())

    @property
    def title(self) -> str:
        """`rollouts.argoproj.io/status`, as `kubectl auth can-i` takes it with --subresource."""
        return f"{self.kind}/{self.subresource}" if self.subresource else self.kind


@dataclass(frozen=True, slots=True)
class Lack:
    """A verb that is not allowed; `ask` is the command that tells when it is."""

    verb: str
    right: Right
    namespace: str
    ask: str

    @property
    def sentence(self) -> str:
        return f"you may not {self.verb} {self.right.title} in namespace {self.namespace}"


_GET: Final = ("get",)
_LIST: Final = ("list",)
_PODS: Final = Right(_LIST, "pods", soft=True)
_POOLS: Final = tuple(
    Right(_GET, f"inferencepools.{group}", soft=True)
    for group in ("inference.networking.k8s.io", "inference.networking.x-k8s.io")
)
_BEHIND: Final = (  # what stands behind a Service or a pool
    Right(_GET, "services", soft=True),
    *_POOLS,
    Right(_LIST, "endpointslices.discovery.k8s.io", soft=True),
    Right(_LIST, "horizontalpodautoscalers.autoscaling", soft=True),
    Right(_LIST, "deployments.apps", soft=True),
    Right(_LIST, "statefulsets.apps", soft=True),
)
_SIZED: Final = tuple(Right(("get", "patch"), kind) for kind in ("deployments.apps", "statefulsets.apps"))
_REVISIONS: Final = Right(_LIST, "revisions.serving.knative.dev", soft=True)
# What each backend touches beside its target, from the first shift to the last write.
BESIDE: Final[Mapping[str, tuple[Right, ...]]] = {
    "httproute": (*_BEHIND, *_SIZED),
    "virtualservice": (*_BEHIND, Right(_LIST, "destinationrules.networking.istio.io"), *_SIZED),
    "modelrewrite": _BEHIND,
    "kserve-standard": (
        Right(_GET, "deployments.apps", soft=True),
        Right(_GET, "httproutes.gateway.networking.k8s.io", soft=True),
    ),
    "kserve-knative": (_REVISIONS,),
    "knative": (_REVISIONS,),
    "llmisvc-group": (Right(_GET, "deployments.apps", soft=True),),
    "rollout": (Right(_LIST, "replicasets.apps"),),
}
# Subresources of the target that are written.
_THROUGH: Final[Mapping[str, tuple[str, ...]]] = {"rollout": ("status",)}
# Backends whose second side is an object of the target's kind with another name.
_PAIRS: Final = ("llmisvc-group",)

Names = Mapping[str, tuple[str, ...]]  # by kind


def needed(
    backend: str, ref: Ref, rollout: str = "", driven: Names | None = None, *, begins: bool = False
) -> tuple[Right, ...]:
    """All that `run` needs for a rollout that has begun, the least there is; with `begins` what `start` needs too.

    `rollout` is its id, `driven` are the objects that are written beside the target; without them the rights are for
    objects of any name.
    """
    snapshot = (snapshot_at(ref, rollout).name,) if rollout else ()
    found = (
        Right(("get", "patch"), "configmaps", (stem(ref),)),
        Right(_GET, "configmaps", snapshot),
        Right(("get", "patch"), "leases.coordination.k8s.io", (stem(ref),)),
        *_of_targets(backend, ref, driven),
        *(Right(("patch",), ref.kind, (ref.name,), part) for part in _THROUGH.get(backend, ())),
        _PODS,
        *(one for right in BESIDE.get(backend, ()) for one in _named(right, driven)),
    )
    return (*found, *_beginning(backend, ref)) if begins else found


def driven(objects: Iterable[Json]) -> Names:
    """Of what a backend has seen beside its target: the names by kind, as rights say them."""
    found: dict[str, tuple[str, ...]] = {}
    for one in objects:
        if "kind" not in one or "metadata" not in one:
            continue  # what a backend has made of several
        group, slash, _ = str(one.get("apiVersion") or "").partition("/")
        plural = f"{str(one['kind']).lower()}s"
        kind = f"{plural}.{group}" if slash else plural
        found[kind] = tuple(dict.fromkeys((*found.get(kind, ()), str(one["metadata"]["name"]))))
    return found


def _of_targets(backend: str, ref: Ref, driven: Names | None) -> Iterator[Right]:
    verbs = ("get", "patch")
    if backend not in _PAIRS:
        yield Right(verbs, ref.kind, (ref.name,))
        return
    both = dict.fromkeys((ref.name, *driven.get(ref.kind, ()))) if driven is not None else ()
    yield Right(verbs, ref.kind, tuple(both))
    yield Right(_LIST, ref.kind)


def _named(right: Right, driven: Names | None) -> Iterator[Right]:
    """A right to write is for what is driven alone; none where there is nothing."""
    if "patch" not in right.verbs or driven is None:
        yield right
    elif names := driven.get(right.kind):
        yield replace(right, names=names)


def _beginning(backend: str, ref: Ref) -> Iterator[Right]:
    """What is made; a name that is not there yet cannot be part of a right."""
    yield Right(("create",), "configmaps")
    yield Right(("create",), "leases.coordination.k8s.io")
    yield Right(("list", "delete"), "configmaps", soft=True)  # snapshots of earlier rollouts
    if backend in _PAIRS:
        yield Right(("create",), ref.kind)


# --- asked ------------------------------------------------------------------------------------------------------------


def lacking(writer: "Writer", rights: Iterable[Right], namespace: str) -> Iterator[Lack]:
    """Every verb that is not allowed. Raises Forbidden and ClusterError where nobody answers."""
    known: dict[tuple[str, str, str], bool] = {}
    for right in rights:
        for verb in right.verbs:
            key = (verb, right.title, ",".join(right.names))
            if key not in known:
                known[key] = _may(writer, verb, right, namespace)
                if not known[key]:
                    yield Lack(verb, right, namespace, _ask(writer, verb, right, namespace))


def insist(writer: "Writer", rights: Iterable[Right], namespace: str, read: "Reading") -> tuple[str, ...]:
    """What will not be seen, in sentences. Raises Forbidden where a right is missing that a rollout needs.

    Kinds that the cluster does not serve are not asked for.
    """
    asked = [right for right in rights if read.served(right.kind)]
    try:
        found = list(lacking(writer, asked, namespace))
    except (Forbidden, ClusterError) as error:
        return (f"nobody says what you may do: {error.message}",)
    hard = [one for one in found if not one.right.soft]
    if hard:
        first, *others = hard
        raise Forbidden(
            f"nothing was written: {first.sentence}",
            f"ask an admin for it; this tells when it is granted: `{first.ask}`",
            tuple(one.sentence for one in others),
        )
    kinds = list(dict.fromkeys(one.right.title for one in found))
    return (f"{', '.join(kinds)} may not be read: what they would say is not said",) if kinds else ()


def _may(writer: "Writer", verb: str, right: Right, namespace: str) -> bool:
    """For all of the kind, or for each one by its name, which nobody can be given before it is there."""
    if writer.may(verb, right.resource, namespace, subresource=right.subresource):
        return True
    return bool(right.names) and all(
        writer.may(verb, right.resource, namespace, name, right.subresource) for name in right.names
    )


def _ask(writer: "Writer", verb: str, right: Right, namespace: str) -> str:
    named = f"{right.kind}/{right.names[0]}" if right.names else right.kind
    below = f" --subresource={right.subresource}" if right.subresource else ""
    return f"{writer.can_i(verb, named, namespace)}{below}"


# --- as a Role --------------------------------------------------------------------------------------------------------


def rules(rights: Iterable[Right]) -> list[Json]:
    """The rules of a Role that gives these rights and no other: what is of one group, names and verbs in one rule."""
    found: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for right, verbs in _merged(rights):
        resource = right.resource
        part = f"{resource.plural}/{right.subresource}" if right.subresource else resource.plural
        found.setdefault((resource.group, right.names, verbs), []).append(part)
    return [_rule(*key, resources) for key, resources in found.items()]


def _merged(rights: Iterable[Right]) -> Iterator[tuple[Right, tuple[str, ...]]]:
    """Each resource and names once, with all verbs."""
    found: dict[tuple[str, tuple[str, ...]], tuple[Right, dict[str, None]]] = {}
    for right in rights:
        _, verbs = found.setdefault((right.title, right.names), (right, {}))
        verbs.update(dict.fromkeys(right.verbs))
    for right, verbs in found.values():
        yield right, tuple(verbs)


def _rule(group: str, names: tuple[str, ...], verbs: tuple[str, ...], resources: list[str]) -> Json:
    found: Json = {"apiGroups": [group], "resources": resources}
    found |= {"resourceNames": list(names)} if names else {}
    return {**found, "verbs": list(verbs)}
