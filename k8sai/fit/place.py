"""Would they all start now: the tries behind the answer, and what is short where they would not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from k8sai.facts import Pod
from k8sai.fit.answer import Answer, Change, Domain, Moved, Placement, Verdict
from k8sai.fit.ask import Asked, Bounds
from k8sai.fit.changes import changes
from k8sai.fit.roster import Leaving, leaving
from k8sai.fit.scene import Attempt, Scene
from k8sai.fit.short import Short, amount, shorts
from k8sai.fit.variants import PASSING, any_of, tolerating
from k8sai.quantity import BadQuantity
from k8sai.scheduling.trial import Candidate, Trial


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Nodes that are drained with the pods on them, and pods that have ended, each with the words for it."""

    drained: tuple[str, ...] = ()
    on_drained: tuple[Pod, ...] = ()
    finished: tuple[str, ...] = ()
    gone: frozenset[str] = frozenset()  # uids
    ending: tuple[Pod, ...] = ()  # bound pods that end by themselves
    daemons: frozenset[str] = frozenset()  # uids of pods that nodes always have


def answer(scene: Scene, asked: Asked, bounds: Bounds, what_if: WhatIf | None = None) -> Answer:
    """Everything that is to be said. Raises BadQuantity for a request that is no quantity."""
    what_if = what_if or WhatIf()
    trial, moved = _after(scene, what_if)
    asked = scene.admitted(asked)
    found = scene.attempt(asked, bounds, trial)
    verdict: Verdict = "now" if found.fits else "later" if _ever(scene, trial, asked, bounds, what_if) else "never"
    return Answer(
        asked=asked,
        bounds=bounds,
        verdict=verdict,
        placed=found.count,
        placements=_placements(scene, trial, asked, found),
        shorts=() if found.placed.all_fit else _shorts(scene, trial, found),
        beyond=_beyond(trial, found) if verdict == "never" else "",
        barriers=found.barriers,
        domains=_domains(scene, trial, asked, bounds, found) if bounds.together else (),
        changes=_changes(scene, trial, asked, bounds, found, what_if),
        moved=moved,
        finished=what_if.finished,
        drained=what_if.drained,
        remarks=asked.remarks,
    )


def _changes(
    scene: Scene, trial: Trial, asked: Asked, bounds: Bounds, found: Attempt, what_if: WhatIf
) -> tuple[Change, ...]:
    return () if found.fits else changes(scene, trial, asked, bounds, found, what_if.ending, what_if.daemons)


# --- what was done before ---------------------------------------------------------------------------------------------


def _after(scene: Scene, what_if: WhatIf) -> tuple[Trial, Moved]:
    """The cluster once the drained are drained and the finished have finished."""
    if not (what_if.drained or what_if.gone):
        return scene.trial, Moved()
    trial = scene.trial.without(what_if.drained, what_if.gone)
    parts: Leaving = leaving(pod for pod in what_if.on_drained if pod.metadata.uid not in what_if.gone)
    again = [_anew(scene.trial, pod) for pod in parts.again]
    pods = [pod for pod in again if pod is not None]
    placed = trial.fill(pods)
    titles = {pod.info.uid: f"{pod.info.namespace}/{pod.info.name}" for pod in pods}
    return trial, Moved(
        {titles[uid]: node for uid, node in placed.nodes.items()},
        tuple(titles[uid] for uid in placed.left),
        tuple(f"{pod.metadata.namespace}/{pod.metadata.name}" for pod in parts.lost),
    )


def _anew(trial: Trial, pod: Pod) -> Candidate | None:
    """The pod that a controller would start in its place: unbound, its own claims not allocated yet."""
    try:
        found = trial.candidate(pod)
    except BadQuantity:
        return None
    spec = {key: value for key, value in found.info.spec.items() if key != "nodeName"}
    claims = tuple({key: value for key, value in claim.items() if key != "status"} for claim in found.claims)
    return replace(found, info=replace(found.info, spec=spec, terminating=False), claims=claims)


def _ever(scene: Scene, trial: Trial, asked: Asked, bounds: Bounds, what_if: WhatIf) -> bool:
    """Would it start if all other pods had ended and no node were cordoned or unwell."""
    everybody = {*trial.view.pods(), *trial.view.nominees()}
    empty = trial.without(pods=everybody - what_if.daemons)
    found = scene.attempt(tolerating(asked, any_of(PASSING)), bounds, empty)
    return found.placed.all_fit and not any(barrier.never for barrier in found.barriers)


# --- what it looks like -----------------------------------------------------------------------------------------------


def _placements(scene: Scene, trial: Trial, asked: Asked, found: Attempt) -> tuple[Placement, ...]:
    pods = {pod.info.uid: pod for pod in scene.candidates(asked)}
    counts = Counter(found.placed.nodes.values())
    resource = _device(list(pods.values()))
    taken: Counter[str] = Counter()
    for uid, node in found.placed.nodes.items():
        taken[node] += pods[uid].info.requests.get(resource, 0)
    rows = []
    for node, count in sorted(counts.items()):
        info, where = trial.view.nodes[node], scene.of(node)
        has = info.allocatable.get(resource, 0)
        left = has - info.used.get(resource, 0) - taken[node] if has else None
        rows.append(Placement(node, count, where.product, where.clique, where.zone, left))
    return tuple(rows)


def _device(pods: Sequence[Candidate]) -> str:
    """The device resource the pods ask for most of; empty where they ask by claims."""
    asked: Counter[str] = Counter()
    for pod in pods:
        asked.update({name: amount for name, amount in pod.info.requests.items() if "/" in name})
    return max(asked, key=lambda name: asked[name], default="")


def _beyond(trial: Trial, found: Attempt) -> str:
    """What of it no node has, not even an empty one: "the largest node has 192 cpu, 500 cpu are asked"."""
    if found.failed is None:
        return ""
    nodes = [trial.view.nodes[name] for name in found.names]
    for name, asked in found.failed.info.requests.items():
        most = max((node.allocatable.get(name, 0) for node in nodes), default=0)
        if 0 < most < asked:
            return f"the largest node has {amount(name, most)}, {amount(name, asked)} are asked"
    return ""


def _shorts(scene: Scene, trial: Trial, found: Attempt) -> tuple[Short, ...]:
    """What the nodes that take none of the pods say to the first that failed."""
    assert found.failed is not None
    used = set(found.placed.nodes.values())
    verdicts = trial.verdicts(found.failed, [name for name in found.names if name not in used])
    return shorts(verdicts, trial.view.nodes, scene.drivers)


def _domains(scene: Scene, trial: Trial, asked: Asked, bounds: Bounds, found: Attempt) -> tuple[Domain, ...]:
    """How many of the pods each domain takes; exact where they were placed, at most elsewhere."""
    groups = scene.domains(bounds, scene.allowed(bounds, trial))
    rooms = scene.rooms(trial, scene.candidates(asked), groups)
    rows = []
    for name, nodes in groups.items():
        said = scene.title(name)
        rows.append(Domain(said, len(nodes), found.count if said == found.domain else rooms[name]))
    return tuple(sorted((row for row in rows if row.pods), key=lambda row: (-row.pods, row.name)))
