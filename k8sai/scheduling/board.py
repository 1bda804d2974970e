"""The cluster as kube-scheduler sees it, kept up to date by facts: what is bound where, what waits, what DRA has."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from threading import RLock
from time import sleep
from typing import Any, Final

from k8sai.cluster.sources import Kind
from k8sai.facts import Node, Object, Pod
from k8sai.quantity import BadQuantity
from k8sai.scheduling.intake import bound, info_of, node_of
from k8sai.scheduling.nodes import DONE, NodeInfo, View
from k8sai.scheduling.storage import Storage
from k8sai.scheduling.supply import Named, Supply

_AT_ONCE: Final = 256  # objects; a waiting reader goes between


class Board:
    """A sink of facts. Events may come in any order, from several threads; each costs what its object is made of.

    `view` and `supply` follow every event. Who computes while events arrive takes a Trial, which is a picture of one
    moment.
    """

    def __init__(self) -> None:
        self.lock = RLock()
        self.view = View()
        self.supply = Supply()
        self.storage = Storage()
        self._unbound: dict[str, Pod] = {}  # by uid
        self._named: dict[Named, str] = {}  # of unbound pods, the uid
        self._uids: dict[str, str] = {}  # of nodes
        self._tables: dict[str, dict[Named, Any]] = {
            "resourceslices": self.supply.slices,
            "resourceclaims": self.supply.claims,
            "deviceclasses": self.supply.classes,
            "devicetaintrules": self.supply.rules,
        }

    # --- a sink -------------------------------------------------------------------------------------------------------

    def put(self, kind: Kind, obj: Object) -> None:
        """The object is new or changed. A pod whose requests cannot be read counts nowhere."""
        with self.lock:
            self._put(kind, obj)

    def drop(self, kind: Kind, obj: Object) -> None:
        """The object is gone; nothing happens where a successor of the same name is known already."""
        meta = obj.metadata
        with self.lock:
            if kind == "pods":
                self._drop_pod(meta.uid)
            elif kind == "nodes":
                if self._uids.get(meta.name) == meta.uid:
                    self._drop_node(meta.name)
            else:
                known = self._tables[kind].get((meta.namespace, meta.name))
                if known is not None and known.metadata.uid == meta.uid:
                    self._drop(kind, (meta.namespace, meta.name))

    def replace(self, kind: Kind, objects: Iterable[Object]) -> None:
        """These are all objects of the kind."""
        kept: set[Any] = set()
        rest = iter(objects)
        while some := tuple(islice(rest, _AT_ONCE)):
            with self.lock:
                for obj in some:
                    self._put(kind, obj)
                    kept.add(_key(kind, obj))
            sleep(0)
        with self.lock:
            drop, known = self._known(kind)
            for key in [key for key in known if key not in kept]:
                drop(key)

    def _known(self, kind: Kind) -> tuple[Callable[[Any], None], Iterator[Any]]:
        if kind == "pods":
            return self._drop_pod, iter([*self.view.pods(), *self._unbound])
        if kind == "nodes":
            return self._drop_node, iter(self._uids)
        return lambda key: self._drop(kind, key), iter(self._tables[kind])

    def _put(self, kind: Kind, obj: Object) -> None:
        match obj:
            case Pod():
                self._put_pod(obj)
            case Node():
                self._uids[obj.metadata.name] = obj.metadata.uid
                self.view.add_node(node_of(obj))
            case _:
                self._tables[kind][obj.metadata.namespace, obj.metadata.name] = obj
                self.supply.changed(kind)

    def _put_pod(self, pod: Pod) -> None:
        uid = pod.metadata.uid
        try:
            if bound(pod):
                self._forget(uid)
                self.view.assume(info_of(pod, whole=False), pod.spec.node_name)
            elif pod.spec.node_name or pod.status.phase in DONE:
                self._drop_pod(uid)
            else:
                self._put_unbound(pod)
        except BadQuantity:
            self._drop_pod(uid)

    def _put_unbound(self, pod: Pod) -> None:
        uid, meta = pod.metadata.uid, pod.metadata
        self._forget(uid)
        self._unbound[uid] = pod
        self._named[meta.namespace, meta.name] = uid
        if pod.status.nominated_node_name and meta.deletion_timestamp is None:
            self.view.nominate(info_of(pod), pod.status.nominated_node_name)

    def _forget(self, uid: str) -> None:
        """It is not unbound any more."""
        self.view.nominate_nowhere(uid)
        pod = self._unbound.pop(uid, None)
        if pod is not None and self._named.get((pod.metadata.namespace, pod.metadata.name)) == uid:
            del self._named[pod.metadata.namespace, pod.metadata.name]

    def _drop_pod(self, uid: str) -> None:
        self.view.drop_pod(uid)
        self._forget(uid)

    def _drop_node(self, name: str) -> None:
        del self._uids[name]
        self.view.drop_node(name)

    def _drop(self, kind: Kind, key: Named) -> None:
        del self._tables[kind][key]
        self.supply.changed(kind)

    # --- what is no fact ----------------------------------------------------------------------------------------------

    def use_namespaces(self, labels: Mapping[str, Mapping[str, str]]) -> None:
        """The labels of namespaces, which terms of affinity may select by; unknown ones count as without labels."""
        with self.lock:
            self.view.namespaces = {name: dict(of) for name, of in labels.items()}

    def use_storage(self, storage: Storage) -> None:
        """Volume claims, volumes and storage classes; before that nothing is said about volumes."""
        with self.lock:
            self.storage = storage

    # --- questions ----------------------------------------------------------------------------------------------------

    def waiting(self) -> list[Pod]:
        """Pods without a node that nobody has deleted, gated ones and those of other schedulers included."""
        with self.lock:
            return [pod for pod in self._unbound.values() if pod.metadata.deletion_timestamp is None]

    def find(self, namespace: str, name: str) -> Pod | None:
        """A pod without a node; of the others only demands are kept (`node_of`)."""
        with self.lock:
            return self._unbound.get(self._named.get((namespace, name), ""))

    def node_of(self, uid: str) -> NodeInfo | None:
        """The node a pod counts on."""
        with self.lock:
            return self.view.nodes.get(self.view.node_of(uid))


def _key(kind: Kind, obj: Object) -> Any:
    meta = obj.metadata
    if kind == "pods":
        return meta.uid
    return meta.name if kind == "nodes" else (meta.namespace, meta.name)
