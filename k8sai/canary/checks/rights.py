"""What a rollout needs to be allowed, as data; and whether this user is, asked before the first write.

A right is asked for all objects of a kind, then for the one by its name (SelfSubjectAccessReview).
https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
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


_SEES: Final = ("get", "list")
_PODS: Final = Right(("list",), "pods", soft=True)
_WORKLOADS: Final = tuple(Right(_SEES, kind, soft=True) for kind in ("deployments.apps", "statefulsets.apps"))
_BEHIND: Final = (
    Right(("get",), "services", soft=True),
    Right(("get",), "inferencepools.inference.networking.k8s.io", soft=True),
    Right(("list",), "endpointslices.discovery.k8s.io", soft=True),
    Right(("list",), "horizontalpodautoscalers.autoscaling", soft=True),
    _PODS,
    *_WORKLOADS,
)
# What each backend touches beside its target, from the first shift to the last write.
BESIDE: Final[Mapping[str, tuple[Right, ...]]] = {
    "httproute": (*_BEHIND, Right(("patch",), "deployments.apps"), Right(("patch",), "statefulsets.apps")),
    "virtualservice": (*_BEHIND, Right(("patch",), "deployments.apps"), Right(("patch",), "statefulsets.apps")),
    "modelrewrite": (Right(_SEES, "inferencepools.inference.networking.k8s.io", soft=True), _PODS),
    "kserve-standard": (*_WORKLOADS, Right(_SEES, "httproutes.gateway.networking.k8s.io", soft=True), _PODS),
    "kserve-knative": (Right(_SEES, "revisions.serving.knative.dev", soft=True), _PODS),
    "knative": (Right(_SEES, "revisions.serving.knative.dev", soft=True), _PODS),
    "llmisvc-group": (*_WORKLOADS, Right(("list",), "llminferenceservices.serving.kserve.io", soft=True), _PODS),
    "rollout": (Right(_SEES, "replicasets.apps"), _PODS),
}
# Subresources of the target that are written.
_THROUGH: Final[Mapping[str, tuple[str, ...]]] = {"rollout": ("status",)}
# Backends whose second side is an object of the target's kind with another name.
_PAIRS: Final = ("llmisvc-group",)


def needed(backend: str, ref: Ref, rollout: str = "", *, begins: bool = False) -> tuple[Right, ...]:
    """All that `run` needs for a rollout that has begun, the least there is; with `begins` what `start` needs too.

    `rollout` is its id; without one the right is for snapshots of any name.
    """
    snapshot = (snapshot_at(ref, rollout).name,) if rollout else ()
    own = () if backend in _PAIRS else (ref.name,)
    found = (
        Right(("get", "patch"), "configmaps", (stem(ref),)),
        Right(("get",), "configmaps", snapshot),
        Right(("get", "patch"), "leases.coordination.k8s.io", (stem(ref),)),
        Right(("get", "patch"), ref.kind, own),
        *(Right(("patch",), ref.kind, own, part) for part in _THROUGH.get(backend, ())),
        *BESIDE.get(backend, ()),
    )
    return (*found, *_beginning(backend, ref)) if begins else found


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
