"""Contracts for workloads that cannot be edited: ConfigMaps, in the cluster or in a file for `--contract`.

One form for both. `data` holds the keys of the contract without their prefix, and whom it is for: `selector` (labels of
a pod or of an owner), `gang` (`jobset/llm-70b`), `namespaces` (with commas). In the cluster it counts with the label
`k8sai.dev/checkpoint-contract`, for its own namespace, or from k8sai-system for all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from k8sai.cluster.reading import Reading
from k8sai.errors import Usage
from k8sai.evict.contracts.values import PREFIX
from k8sai.evict.facts import Gang, Json
from k8sai.manifests import Manifest, read
from k8sai.selectors import selector

LABEL: Final = "k8sai.dev/checkpoint-contract"
EVERYWHERE: Final = "k8sai-system"  # the namespace whose contracts hold for all
_WHOM: Final = ("selector", "gang", "namespaces")


@dataclass(frozen=True, slots=True)
class FileContract:
    """One contract and whom it is for; `values` are keys without prefix, `source` is for people."""

    source: str
    values: Mapping[str, str]
    selector: str = ""
    gang: str = ""  # jobset/llm-70b, or llm-70b
    namespaces: tuple[str, ...] = ()  # none: all

    def fits(self, gang: Gang) -> bool:
        """It is for this gang."""
        if self.namespaces and gang.ref.namespace not in self.namespaces:
            return False
        if self.gang and self.gang not in (gang.ref.title, gang.ref.name, *_titles(gang)):
            return False
        return not self.selector or any(selector(self.selector)(labels) for labels in _labels(gang))


def read_contracts(path: str) -> tuple[FileContract, ...]:
    """The contracts of a file, a folder or `-`. Raises Usage with file and line, NotFound."""
    return tuple(_of_manifest(manifest) for manifest in read([path]))


def config_maps(gang: Gang, reading: Reading) -> tuple[tuple[FileContract, ...], tuple[str, ...]]:
    """Those in the cluster that are for the gang, the nearest namespace only, and sentences on what cannot be read."""
    wrong: list[str] = []
    for namespace in dict.fromkeys((gang.ref.namespace, EVERYWHERE)):
        found = []
        for item in reading.list("configmaps", namespace, labels=LABEL):
            try:
                one = _of_map(item, f"configmap {namespace}/{item['metadata']['name']}", namespace)
            except Usage as error:
                wrong.append(error.message)
                continue
            found += [one] if one.fits(gang) else []
        if found:
            return tuple(found), tuple(wrong)
    return (), tuple(wrong)


def _of_manifest(manifest: Manifest) -> FileContract:
    if (manifest.api_version, manifest.kind) != ("v1", "ConfigMap"):
        raise Usage(
            f"{manifest.place}: this {manifest.kind} is no contract: a v1 ConfigMap is expected",
            "docs/evict.md shows one under `The contract`",
        )
    return _of_map(manifest.object, manifest.place, manifest.namespace or EVERYWHERE)


def _of_map(item: Json, source: str, namespace: str) -> FileContract:
    """Raises Usage. Of a namespace other than k8sai-system it is for that namespace alone."""
    data = item.get("data") or {}
    for key, value in data.items():
        if not isinstance(value, str):
            raise Usage(f"{source}: {key} is {value!r}: a text is expected", "put it into quotes")
    values = {key.removeprefix(PREFIX): value for key, value in data.items()}
    whom = {key: values.pop(key, "").strip() for key in _WHOM}
    if not whom["selector"] and not whom["gang"]:
        raise Usage(f"{source}: it does not say whom it is for: selector or gang is expected in its data")
    try:
        selector(whom["selector"])
    except Usage as error:
        raise Usage(f"{source}: {error.message}", error.hint) from error
    named = tuple(part.strip() for part in whom["namespaces"].split(",") if part.strip())
    own = () if namespace == EVERYWHERE else (namespace,)
    if own and named and named != own:
        raise Usage(f"{source}: namespaces is {whom['namespaces']!r}: only {EVERYWHERE} speaks for other namespaces")
    return FileContract(source, values, whom["selector"], whom["gang"], named or own)


def the_one(found: Sequence[FileContract]) -> tuple[FileContract | None, tuple[str, ...]]:
    """Of several that are for the same gang none is taken."""
    if len(found) > 1:
        both = " and ".join(one.source for one in found[:2])
        return None, (f"{both} are both for it: one contract is expected",)
    return (found[0] if found else None), ()


def _titles(gang: Gang) -> Iterator[str]:
    for one in gang.objects:
        kind, name = str(one.get("kind", "")).lower(), str(one["metadata"].get("name", ""))
        yield from (f"{kind}/{name}", name)


def _labels(gang: Gang) -> Iterator[Mapping[str, str]]:
    for one in (*gang.objects, *gang.pods):
        yield one["metadata"].get("labels") or {}
