"""What the objects of a drain are called, and the marks it leaves on what it touches.

The state lies in one ConfigMap; what of it is too long for one lies in others, named by what is in them. Who holds what
is said by Leases: of the drain, of each node, of each gang.
"""

from hashlib import sha256
from random import SystemRandom
from typing import Final

from k8sai.cluster.discovery import Resource
from k8sai.cluster.writing import Target
from k8sai.evict.facts import Json

LABEL: Final = "k8sai.dev/evict"  # "1" on our own objects
OF: Final = "k8sai.dev/evict-of"  # a label: the id of the drain, on our own objects
PART: Final = "k8sai.dev/evict-part"  # a label: state, shard, lease
MARK: Final = "k8sai.dev/evict"  # an annotation: the id, on what a drain touches
PARKED: Final = "k8sai.dev/parked-by"  # an annotation: the id, on what it has stopped and not yet started
CORDONED: Final = "k8sai.dev/cordoned-by"  # an annotation of a node: the id of who cordoned it

CONFIG_MAPS: Final = Resource("", "v1", "configmaps", "ConfigMap", True, ())
LEASES: Final = Resource("coordination.k8s.io", "v1", "leases", "Lease", True, ())
NAMESPACE: Final = "k8sai-system"
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"  # no 0, 1, l, o: ids are read to one another
_LONGEST: Final = 253  # characters of a name


def new_id() -> str:
    """Six letters and digits."""
    return "".join(SystemRandom().choices(_LETTERS, k=6))


def stem(drain: str) -> str:
    """`k8sai-evict-7f3c2a`."""
    return f"k8sai-evict-{drain}"


def state_at(namespace: str, drain: str) -> Target:
    """The ConfigMap that is written again and again."""
    return Target(CONFIG_MAPS, namespace, stem(drain))


def shard_at(namespace: str, drain: str, text: str) -> Target:
    """An immutable ConfigMap for one piece of a long state."""
    return Target(CONFIG_MAPS, namespace, f"{stem(drain)}-{sha256(text.encode()).hexdigest()[:16]}")


def lease_of(namespace: str, drain: str) -> Target:
    """Who runs the drain."""
    return Target(LEASES, namespace, stem(drain))


def node_lease(namespace: str, node: str) -> Target:
    """Who drains the node; or the GPU, whose id may have letters that a name may not."""
    name = node if "/" not in node else f"gpu-{sha256(node.encode()).hexdigest()[:16]}"
    return Target(LEASES, namespace, _bounded(f"k8sai-node-{name}"))


def gang_lease(namespace: str, gang: str) -> Target:
    """Who stops the gang of this id (a uid, or uid/index)."""
    return Target(LEASES, namespace, _bounded(f"k8sai-gang-{gang.replace('/', '-').lower()}"))


def metadata(target: Target, drain: str, part: str) -> Json:
    """Of an object that is to be made."""
    labels = {LABEL: "1", OF: drain, PART: part}
    return {"name": target.name, "namespace": target.namespace, "labels": labels}


def _bounded(name: str) -> str:
    if len(name) <= _LONGEST:
        return name
    return f"{name[: _LONGEST - 17]}-{sha256(name.encode()).hexdigest()[:16]}"
