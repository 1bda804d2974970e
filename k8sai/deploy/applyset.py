"""Which objects belong to a set: the labels and annotations of KEP-3659, which kubectl's --applyset writes too.

A parent object, here a ConfigMap `k8sai-apply-<set>`, carries the set's id and which kinds in which namespaces it has;
every member carries the id in a label. The parent names a kind before an object of it is written and forgets it after
the last one has gone, so whatever is interrupted, the next apply finds everything.
https://github.com/kubernetes/enhancements/tree/master/keps/sig-cli/3659-kubectl-apply-prune
"""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from k8sai import __version__
from k8sai.deploy.paths import Json
from k8sai.errors import Refused, Usage

ID = "applyset.kubernetes.io/id"
PART_OF = "applyset.kubernetes.io/part-of"
TOOLING = "applyset.kubernetes.io/tooling"
KINDS = "applyset.kubernetes.io/contains-group-kinds"
NAMESPACES = "applyset.kubernetes.io/additional-namespaces"

_PREFIX = "k8sai-apply-"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
# What holds other people's data, or everything else: it is pruned and deleted only where it is named.
SPARED = frozenset({"PersistentVolumeClaim", "Namespace", "CustomResourceDefinition.apiextensions.k8s.io"})
_SHORT = {"PersistentVolumeClaim": "pvc", "Namespace": "ns", "CustomResourceDefinition": "crd"}

GroupKind = str  # `Deployment.apps`, `Service`


@dataclass(frozen=True, slots=True)
class Contents:
    """What a set has: its kinds, and the namespaces its objects are in beside that of its parent."""

    kinds: frozenset[GroupKind] = frozenset()
    namespaces: frozenset[str] = frozenset()

    def __or__(self, other: "Contents") -> "Contents":
        return Contents(self.kinds | other.kinds, self.namespaces | other.namespaces)


@dataclass(frozen=True, slots=True)
class ApplySet:
    """A set by its name and the namespace of its parent."""

    name: str
    namespace: str

    @property
    def parent(self) -> str:
        return _PREFIX + self.name

    @property
    def id(self) -> str:
        return set_id(self.parent, self.namespace, "ConfigMap", "")

    @property
    def labels(self) -> dict[str, str]:
        """What every member carries."""
        return {PART_OF: self.id}

    @property
    def selector(self) -> str:
        return f"{PART_OF}={self.id}"

    def object(self, contents: Contents) -> Json:
        """The parent that says so."""
        notes = {
            TOOLING: f"k8sai/v{__version__}",
            KINDS: ",".join(sorted(contents.kinds)),
            NAMESPACES: ",".join(sorted(contents.namespaces - {self.namespace, ""})),
        }
        meta = {"name": self.parent, "namespace": self.namespace, "labels": {ID: self.id}, "annotations": notes}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}

    def contents(self, parent: Json | None) -> Contents:
        """What a parent says; nothing where there is none yet. Raises Refused for another tool's, and for no parent."""
        if parent is None:
            return Contents()
        meta = parent.get("metadata") or {}
        notes, labels = meta.get("annotations") or {}, meta.get("labels") or {}
        where = f"ConfigMap {self.parent} in namespace {self.namespace}"
        if labels.get(ID) != self.id:
            raise Refused(f"{where} is not the parent of this set: its {ID} is {labels.get(ID) or 'missing'}")
        tool = str(notes.get(TOOLING) or "")
        if tool.partition("/")[0] != "k8sai":
            raise Refused(f"{where} belongs to {tool or 'another tool'}", "take another --set-name")
        return Contents(_words(notes.get(KINDS)), _words(notes.get(NAMESPACES)))


def set_id(name: str, namespace: str, kind: str, group: str) -> str:
    """The id of the set with this parent: a label value made of the SHA-256 of `name.namespace.kind.group`."""
    digest = sha256(".".join((name, namespace, kind, group)).encode()).digest()
    return f"applyset-{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}-v1"


def checked_name(name: str) -> str:
    """The name, where an object can be called by it. Raises Usage."""
    if not _NAME.fullmatch(name) or len(_PREFIX + name) > 253:
        raise Usage(f"no set can be called {name!r}", "small letters, digits, dashes and dots")
    return name


def group_kind(group: str, kind: str) -> GroupKind:
    """`Deployment.apps`."""
    return f"{kind}.{group}" if group else kind


def split(kind: GroupKind) -> tuple[str, str]:
    """Group and kind of `Deployment.apps`."""
    name, _, group = kind.partition(".")
    return group, name


def spared(kind: GroupKind, also: Iterable[str]) -> bool:
    """It stays unless its kind was named, in full or as kubectl shortens it: pvc, ns, crd."""
    return kind in SPARED and not {one.lower() for one in also} & _names(kind)


def insist_on_spared(also: Iterable[str]) -> None:
    """Raises Usage for the name of a kind that is not spared anyway: most are slips of the pen."""
    known = set().union(*map(_names, SPARED))
    for one in also:
        if one.lower() not in known:
            raise Usage(f"{one} is no kind that stays unless it is named", "those are pvc, ns and crd")


def _names(kind: GroupKind) -> set[str]:
    """What a spared kind may be called."""
    plain = kind.partition(".")[0]
    return {plain.lower(), f"{plain.lower()}s", kind.lower(), _SHORT[plain]}


def _words(text: object) -> frozenset[str]:
    return frozenset(filter(None, (word.strip() for word in str(text or "").split(","))))
