"""Which objects of a cluster have to do with GPUs: events about any others are not shown."""

from collections.abc import Iterable

from k8sai.fleet.books import Books
from k8sai.fleet.dra import Allocations


def concerned(books: Books, dra: Allocations, objects: Iterable[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Of these objects (kind, namespace, name) those about GPUs: pods, owners, nodes, claims.

    What stands between a workload and its pods is known by its name alone: it begins with the workload's.
    """
    owners = books.workloads.names()
    return {one for one in objects if _concerned(books, dra, owners, *one)}


def _concerned(
    books: Books, dra: Allocations, owners: set[tuple[str, str]], kind: str, namespace: str, name: str
) -> bool:
    if kind == "Node":
        return name in books.nodes and books.nodes[name].gpu
    if kind == "Pod" and (namespace, name) in books.pods:
        return books.pods[namespace, name].gpu
    if kind == "ResourceClaim" and (namespace, name) in dra.claims:
        return dra.claims[namespace, name].gpu
    parts = name.split("-")
    return any((namespace, "-".join(parts[:end])) in owners for end in range(len(parts), 0, -1))
