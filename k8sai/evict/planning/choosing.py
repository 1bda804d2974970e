"""What a drain does with one gang, and why it would not: every safety rule in one place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from k8sai.ages import epoch, human
from k8sai.evict.contracts.read import contract_of
from k8sai.evict.contracts.storage import durable
from k8sai.evict.contracts.traps import traps
from k8sai.evict.facts import Contract, Gang, Grade, Json, Phase, at_least
from k8sai.evict.keeping.names import gang_lease
from k8sai.evict.method import Site
from k8sai.evict.methods.all import METHODS
from k8sai.evict.plan import Range, Refusal
from k8sai.evict.planning.asking import NONE, Way, accepted, way
from k8sai.evict.planning.budgets import KIND as BUDGETS
from k8sai.evict.planning.filters import ended
from k8sai.evict.planning.loss import Since, after_save, loss, since
from k8sai.evict.planning.scene import Scene, rank
from k8sai.evict.state import GangState

if TYPE_CHECKING:
    from k8sai.evict.planning.rights import Rights

_POLL: Final = 5.0  # seconds until it is seen that a save is done
_UNSCHEDULABLE: Final = "node.kubernetes.io/unschedulable"
_DOCS: Final = "docs/evict.md, The contract"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A gang with all that is known of it by itself; where it comes in the order is not."""

    gang: Gang
    contract: Contract
    way: Way
    gpus: float
    nodes: tuple[str, ...]
    inside: tuple[str, ...]
    since: Since
    now: Range
    planned: Range
    save: float | None
    refusals: tuple[Refusal, ...]
    warnings: tuple[str, ...]


def choose(scene: Scene, rights: "Rights", gang: Gang) -> Chosen:
    """Reads what the contract needs; writes nothing. Raises ClusterError."""
    contract = contract_of(gang, scene.reading, scene.wish.contracts)
    settings = scene.wish.settings
    site = site_of(scene, gang, contract)
    found = way(site, settings, METHODS, rights.may)
    gpus = round(sum(scene.cards(pod) for pod in gang.pods), 6)
    lasting, why = durable(gang.pods, contract, scene.reading)
    began = began_at(gang, scene.clock.at)
    moment = since(began, contract, scene.clock.at, lasting)
    nodes = tuple(sorted({node for pod in gang.pods if (node := (pod.get("spec") or {}).get("nodeName"))}))
    lost = loss(gpus, scene.clock.at, moment, restart=contract.restart)
    save = contract.last.seconds or None if contract.last else None
    return Chosen(
        gang,
        contract,
        found,
        gpus,
        nodes,
        tuple(node for node in nodes if node in scene.survey.names),
        moment,
        lost,
        _planned(gpus, contract, found, save) or lost,
        save,
        tuple(_refusals(scene, rights, gang, contract, found, gpus, lasting, why)),
        tuple(_warnings(scene, gang, contract, found, gpus)),
    )


def site_of(scene: Scene, gang: Gang, contract: Contract) -> Site:
    """The gang as a method sees it: the pods that run, rank 0 first."""
    running = [pod for pod in gang.pods if (pod.get("status") or {}).get("phase") == "Running"]
    running.sort(key=lambda pod: (rank(pod) < 0, rank(pod), pod["metadata"]["name"]))
    return Site(gang.ref, contract, running, scene.connection, scene.writer, scene.objects, "/" in gang.id)


def began_at(gang: Gang, now: float) -> float:
    """When the attempt began that runs now: it works from the moment its last pod runs."""
    return max((_started(pod, now) for pod in gang.pods if not ended(pod)), default=now)


def _started(pod: Json, now: float) -> float:
    status = pod.get("status") or {}
    texts = [
        str(running["startedAt"])
        for one in status.get("containerStatuses") or ()
        if (running := (one.get("state") or {}).get("running")) and running.get("startedAt")
    ]
    texts = texts or [str(status.get("startTime") or pod["metadata"].get("creationTimestamp") or "")]
    return min((epoch(text) for text in texts if text), default=now)


def _planned(gpus: float, contract: Contract, found: Way, save: float | None) -> Range | None:
    """None where no checkpoint comes before the stop."""
    if found.method == NONE or found.grade is Grade.NONE:
        return None
    pauses = contract.after in ("pause", "exit") or found.method == "suspend"
    return after_save(gpus, save, pauses=pauses, restart=contract.restart, poll=_POLL)


# --- why not ----------------------------------------------------------------------------------------------------------


def _refusals(
    scene: Scene,
    rights: "Rights",
    gang: Gang,
    contract: Contract,
    found: Way,
    gpus: float,
    lasting: bool | None,
    why: str,
) -> Iterator[Refusal]:
    settings = scene.wish.settings
    if (other := scene.theirs.get(gang_lease("", gang.id).name)) is not None:
        yield Refusal("locked", other[0], f"`k8sai evict status {other[1]}` shows what it does")
    if gang.refusal:
        yield Refusal("unresolved", gang.refusal, "nothing is guessed: `kubectl describe` its pods")
        return
    if gang.switch.kind == "none":
        yield Refusal("unresolved", gang.switch.why or "nothing stops it whole")
        return
    yield from (Refusal("bad-contract", one, _DOCS) for one in contract.wrong)
    if not gang.managed and not settings.force:
        yield Refusal("unmanaged", "nothing makes it anew", "add --force", "--force")
    yield from _unproven(contract, found, gpus, accepted(contract, settings))
    if lasting is False and contract.asks and at_least(accepted(contract, settings), Grade.MARKER):
        yield Refusal("not-durable", why, "save to a volume that outlives the pods")
    yield from (Refusal("forbidden", one, "`k8sai evict rbac`") for one in rights.lacking(gang))
    yield from _budgets(scene, gang)


def _unproven(contract: Contract, found: Way, gpus: float, wanted: Grade) -> Iterator[Refusal]:
    if found.refusals:
        yield from found.refusals
    elif found.method == NONE and wanted is not Grade.NONE and gpus:
        said = "; ".join(found.notes)
        why = f"it cannot be asked for a checkpoint: {said}" if contract.asks and said else "it has no contract"
        yield Refusal("no-contract", why, f"{_DOCS}; or stop it without: --accept-proof=none", "--accept-proof=none")


def _budgets(scene: Scene, gang: Gang) -> Iterator[Refusal]:
    """A stop by its owner asks no budget, so we do."""
    if gang.switch.kind not in ("kueue", "suspend", "scale") or scene.wish.settings.ignore_gang_pdb:
        return
    broken = [why for _, why in scene.budgets.broken_by(gang.pods)]
    if scene.reading.blind(BUDGETS):
        broken = ["disruption budgets may not be read: whether its stop breaks one is not known"]
    for why in broken:
        yield Refusal("gang-pdb", why, "add --gang-pdb=ignore", "--gang-pdb=ignore")


# --- what is worth knowing --------------------------------------------------------------------------------------------


def _warnings(scene: Scene, gang: Gang, contract: Contract, found: Way, gpus: float) -> Iterator[str]:
    yield from found.notes
    yield from traps(gang, contract)
    running = [pod for pod in gang.pods if not ended(pod)]
    if gang.expected > len(running):
        yield f"only {len(running)} of its {gang.expected} pods are there"
    yield from _outside(scene, gang)
    if scene.survey.names and any(map(_stays, running)):
        yield "its pods tolerate cordoned nodes: a new one may land on a node that is drained"
    if gang.switch.kind in ("evict", "leader") and gang.restarts:
        yield gang.restarts
    if scene.wish.settings.ignore_gang_pdb:
        yield from (f"ignored: {why}" for _, why in scene.budgets.broken_by(gang.pods))
    if found.method == NONE and not gpus and not contract.asks:
        yield "it has no contract and no GPUs: it is stopped without a checkpoint"


def _outside(scene: Scene, gang: Gang) -> Iterator[str]:
    """What stops although nobody drains its node."""
    if not scene.survey.names:
        return
    away = [pod for pod in gang.pods if (pod.get("spec") or {}).get("nodeName") not in scene.survey.names]
    nodes = {node for pod in away if (node := (pod.get("spec") or {}).get("nodeName"))}
    cards = sum(scene.cards(pod) for pod in away)
    if nodes:
        many = f"{len(nodes)} nodes" if len(nodes) > 1 else "1 node"
        yield f"spans {many} not being drained: {cards:g} GPUs outside will also stop"


def _stays(pod: Json) -> bool:
    for one in (pod.get("spec") or {}).get("tolerations") or ():
        everything = not one.get("key") and one.get("operator") == "Exists"
        if (everything or one.get("key") == _UNSCHEDULABLE) and one.get("effect") in (None, "", "NoSchedule"):
            return True
    return False


# --- as it is kept ----------------------------------------------------------------------------------------------------


def state_of(scene: Scene, chosen: Chosen, action: str, reason: str) -> GangState:
    """What `run` begins with."""
    gang, contract = chosen.gang, chosen.contract
    return GangState(
        gang.id,
        gang.ref,
        gang.kind,
        tuple(scene.ref(pod) for pod in gang.pods if not ended(pod)),
        chosen.gpus,
        contract,
        gang.switch,
        phase=Phase.PLANNED,
        before_step=contract.last.step if contract.last else -1,
        accepted=Grade.NONE
        if not chosen.gpus and not contract.asks and chosen.way.method == NONE
        else accepted(contract, scene.wish.settings),
        action=action,
        reason=reason,
        lost=chosen.planned.best,
    )


def last_words(chosen: Chosen, now: float) -> str:
    """`step 8120 27m`: of the newest checkpoint, its step and age."""
    last = chosen.contract.last
    if last is None or not last.complete:
        every = chosen.contract.interval
        return f"every {human(every)}" if every else "unknown"
    moment = last.snapshot or last.time
    age = human(max(0.0, now - moment)) if moment else ""
    step = f"step {last.step}" if last.step >= 0 else ""
    return " ".join(filter(None, (step, f"{age} ago" if age and not step else age))) or "unknown"
