"""Quota held against the nodes there are: what is promised and not there, counted twice, or in no flavor."""

from collections.abc import Iterator, Sized
from itertools import combinations

from k8sai.queues.facts import Flavor, Share
from k8sai.queues.setting import CLUSTER_QUEUES, FLAVORS
from k8sai.queues.setup.finding import Finding, few
from k8sai.queues.setup.from_nodes import Machine, countable
from k8sai.queues.setup.ground import Ground, untolerated
from k8sai.queues.words import amount
from k8sai.view import several


def findings(ground: Ground) -> Iterator[Finding]:
    """Of flavors that somebody has quota of, and of GPU nodes."""
    if ground.setting.blind(FLAVORS) or ground.setting.blind(CLUSTER_QUEUES):
        return
    for flavor in ground.used:
        if ground.labelled(flavor):
            yield from _taints(ground, flavor)
            yield from _levels(ground, flavor)
            yield from _too_much(ground, flavor)
        else:
            yield from _empty(ground, flavor)
    for one, other in combinations(ground.used, 2):
        yield from _overlap(ground, one, other)
    yield from _in_none(ground)


def _empty(ground: Ground, flavor: Flavor) -> Iterator[Finding]:
    promised = [share for share, nominal in ground.nominal.items() if share.flavor == flavor.name and nominal]
    labels = ", ".join(f"{key}={value}" for key, value in sorted(flavor.labels.items()))
    text = f"no node has its labels ({labels})"
    if promised:
        listed = ", ".join(f"{amount(one.resource, ground.nominal[one])} {one.resource}" for one in promised)
        text += f", and there is quota of {listed}: what is admitted there finds no node"
    fix = "correct spec.nodeLabels; an autoscaler that brings such nodes is the one good reason for it"
    yield Finding("error" if promised else "warning", "NoNodes", f"ResourceFlavor/{flavor.name}", text, fix)


def _taints(ground: Ground, flavor: Flavor) -> Iterator[Finding]:
    """Nodes that no flavor reaches because of a taint; those that another one is for are none of this one's."""
    nodes = ground.labelled(flavor)
    theirs = {node.name for other in ground.used for node in ground.reached(other)}
    barred = {one.name: untolerated(flavor, one) for one in nodes if one.counts and one.name not in theirs}
    if not barred:
        return
    taints = sorted({taint for found in barred.values() for taint in found})
    listed = few(f"{key}={value}:{effect}" if value else f"{key}:{effect}" for key, value, effect in taints)
    text = f"{len(barred)} of its {several(len(nodes), 'node')} ({few(barred)}) {_have(barred)} "
    text += f"a taint it does not name, {listed}: pods that do not tolerate it are admitted and never placed"
    fix = "add a toleration to the flavor, or name it in nodeTaints where only jobs that tolerate it may come"
    yield Finding("warning", "NotTolerated", f"ResourceFlavor/{flavor.name}", text, fix)


def _levels(ground: Ground, flavor: Flavor) -> Iterator[Finding]:
    topology = ground.setting.topologies.get(flavor.topology)
    nodes = ground.reached(flavor)
    for level in topology.levels if topology else ():
        bare = [one.name for one in nodes if level not in one.labels]
        if bare:
            text = f"{len(bare)} of its {several(len(nodes), 'node')} ({few(bare)}) {_have(bare)} no label {level}, "
            text += f"a level of Topology {flavor.topology}: nothing is placed there"
            error = len(bare) == len(nodes)
            fix = f"label the nodes, or take the level out of Topology {flavor.topology}"
            yield Finding("error" if error else "warning", "MissingLevel", f"ResourceFlavor/{flavor.name}", text, fix)


def _too_much(ground: Ground, flavor: Flavor) -> Iterator[Finding]:
    """Nominal quota of all queues and cohorts together, against nodes with its labels."""
    nodes = ground.labelled(flavor)
    known = {resource for one in ground.machines or () for resource in one.allocatable}
    for share, nominal in sorted(ground.nominal.items()):
        if share.flavor != flavor.name or share.resource not in known or not nodes:
            continue
        there, now = _allocatable(nodes, share), _allocatable([one for one in nodes if one.counts], share)
        if nominal <= now:
            continue
        said = f"nominal quota of {share.resource} adds up to {amount(share.resource, nominal)}"
        have = f"{several(len(nodes), 'node')} {_have(nodes)} {amount(share.resource, there)} allocatable"
        if nominal > there:
            text = f"{said}, and its {have}: jobs are admitted that find no place"
            fix = f"lower nominalQuota by {amount(share.resource, nominal - there)} in all"
            yield Finding("error", "Overcommitted", f"ResourceFlavor/{flavor.name}", text, fix)
        else:
            away = [one.name for one in nodes if not one.counts]
            text = f"{said}; its {have}, but {few(away)} {_are(away)} cordoned or not ready: "
            text += f"{amount(share.resource, now)} now"
            fix = "bring the nodes back; until then some of what is admitted waits for a place"
            yield Finding("warning", "Overcommitted", f"ResourceFlavor/{flavor.name}", text, fix)


def _allocatable(nodes: tuple[Machine, ...] | list[Machine], share: Share) -> int:
    return sum(one.allocatable.get(share.resource, 0) for one in nodes)


def _have(some: Sized) -> str:
    return "has" if len(some) == 1 else "have"


def _are(some: Sized) -> str:
    return "is" if len(some) == 1 else "are"


def _overlap(ground: Ground, one: Flavor, other: Flavor) -> Iterator[Finding]:
    """Nodes that both select, but for those that a taint leaves to one of them."""
    mine = {node.name for node in ground.labelled(one)}
    taken = {node.name for node in ground.reached(one)} ^ {node.name for node in ground.reached(other)}
    both = [node for node in ground.labelled(other) if node.name in mine and node.name not in taken]
    if not both:
        return
    twice = [
        resource
        for resource in sorted({resource for node in both for resource in node.allocatable})
        if all(ground.nominal.get(Share(flavor.name, resource)) for flavor in (one, other))
    ]
    text = f"{several(len(both), 'node')} ({few(node.name for node in both)}) {_are(both)} also in {other.name}"
    devices = [resource for resource in twice if countable(resource)]
    if twice:
        listed = ", ".join(devices or twice)
        text += f", and both have quota of {listed}: it is counted twice"
    fix = "add a label to spec.nodeLabels of one of them that the other's nodes do not have"
    yield Finding("error" if devices else "warning", "Overlap", f"ResourceFlavor/{one.name}", text, fix)


def _in_none(ground: Ground) -> Iterator[Finding]:
    """GPU nodes that no used flavor selects, by product."""
    inside = {node.name for flavor in ground.used for node in ground.labelled(flavor)}
    outside: dict[str, list[Machine]] = {}
    for node in ground.machines or ():
        if node.devices and node.name not in inside and not node.control_plane:
            outside.setdefault(node.product or "GPU", []).append(node)
    for product, nodes in sorted(outside.items()):
        devices: dict[str, int] = {}
        for node in nodes:
            for device in node.devices:
                devices[device.resource] = devices.get(device.resource, 0) + node.allocatable.get(device.resource, 0)
        listed = ", ".join(f"{count} {resource}" for resource, count in devices.items() if count)
        text = f"{several(len(nodes), 'node')} with {product} ({few(node.name for node in nodes)}) "
        text += f"{_are(nodes)} in no flavor: nobody has quota of {listed or 'them'}"
        yield Finding("warning", "NotSelected", f"Node/{nodes[0].name}", text, "`k8sai queue init` proposes a flavor")
