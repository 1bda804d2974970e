"""The least ClusterRole for `evict`: what planning reads, what a drain writes, and what each way to ask needs.

Kinds that the cluster does not serve are left out. `create` of pods/eviction is all an eviction needs, `delete` of pods
is not. SelfSubjectAccessReviews are everybody's by system:basic-user.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, Literal, cast, get_args

from k8sai.evict.facts import Contract, Json, MethodName, Ref
from k8sai.evict.gangs.groups import Group, Source
from k8sai.evict.gangs.kinds import OWNERS, POD, WORKLOAD
from k8sai.evict.method import Right, Site
from k8sai.evict.methods.all import METHODS
from k8sai.evict.planning.rights import EVENTS, LEASES
from k8sai.queues.setting import CHECKS, CLASSES, CLUSTER_QUEUES, COHORTS, FLAVORS, LOCAL_QUEUES, TOPOLOGIES

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

For = Literal["plan", "status", "run"]
Needs = Iterable[tuple[str, str, str]]  # verbs with blanks, plural with its group, subresource

_READ: Final[Needs] = (
    ("get list", "nodes", ""),
    ("list", "pods", ""),
    ("list", "configmaps", ""),  # contracts
    ("list", "poddisruptionbudgets.policy", ""),
    ("list", "daemonsets.apps", ""),
    ("list", LEASES, ""),  # what other drains hold
    ("list", "nodeclaims.karpenter.sh", ""),
    ("create", "pods", "eviction"),  # with dryRun
    # where gangs would find room
    ("list", "resourceslices.resource.k8s.io", ""),
    ("list", "resourceclaims.resource.k8s.io", ""),
    ("list", "deviceclasses.resource.k8s.io", ""),
    ("list", "devicetaintrules.resource.k8s.io", ""),
    ("get", "resourceclaimtemplates.resource.k8s.io", ""),
    ("list", "resourcequotas", ""),
    ("list", "limitranges", ""),
    ("get list", "persistentvolumeclaims", ""),
    ("get list", "persistentvolumes", ""),
    ("list", "storageclasses.storage.k8s.io", ""),
    ("list", "priorityclasses.scheduling.k8s.io", ""),
    ("list", "runtimeclasses.node.k8s.io", ""),
    ("list", "namespaces", ""),
    # and whether Kueue would take them back
    *(("list", kind, "") for kind in (CLUSTER_QUEUES, LOCAL_QUEUES, COHORTS, FLAVORS, CHECKS, TOPOLOGIES, CLASSES)),
)
_STATUS: Final[Needs] = (("get list", "configmaps", ""), ("get list", LEASES, ""))
_WRITE: Final[Needs] = (
    ("get patch", "nodes", ""),
    ("patch", "nodes", "status"),
    ("get list", "pods", ""),
    ("get list create patch delete", "configmaps", ""),
    ("get list create patch delete", LEASES, ""),
    ("create", EVENTS, ""),
    ("get", "namespaces", ""),  # whether the one is there in which a drain is kept
)


_DEVICE: Final[Needs] = (("get create delete", "devicetaintrules.resource.k8s.io", ""),)
_BOOST: Final[Needs] = (
    ("list patch", WORKLOAD.full, ""),
    ("list", "pods", ""),
    ("list", "configmaps", ""),  # contracts
)

_GROUPS: Final = tuple(kind.full for one in get_args(Source) if (kind := Group(one, "").kind) is not None)


def rules(
    served: Callable[[str], bool],
    what: For,
    methods: Iterable[MethodName],
    *,
    device: bool = False,
    boost: bool = False,
) -> list[Json]:
    """As they stand in a ClusterRole; `served` says which kinds there are."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    more = (*(_DEVICE if device else ()), *(_boost() if boost else ()))
    for verbs, kind, sub in (*_needs(served, what, methods), *more):
        if served(kind):
            found.setdefault((kind, sub), {}).update(dict.fromkeys(verbs.split()))
    return _joined(found)


def _needs(served: Callable[[str], bool], what: For, methods: Iterable[MethodName]) -> Iterator[tuple[str, str, str]]:
    if what == "status":
        yield from _STATUS
        return
    yield from _READ
    owners = [one.full for one in OWNERS.values() if one is not POD]
    yield from (("list", kind, "") for kind in (*owners, *_GROUPS, WORKLOAD.full))
    if what == "run":
        yield from _WRITE
        yield from (("get patch", kind, "") for kind in (*owners, WORKLOAD.full))
        for name in methods:
            yield from ((verb, kind, sub) for verb, kind, sub, _ in _asks(name, owners, served))


def _boost() -> Iterator[tuple[str, str, str]]:
    """Whose Workload it is, and how that gang saves."""
    yield from _BOOST
    yield from (("list", one.full, "") for one in OWNERS.values() if one is not POD)


def _asks(name: MethodName, owners: Iterable[str], served: Callable[[str], bool]) -> Iterator[Right]:
    """What a way to ask needs for gangs of every kind."""
    for kind in (POD.full, *(one for one in owners if served(one))):
        yield from METHODS[name].rights(_site(kind))


def _site(kind: str) -> Site:
    """A gang of that kind, of which nothing is asked but its rights."""
    nobody = cast("Connection", None)
    pod: Json = {"metadata": {"name": "x", "namespace": "x", "uid": "x"}, "spec": {}, "status": {"phase": "Running"}}
    contract = Contract(http="POST :80/x", exec=("x",), signal="USR1")
    return Site(Ref(kind, "x", "x", "x"), contract, [pod], nobody, cast(Any, None), cast(Any, None))


def _joined(found: dict[tuple[str, str], dict[str, None]]) -> list[Json]:
    """What is of one group with the same verbs is one rule."""
    by: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (kind, sub), verbs in found.items():
        plural, _, group = kind.partition(".")
        by.setdefault((group, tuple(sorted(verbs, key=_VERBS.index))), []).append(f"{plural}/{sub}" if sub else plural)
    return [
        {"apiGroups": [group], "resources": resources, "verbs": list(verbs)} for (group, verbs), resources in by.items()
    ]


_VERBS: Final = ("get", "list", "create", "patch", "update", "delete")


def cluster_role(name: str, found: list[Json]) -> Json:
    """To be applied, then bound by whoever may."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": found,
    }
