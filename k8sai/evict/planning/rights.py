"""What a drain must be allowed, as data: asked by SelfSubjectAccessReviews for a plan, printed as a ClusterRole.

A right is (verb, plural with its group, subresource, namespace); namespace "" is the whole cluster.
https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from k8sai.cluster.discovery import Resource
from k8sai.cluster.writing import Writer
from k8sai.evict.facts import Gang
from k8sai.evict.method import Right
from k8sai.evict.planning.asking import said

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

WORKLOADS: Final = "workloads.kueue.x-k8s.io"
LEASES: Final = "leases.coordination.k8s.io"
RULES: Final = "devicetaintrules.resource.k8s.io"
EVENTS: Final = "events.events.k8s.io"


class Asking(Writer):
    """A writer that asks for each right once, whoever wants to know: methods ask for the same again and again."""

    def __init__(self, connection: "Connection") -> None:
        super().__init__(connection)
        self._answers: dict[tuple[str, ...], bool] = {}

    def may(self, verb: str, resource: Resource, namespace: str = "", name: str = "", subresource: str = "") -> bool:
        key = (verb, resource.group, resource.plural, namespace, name, subresource)
        if key not in self._answers:
            self._answers[key] = super().may(verb, resource, namespace, name, subresource)
        return self._answers[key]


class Rights:
    """What this user may, as far as a drain needs it."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def may(self, right: Right) -> bool:
        """Raises Forbidden and ClusterError where nobody answers."""
        verb, plural, sub, namespace = right
        name, _, group = plural.partition(".")
        return self._writer.may(verb, Resource(group, "*", name, "", True, ()), namespace, subresource=sub)

    def lacking(self, gang: Gang) -> Iterator[str]:
        """What is missing to stop and start this gang, in sentences."""
        for right in of_gang(gang):
            if not self.may(right):
                yield f"you may not {said(right)}"

    def missing(self, rights: Iterable[Right]) -> tuple[str, ...]:
        """Of these, as sentences."""
        return tuple(dict.fromkeys(f"you may not {said(right)}" for right in rights if not self.may(right)))


def of_gang(gang: Gang) -> Iterator[Right]:
    """To mark it, stop it and start it again."""
    space = gang.ref.namespace
    kind = gang.switch.kind
    if kind == "kueue":
        yield ("patch", WORKLOADS, "", space)
    if kind in ("suspend", "scale") and gang.switch.on is not None:
        yield ("patch", gang.switch.on.kind, "", space)
    if kind in ("evict", "leader"):
        yield ("create", "pods", "eviction", space)


def of_nodes() -> Iterator[Right]:
    """To cordon and uncordon."""
    yield ("patch", "nodes", "", "")


def of_device() -> Iterator[Right]:
    """To close one GPU, and to open it again."""
    yield from ((verb, RULES, "", "") for verb in ("get", "create", "delete"))


def of_pods(namespaces: Iterable[str]) -> Iterator[Right]:
    """To evict what is no gang's."""
    yield from (("create", "pods", "eviction", space) for space in namespaces)


def of_state(namespace: str) -> Iterator[Right]:
    """To keep the journal and the locks."""
    for verb in ("get", "create", "patch"):
        yield (verb, "configmaps", "", namespace)
        yield (verb, LEASES, "", namespace)
