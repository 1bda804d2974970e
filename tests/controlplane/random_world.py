"""Many random little clusters side by side in one real cluster, and how many of them a test run draws."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from tests.contract.api import Api, Json
from tests.controlplane import dra
from tests.controlplane.bulk import create_all
from tests.controlplane.gpu_nodes import add_nodes
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.random_cases import CLASSES, STORAGE_CLASSES, Case
from tests.controlplane.random_clusters import case_of


@dataclass(frozen=True)
class Draw:
    """Which clusters: K8SAI_RANDOM_SEED and K8SAI_RANDOM_CASES choose others, and more or fewer."""

    seed: int
    count: int

    @classmethod
    def of(cls, seed: int) -> "Draw":
        """With the seed a test has where none is named."""
        read = os.environ.get
        return cls(int(read("K8SAI_RANDOM_SEED", seed)), int(read("K8SAI_RANDOM_CASES", "200")))

    @cached_property
    def cases(self) -> list[Case]:
        return [case_of(self.seed, number) for number in range(self.count)]

    def __str__(self) -> str:
        return f"{self.count} random clusters of seed {self.seed}"


def build(api: Api, cases: Iterable[Case]) -> str:
    """All of them but their pods; the namespace for those."""
    kept = list(cases)
    namespace = new_namespace(api, "random")
    create_all(api, dra.CLASSES, CLASSES)
    create_all(api, "/apis/storage.k8s.io/v1/storageclasses", STORAGE_CLASSES)
    create_all(api, "/api/v1/persistentvolumes", all_of(kept, "volumes"))
    create_all(api, f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", all_of(kept, "volume_claims"))
    create_all(api, dra.SLICES, all_of(kept, "slices"))
    shared = [each for each in all_of(kept, "templates") if each["kind"] == "ResourceClaim"]
    create_all(api, dra.claims_path(namespace), shared)
    create_all(api, dra.templates_path(namespace), (each for each in all_of(kept, "templates") if each not in shared))
    add_nodes(api, all_of(kept, "nodes"), seconds=120)
    return namespace


def all_of(cases: Iterable[Case], what: str) -> Iterator[Json]:
    """One part of every case, such as `gang`."""
    return (obj for case in cases for obj in getattr(case, what))
