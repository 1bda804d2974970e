"""The smallest change that would do. Every one that is offered was tried, and all pods started."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from k8sai.facts import Pod
from k8sai.fit.answer import Change, ChangeKind
from k8sai.fit.ask import Asked, Bounds, pods
from k8sai.fit.scene import Attempt, Scene
from k8sai.fit.search import growing, largest
from k8sai.fit.variants import (
    PASSING,
    UNSCHEDULABLE,
    amount_of,
    any_of,
    devices_of,
    tolerating,
    with_amount,
    with_devices,
    with_pods,
)
from k8sai.fit.victims import Ended, enough
from k8sai.fit.wish import toleration
from k8sai.quantity import milli, whole
from k8sai.scheduling.nodes import NodeInfo
from k8sai.scheduling.selectors import tolerates
from k8sai.scheduling.trial import Trial, Verdict
from k8sai.view import several

_FEW: Final = 0.25  # to leave out so much of the pods is less than to take something from others
_BLOCKING: Final = ("NoSchedule", "NoExecute")


@dataclass(frozen=True, slots=True)
class _Question:
    """What was asked, of which cluster, and how it went; `verdicts` are of the nodes that take none of the pods."""

    scene: Scene
    trial: Trial
    asked: Asked
    bounds: Bounds
    found: Attempt
    verdicts: Sequence[Verdict]

    def would(self, asked: Asked | None = None, bounds: Bounds | None = None, trial: Trial | None = None) -> bool:
        """Would they all start with this instead."""
        return self.scene.attempt(asked or self.asked, bounds or self.bounds, trial or self.trial).fits

    def only(self, *plugins: str) -> Iterator[NodeInfo]:
        """The nodes that nothing but these filters keeps from taking a pod."""
        for verdict in self.verdicts:
            if verdict.refusals and all(refusal.plugin in plugins for refusal in verdict.refusals):
                yield self.trial.view.nodes[verdict.node]


def changes(
    scene: Scene,
    trial: Trial,
    asked: Asked,
    bounds: Bounds,
    found: Attempt,
    ending: Iterable[Pod],
    daemons: frozenset[str],
) -> tuple[Change, ...]:
    """The changes that would do, the smallest first."""
    used = set(found.placed.nodes.values())
    names = [name for name in scene.allowed(bounds, trial) if name not in used]
    verdicts = trial.verdicts(found.failed, names) if found.failed is not None else []
    question = _Question(scene, trial, asked, bounds, found, verdicts)
    makers: list[Callable[[], Iterable[Change]]] = [
        lambda: _wait(question, tuple(ending)),
        lambda: _tolerate(question),
        lambda: _apart(question),
        lambda: _less(question),
        lambda: _uncordon(question),
        lambda: _product(question),
        lambda: _end(question, daemons),
        lambda: _fewer_gpus(question),
        lambda: _more_quota(question),
    ]
    tried = [change for maker in makers for change in maker()]
    fewer = list(_fewer(question))
    at = len(tried)
    if found.count >= (1 - _FEW) * asked.count:
        at = next((n for n, change in enumerate(tried) if change.kind in ("end", "gpus", "quota")), at)
    return (*tried[:at], *fewer, *tried[at:])


# --- others do something ----------------------------------------------------------------------------------------------


def _wait(question: _Question, ending: Sequence[Pod]) -> Iterator[Change]:
    view = question.trial.view
    gone = [pod for pod in ending if view.node_of(pod.metadata.uid)]
    if gone and question.would(trial=question.trial.without(pods=[pod.metadata.uid for pod in gone])):
        names = tuple(f"{pod.metadata.namespace}/{pod.metadata.name}" for pod in gone)
        yield Change("wait", f"wait for {_these('ending pod', names)}", pods=names)


def _uncordon(question: _Question) -> Iterator[Change]:
    """As few cordoned nodes as possible, the roomiest first."""
    scene, trial = question.scene, question.trial
    lifted = tolerating(question.asked, any_of([UNSCHEDULABLE]))
    closed = {node.name for node in trial.view.nodes.values() if _cordoned(node)}
    if not closed or question.found.failed is None:
        return
    failed = next(one for one in scene.candidates(lifted) if one.info.uid == question.found.failed.info.uid)
    rooms = trial.rooms(failed, [name for name in scene.allowed(question.bounds, trial) if name in closed])
    order = sorted(rooms, key=lambda name: (-rooms[name], name))
    for count in growing(len(order)):
        chosen = order[:count]
        found = scene.attempt(lifted, question.bounds, trial, spare=closed - set(chosen))
        if found.fits:
            used = tuple(name for name in chosen if name in found.placed.nodes.values())
            command = f"kubectl uncordon {' '.join(used)}"
            yield Change("uncordon", f"uncordon {_these('node', used)}", command=command, nodes=used)
            return


def _end(question: _Question, daemons: frozenset[str]) -> Iterator[Change]:
    """One or more nodes more free: the pods there that would have to end, with the fewest GPUs."""
    failed, found = question.found.failed, question.found
    if failed is None:
        return
    lacking = question.asked.count - found.count
    inside = set(found.names) if question.bounds.together else None
    verdicts = [one for one in question.verdicts if inside is None or one.node in inside]
    verdicts += question.trial.verdicts(failed, sorted(set(found.placed.nodes.values())))
    ended: Ended | None = enough(
        question.trial, failed, verdicts, lacking, found.placed.nodes, daemons, question.scene.claimed
    )
    if ended is None or not question.would(trial=question.trial.without(pods=ended.uids)):
        return
    held = f", which hold{'s' if len(ended.names) == 1 else ''} {ended.held}" if ended.held else ""
    text = f"end {_these('pod', ended.names)}{held}, on {_these('node', ended.nodes)}"
    yield Change("end", text, nodes=ended.nodes, pods=ended.names)


def _more_quota(question: _Question) -> Iterator[Change]:
    """Where nothing but quotas is in the way: by how much they are too small."""
    found = question.found
    if not found.placed.all_fit or not all(barrier.missing for barrier in found.barriers):
        return
    more = [
        f"{barrier.name} by {amount.normalize():f} {key}"
        for barrier in found.barriers
        for key, amount in barrier.missing.items()
    ]
    yield Change("quota", f"raise {' and '.join(more)}")


# --- the question is another ------------------------------------------------------------------------------------------


def _tolerate(question: _Question) -> Iterator[Change]:
    """Each taint alone, then all of them."""
    nodes: dict[str, int] = {}
    assert question.asked.groups
    own = question.asked.groups[0].pod["spec"].get("tolerations") or ()
    for node in question.only("TaintToleration"):
        for taint in node.taints:
            if taint.get("effect") in _BLOCKING and taint["key"] not in PASSING and not tolerates(own, taint):
                value = f"={taint['value']}" if taint.get("value") else ""
                text = f"{taint['key']}{value}:{taint['effect']}"
                nodes[text] = nodes.get(text, 0) + 1
    for text in sorted(nodes, key=lambda one: (-nodes[one], one)):
        if question.would(tolerating(question.asked, [toleration(text)])):
            yield Change("tolerate", f"tolerate {text} ({several(nodes[text], 'node')})", f"--tolerate {text}")
            return
    if len(nodes) > 1 and question.would(tolerating(question.asked, map(toleration, nodes))):
        flags = " ".join(f"--tolerate {text}" for text in nodes)
        yield Change("tolerate", f"tolerate {' and '.join(nodes)}", flags)


def _apart(question: _Question) -> Iterator[Change]:
    together = question.bounds.together
    if together and question.would(bounds=replace(question.bounds, together="")):
        yield Change("apart", f"leave out --same-{together}")


def _product(question: _Question) -> Iterator[Change]:
    """Another product that takes all; of several the one that most nodes have."""
    bounds = question.bounds
    if not bounds.product:
        return
    counts: dict[str, int] = {}
    for where in question.scene.where.values():
        if where.product and bounds.product.casefold() not in where.product.casefold():
            counts[where.product] = counts.get(where.product, 0) + 1
    for product in sorted(counts, key=lambda name: (-counts[name], name)):
        if question.would(bounds=replace(bounds, product=product)):
            yield Change("product", f"take {product} instead", f"--product {product}")
            return


def _less(question: _Question) -> Iterator[Change]:
    """Less CPU or memory per pod: the most that lets all start."""
    for name, step in (("cpu", 1000), ("memory", 1 << 30)):
        asked = amount_of(question.asked, name)
        if asked is None or not any(name in verdict.short for verdict in question.verdicts):
            continue
        most = (milli(asked) if name == "cpu" else whole(asked)) - 1
        unit = "" if name == "cpu" else "Gi"
        fitting = largest(most // step, _does(question, name, unit))
        if fitting:
            kind: ChangeKind = "cpu" if name == "cpu" else "memory"
            flag = f"--{name} {fitting}{unit}" if question.asked.each else ""
            yield Change(kind, f"ask for {fitting}{unit} {name} per pod instead of {asked}", flag)


def _does(question: _Question, name: str, unit: str = "") -> Callable[[int], bool]:
    """Would they start with so much of a resource per pod."""
    return lambda count: question.would(with_amount(question.asked, name, f"{count}{unit}"))


def _fewer(question: _Question) -> Iterator[Change]:
    """As many as there is room for, in the group that did not get all of its pods."""
    asked, found = question.asked, question.found
    failed = found.failed.info.uid if found.failed is not None else ""
    group = int(failed.split("/")[1]) if failed else max(range(len(asked.groups)), key=lambda n: asked.groups[n].count)
    whole_group = asked.groups[group].count
    prefix = f"fit/{group}/"
    most = sum(uid.startswith(prefix) for uid in found.placed.nodes)
    if found.barriers:
        most = min([most, *(max(0, one.pods - (asked.count - whole_group)) for one in found.barriers)])
    fitting = largest(min(most, whole_group - 1), lambda n: question.would(with_pods(asked, group, n)))
    if fitting:
        of = f" in group {asked.groups[group].name}" if len(asked.groups) > 1 else ""
        text = f"start {pods(fitting, asked.each)}{of}, {whole_group - fitting} fewer"
        yield Change("pods", text, f"--pods {fitting}" if asked.each else "")


def _fewer_gpus(question: _Question) -> Iterator[Change]:
    """The most GPUs per pod that lets all pods start."""
    asked = question.asked
    devices = devices_of(asked)
    if devices:
        fitting = largest(devices - 1, lambda n: question.would(with_devices(asked, n)))
        if fitting:
            yield Change("gpus", f"ask for {several(fitting, 'GPU')} per pod instead of {devices}", f"--gpus {fitting}")
        return
    for name in _extended(asked):
        has = amount_of(asked, name)
        if has is None:
            continue
        fitting = largest(whole(has) - 1, _does(question, name))
        if fitting:
            said = several(fitting, "GPU") if name.endswith("/gpu") else f"{fitting} {name}"
            yield Change("gpus", f"ask for {said} per pod instead of {has}", f"--gpus {fitting}" if asked.each else "")


def _extended(asked: Asked) -> list[str]:
    """Names of the devices that the containers ask for."""
    return sorted(
        {
            name
            for group in asked.groups
            for container in group.pod["spec"]["containers"]
            for kind in ("requests", "limits")
            for name in ((container.get("resources") or {}).get(kind) or ())
            if "/" in name
        }
    )


# --- words ------------------------------------------------------------------------------------------------


def _cordoned(node: NodeInfo) -> bool:
    return node.unschedulable or any(taint["key"] == UNSCHEDULABLE for taint in node.taints)


def _these(noun: str, names: Sequence[str]) -> str:
    """ "node n1", "3 nodes (n1, n2, n3)", "9 nodes (n1, n2, n3, …)"."""
    if len(names) == 1:
        return f"{noun} {names[0]}"
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return f"{len(names)} {noun}s ({shown})"
