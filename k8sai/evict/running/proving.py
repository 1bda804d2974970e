"""Looks at what a checkpoint has left, and has it graded: what the workload wrote, what its own command says."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from k8sai.cluster.reading import Reading
from k8sai.errors import K8saiError, NotFound, Usage
from k8sai.evict.contracts.acks import last_ack
from k8sai.evict.contracts.markers import look_argv, read_seen
from k8sai.evict.contracts.proof import Seen, judge
from k8sai.evict.contracts.storage import durable
from k8sai.evict.facts import Ack, Grade, Json, Proof, Request, at_least
from k8sai.evict.methods.hearing import written
from k8sai.evict.methods.words import as_environment
from k8sai.evict.state import GangState

if TYPE_CHECKING:
    from k8sai.evict.running.hands import Hands

VERIFY: Final = 60.0  # seconds for the verifying command
APART: Final = 3  # seconds between two looks at a marker


def prove(hands: "Hands", gang: GangState, pods: Sequence[Json], request: Request, acks: Sequence[Ack]) -> Proof:
    """The best grade that holds now. Raises Forbidden, ClusterError; a verifying command that fails proves nothing."""
    contract = gang.contract
    told = tuple(dict.fromkeys((*said(hands, gang, pods), *acks)))  # an answer and what was written may be the same
    if gang.method == "periodic":
        told = tuple(one for one in told if _newer(one, gang, request))
    ranks = sum(one.gpus > 0 for one in gang.pods) or len(gang.pods)  # a launcher without GPUs holds none
    graded = partial(
        judge,
        contract,
        request,
        told,
        ranks,
        gang.before_step,
        verified=_verified(hands, gang, pods, request),
        durable=durable(pods, contract, Reading(hands.objects))[0],
        now=hands.now(),
    )
    found = graded()
    if at_least(found.grade, gang.accepted) or not at_least(Grade.MARKER, gang.accepted):
        return found
    return graded(marker=_marked(hands, gang, pods))


def _marked(hands: "Hands", gang: GangState, pods: Sequence[Json]) -> Seen | None:
    """The framework's commit marker, in two looks from the first pod; None where none can be looked at."""
    from k8sai.cluster.executing import run

    argv = look_argv(gang.contract, again=APART)
    if not argv or not pods:
        return None
    meta = pods[0]["metadata"]
    container = gang.contract.container or pods[0]["spec"]["containers"][0]["name"]
    try:
        done = run(hands.connection, meta["namespace"], meta["name"], container, argv, timeout=VERIFY)
    except K8saiError:
        return None
    return read_seen(gang.contract, done.code, done.out.decode("utf-8", "replace"))


def _newer(one: Ack, gang: GangState, request: Request) -> bool:
    """It is the next checkpoint, and not the last one said again: clocks and whole seconds do not tell."""
    if one.step >= 0 and gang.before_step >= 0:
        return one.step > gang.before_step
    return one.time > request.asked


def said(hands: "Hands", gang: GangState, pods: Sequence[Json]) -> tuple[Ack, ...]:
    """What the workload has written of itself, on its pods and on its owner."""
    found = (written(obj) for obj in (*pods, _owner(hands, gang)))
    return tuple(one for one in found if one is not None)


def restored(hands: "Hands", gang: GangState, pods: Sequence[Json]) -> int:
    """The step that pods made after the stop say they went on from; -1 where they do not say."""
    acks = [one for one in (written(pod) for pod in pods) if one is not None]
    found = max((one.restored for one in acks), default=-1)
    if found >= 0 or not gang.contract.verify:
        return found
    try:
        told = _verify(hands, gang, pods, ())
    except K8saiError:
        return -1
    return told.restored if told else -1


def _owner(hands: "Hands", gang: GangState) -> Json | None:
    if "/" in gang.id:  # of several gangs: none of them's
        return None
    try:
        return hands.objects.get(gang.ref.kind, gang.ref.namespace, gang.ref.name)
    except NotFound:
        return None


def _verified(hands: "Hands", gang: GangState, pods: Sequence[Json], request: Request) -> Ack | None:
    return _verify(hands, gang, pods, as_environment(request)) if gang.contract.verify else None


def _verify(hands: "Hands", gang: GangState, pods: Sequence[Json], environment: Sequence[str]) -> Ack | None:
    """In the first pod that runs it: rank 0. None where it ends with another code than 0, or says nothing."""
    from k8sai.cluster.executing import run

    if not pods:
        return None
    meta = pods[0]["metadata"]
    argv = [*environment, *gang.contract.verify]
    container = gang.contract.container or pods[0]["spec"]["containers"][0]["name"]
    done = run(hands.connection, meta["namespace"], meta["name"], container, argv, timeout=VERIFY)
    if done.code != 0:
        return None
    try:
        return last_ack(done.out.decode("utf-8", "replace"), complete=True)
    except Usage:
        return None
