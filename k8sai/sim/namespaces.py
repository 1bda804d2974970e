"""Namespaces: what a new one is given, how one that is deleted is emptied first, and what every cluster starts with."""

from k8sai.sim.kinds import find
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, deleting, name_of, namespace_of
from k8sai.sim.store import Store

NAMESPACES = find("", "namespaces")
_ACCOUNTS = find("", "serviceaccounts")
_CONFIGMAPS = find("", "configmaps")
_PRIORITIES = find("scheduling.k8s.io", "priorityclasses")
_SERVICES = find("", "services")
_FIRST = ("default", "kube-node-lease", "kube-public", "kube-system")


class Namespaces:
    """The namespace controller and the service account controller, as far as anybody can see them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def on_event(self, event: Event) -> None:
        """Follow one write."""
        if event.resource is NAMESPACES:
            if event.type == "ADDED":
                self._furnish(name_of(event.obj))
            elif event.type == "MODIFIED" and deleting(event.obj):
                self._empty(event.obj)
        elif event.type == "DELETED" and event.resource.namespaced:
            namespace = self._store.find(NAMESPACES, "", namespace_of(event.obj))
            if namespace is not None and deleting(namespace):
                self._finish(namespace)

    def _furnish(self, namespace: str) -> None:
        if self._store.find(_ACCOUNTS, namespace, "default") is None:
            self._store.create(_ACCOUNTS, {"metadata": {"name": "default", "namespace": namespace}})
        if self._store.find(_CONFIGMAPS, namespace, "kube-root-ca.crt") is None:
            meta = {"name": "kube-root-ca.crt", "namespace": namespace}
            self._store.create(_CONFIGMAPS, {"metadata": meta, "data": {"ca.crt": ""}})

    def _empty(self, namespace: Obj) -> None:
        name = name_of(namespace)
        for resource in self._store.catalog.homes():
            if resource.namespaced:
                for obj in self._store.list(resource, name):
                    if not deleting(obj) and self._store.find(resource, name, name_of(obj)) is not None:
                        self._store.delete(resource, name, name_of(obj))
        self._finish(namespace)

    def _finish(self, namespace: Obj) -> None:
        name = name_of(namespace)
        if any(self._store.entries(resource, name) for resource in self._store.catalog.homes() if resource.namespaced):
            return
        current = self._store.find(NAMESPACES, "", name)
        if current is not None and current.get("spec", {}).get("finalizers"):
            spec = {**current["spec"], "finalizers": []}
            self._store.update(NAMESPACES, {**current, "spec": spec}, "finalize")


def bootstrap(store: Store) -> None:
    """What a cluster has before anybody used it."""
    for name in _FIRST:
        store.create(NAMESPACES, {"metadata": {"name": name}})
    for name, value in (("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)):
        text = "Used for system critical pods that must not be moved from their current "
        where = "node." if name == "system-node-critical" else "cluster."
        store.create(_PRIORITIES, {"metadata": {"name": name}, "value": value, "description": text + where})
    service = {"ports": [{"name": "https", "port": 443, "targetPort": 6443}], "clusterIP": "10.96.0.1"}
    labels = {"component": "apiserver", "provider": "kubernetes"}
    meta = {"name": "kubernetes", "namespace": "default", "labels": labels}
    store.create(_SERVICES, {"metadata": meta, "spec": service})
