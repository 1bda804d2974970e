"""The contract of a gang: from `--contract FILE`, else its own annotations, else a ConfigMap of the cluster.

The whole contract comes from one of these places. Among annotations each key counts from the topmost owner that has it,
then from the pods, which bear those of their template. `last-checkpoint` is read wherever the workload wrote it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from k8sai.cluster.reading import Reading
from k8sai.errors import Usage
from k8sai.evict.contracts.acks import ack, newest
from k8sai.evict.contracts.file import FileContract, config_maps, the_one
from k8sai.evict.contracts.values import KEYS, LAST, PREFIX, contract_from, short
from k8sai.evict.facts import Ack, Contract, Gang, Json

_INDEXED: Final = frozenset(("Job", "JobSet", "TrainJob"))  # a rank of theirs that exits with 0 never comes back
_APIS: Final = {
    "Job": ("batch/",),
    "JobSet": ("jobset.x-k8s.io/",),
    "TrainJob": ("trainer.kubeflow.org/",),
}


def contract_of(gang: Gang, reading: Reading, files: Sequence[FileContract] = ()) -> Contract:
    """What the gang can do. Reads ConfigMaps only where neither a file nor an annotation says anything."""
    contract = _found(gang, reading, files)
    last, wrong = _last(gang)
    wrong = (*contract.wrong, *_exits(gang, contract), *wrong)
    return replace(contract, last=last, wrong=tuple(dict.fromkeys(wrong)))


def _found(gang: Gang, reading: Reading, files: Sequence[FileContract]) -> Contract:
    fitting = [one for one in files if one.fits(gang)]
    if fitting:
        return _of_file(*the_one(fitting))
    values, source, wrong = _annotated(gang)
    if values:
        contract = contract_from(values, source)
        return replace(contract, wrong=(*contract.wrong, *wrong))
    maps, unread = config_maps(gang, reading)
    chosen, both = the_one(maps)
    return _of_file(chosen, (*unread, *both))


def _of_file(chosen: FileContract | None, wrong: tuple[str, ...]) -> Contract:
    contract = contract_from(chosen.values, chosen.source) if chosen else Contract()
    strange = [
        f"{PREFIX}{key} is no key of a contract"
        for key in (chosen.values if chosen else ())
        if key not in KEYS and not key.startswith("checkpoint")
    ]
    return replace(contract, wrong=(*contract.wrong, *strange, *wrong))


def _annotated(gang: Gang) -> tuple[dict[str, str], str, tuple[str, ...]]:
    """Keys without prefix, the place most of them are from, and where pods do not agree."""
    values: dict[str, str] = {}
    source = ""
    for one in reversed(gang.objects):
        new = {key: value for key, value in _contract_keys(one) if key not in values}
        source = source or (_title(one) if new else "")
        values |= new
    common, wrong = _of_pods(gang.pods, values)
    source = source or (f"pods of {gang.ref.title}" if common else "")
    return values | common, source, wrong


def _of_pods(pods: Sequence[Json], above: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    values: dict[str, str] = {}
    first: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for pod in pods:
        name = pod["metadata"]["name"]
        for key, value in _contract_keys(pod):
            if key in above:
                continue
            if values.setdefault(key, value) != value:
                wrong[key] = (
                    f"{PREFIX}{key} is {short(values[key])} on pod {first[key]} and {short(value)} on pod {name}: "
                    f"the same is expected on all pods"
                )
            first.setdefault(key, name)
    return values, tuple(wrong.values())


def _contract_keys(one: Json) -> Iterator[tuple[str, str]]:
    for key, value in _annotations(one):
        if key in KEYS or key.startswith("checkpoint"):
            yield key, value


def _annotations(one: Json) -> Iterator[tuple[str, str]]:
    for key, value in (one["metadata"].get("annotations") or {}).items():
        if key.startswith(PREFIX):
            yield key.removeprefix(PREFIX), value


def _last(gang: Gang) -> tuple[Ack | None, tuple[str, ...]]:
    """What the workload wrote of itself. What stands on the owner of several gangs is none of them's."""
    shared = gang.objects[-1:] if "/" in gang.id else ()
    acks: list[Ack] = []
    wrong: list[str] = []
    for one in (*gang.objects, *gang.pods):
        text = dict(_annotations(one)).get(LAST, "").strip()
        if not text or any(one is owner for owner in shared):
            continue
        try:
            acks.append(ack(text))
        except Usage as error:
            wrong.append(f"{PREFIX}{LAST} of {_title(one)} cannot be read: {error.message}; {error.hint}")
    return newest(acks), tuple(wrong[:1])


def _exits(gang: Gang, contract: Contract) -> Iterator[str]:
    if contract.after != "exit":
        return
    for one in reversed(gang.objects):
        if one.get("kind") in _INDEXED and str(one.get("apiVersion", "")).startswith(_APIS[one["kind"]]):
            yield (
                f"{PREFIX}checkpoint-after is 'exit': pause or continue is expected for a {one['kind']}, where a rank "
                f"that exits with 0 counts as complete and does not come back"
            )
            return


def _title(one: Json) -> str:
    meta = one["metadata"]
    return f"{one.get('kind', 'Pod')} {meta.get('namespace', '')}/{meta.get('name', '')}"
