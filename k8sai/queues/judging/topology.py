"""How many pods find room close enough together (topology-aware scheduling), and where Kueue would place them.

Source: pkg/cache/scheduler/tas_flavor_snapshot.go of Kueue 0.19, KEP-2724. Left out: leaders and workers that must
share a domain (pod sets of a group are placed one after the other), several layers of slices, replacing failed nodes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from k8sai.queues.judging.topology_assigned import placed
from k8sai.queues.judging.topology_nodes import Ground, Land, Leaf
from k8sai.queues.workload import PodSet, TopologyWish, Workload
from k8sai.scheduling.selectors import pod_wants, untolerated

Domain = tuple[str, ...]  # values of the levels down to its own
_EFFECTS = ("NoSchedule", "NoExecute")


@dataclass(frozen=True, slots=True)
class Ask:
    """A pod set that was given a flavor with a topology."""

    pod_set: PodSet
    flavor: str
    count: int

    @property
    def wish(self) -> TopologyWish:
        """What it asks for; anywhere, where it asks for nothing."""
        return self.pod_set.topology or TopologyWish("unconstrained")

    @property
    def each(self) -> dict[str, int]:
        """What one pod takes of a node."""
        return {**self.pod_set.requests, "pods": 1}


@dataclass(frozen=True, slots=True)
class Found:
    """`best` of `wanted` pods (or slices) find room; `where` is how many pods in which lowest domain if all do."""

    ask: Ask
    best: int
    wanted: int
    topology: str
    where: Mapping[Domain, int]

    @property
    def fits(self) -> bool:
        return self.best >= self.wanted

    @property
    def refusal(self) -> str:
        """As Kueue says it, without its list of excluded nodes; empty where all fit."""
        unit = "pod" if self.ask.wish.slice_size <= 1 else "slice"
        if self.fits:
            return ""
        if not self.best:
            return f'topology "{self.topology}" doesn\'t allow to fit any of {self.wanted} {unit}(s)'
        return f'topology "{self.topology}" allows to fit only {self.best} out of {self.wanted} {unit}(s)'


class Rooms:
    """What is free in the lowest domains, less what workloads hold there. `take` and `give` change it in place."""

    def __init__(self, land: Land, workloads: Iterable[Workload]) -> None:
        self.land = land
        self._used: dict[tuple[str, Domain], dict[str, int]] = {}
        for workload in workloads:
            self.take(workload)

    def take(self, workload: Workload) -> None:
        """Its pods take room."""
        self._count(workload, 1)

    def give(self, workload: Workload) -> None:
        """Its pods give it back."""
        self._count(workload, -1)

    def _count(self, workload: Workload, sign: int) -> None:
        each = {one.name: {**one.requests, "pods": 1} for one in workload.pod_sets}
        for assigned in workload.admission.pod_sets if workload.admission else ():
            ground = next(
                (self.land.grounds[one] for one in assigned.flavors.values() if one in self.land.grounds), None
            )
            if ground is None or assigned.topology is None:
                continue
            for values, pods in placed(assigned.topology):
                self._add(_key(ground, values), each.get(assigned.pod_set, {}), sign * pods)

    def _add(self, key: tuple[str, Domain], each: Mapping[str, int], pods: int) -> None:
        used = self._used.setdefault(key, {})
        for resource, amount in each.items():
            used[resource] = used.get(resource, 0) + amount * pods

    def place(self, asks: Sequence[Ask], *, empty: bool = False) -> tuple[Found, ...]:
        """One after the other, up to the first that finds no room; `empty`: as if no workload held any."""
        kept = self._used
        self._used = {} if empty else {key: dict(amounts) for key, amounts in kept.items()}
        try:
            return tuple(self._one_by_one(asks))
        finally:
            self._used = kept

    def _one_by_one(self, asks: Sequence[Ask]) -> Iterable[Found]:
        for ask in asks:
            ground = self.land.grounds[ask.flavor]
            free = {values: self._free(ground, leaf) for values, leaf in ground.leaves.items()}
            found = Search(ground, ask, free).found()
            yield found
            if not found.fits:
                return
            for values, pods in found.where.items():
                self._add(_key(ground, values), ask.each, pods)

    def _free(self, ground: Ground, leaf: Leaf) -> dict[str, int]:
        used = self._used.get(_key(ground, leaf.values), {})
        return {resource: amount - used.get(resource, 0) for resource, amount in leaf.free.items()}


def _key(ground: Ground, values: Domain) -> tuple[str, Domain]:
    """Flavors that meet at a node share its room; other domains are a flavor's own."""
    return ("", values[-1:]) if ground.by_host else (ground.flavor.name, values)


class Search:
    """One pod set in the domains of one flavor: how many fit below each domain, then where they go."""

    def __init__(self, ground: Ground, ask: Ask, free: Mapping[Domain, Mapping[str, int]]) -> None:
        self.ask, self.levels = ask, ground.topology.levels
        wish = ask.wish
        self.size = max(1, wish.slice_size) if wish.slice_level else 1
        self.slice_at = self._index(wish.slice_level, len(self.levels) - 1)
        self.topology = ground.topology.name
        self.scattered = wish.mode == "unconstrained"
        self.start = self._index(wish.level, 0 if self.scattered and wish.slice_level else len(self.levels) - 1)
        self.below: dict[Domain, dict[Domain, None]] = {}
        suited = {values: _suits(ground, ask, leaf) for values, leaf in ground.leaves.items()}
        self.pods = self._upwards({one: _pods_in(ask, free[one]) if suits else 0 for one, suits in suited.items()})
        whole = {one: pods // self.size for one, pods in self.pods.items() if len(one) == self.slice_at + 1}
        self.slices = self._upwards(whole)

    def _index(self, level: str, otherwise: int) -> int:
        return self.levels.index(level) if level in self.levels else otherwise

    def _upwards(self, counts: Mapping[Domain, int]) -> dict[Domain, int]:
        """The same with all domains above, each with the sum of what is below it; `below` learns who that is."""
        sums = dict(counts)
        for values, count in counts.items():
            for depth in range(len(values) - 1, 0, -1):
                above = values[:depth]
                sums[above] = sums.get(above, 0) + count
                self.below.setdefault(above, {})[values[: depth + 1]] = None
        return sums

    def found(self) -> Found:
        """Whether and where."""
        wanted = self.ask.count // self.size
        best, domains = self._fit(self.start, wanted)
        where = self._down(domains, wanted) if best >= wanted else {}
        return Found(self.ask, min(best, wanted), wanted, self.topology, where)

    def _fit(self, level: int, wanted: int) -> tuple[int, list[Domain]]:
        """At this level or, if it is only preferred, at the levels above; at last spread over several domains."""
        here = self._sorted([domain for domain in self.pods if len(domain) == level + 1])
        large = [domain for domain in here if self.slices[domain] >= wanted]
        if large:
            return wanted, [min(large, key=lambda one: self.slices[one])]
        if self.ask.wish.mode == "required":
            return max((self.slices[domain] for domain in here), default=0), []
        if level > 0 and not self.scattered:
            return self._fit(level - 1, wanted)
        return sum(self.slices[domain] for domain in here), here

    def _down(self, domains: Sequence[Domain], wanted: int) -> dict[Domain, int]:
        """Fill the domains in turn, level by level: whole slices down to their level, below that pods."""
        filled = self._fill(self._sorted(domains), wanted, self.slices, self.size)
        level = len(domains[0]) - 1 if domains else self.slice_at
        while level < self.slice_at:
            children = [child for domain in filled for child in self.below[domain]]
            filled = self._fill(self._sorted(children), wanted, self.slices, self.size)
            level += 1
        for _ in range(level, len(self.levels) - 1):
            filled = {
                child: pods
                for domain, inside in filled.items()
                for child, pods in self._fill(self._by_pods(self.below[domain]), inside, self.pods, 1).items()
            }
        return filled

    def _fill(self, domains: Sequence[Domain], wanted: int, room: Mapping[Domain, int], size: int) -> dict[Domain, int]:
        """Pods per domain. The last domain is the one that is left with the least, unless anywhere will do."""
        filled: dict[Domain, int] = {}
        left = wanted
        for number, domain in enumerate(domains):
            if left <= 0:
                break
            at = domain
            if room[domain] >= left and not self.scattered:
                at = min((one for one in domains[number:] if room[one] >= left), key=lambda one: room[one])
            filled[at] = min(room[at], left) * size
            left -= min(room[at], left)
        return {domain: pods for domain, pods in filled.items() if pods}

    def _sorted(self, domains: Iterable[Domain]) -> list[Domain]:
        """The largest first; where anywhere will do the smallest, so that large ones stay whole."""
        sign = 1 if self.scattered else -1
        return sorted(domains, key=lambda one: (sign * self.slices[one], self.pods[one], one))

    def _by_pods(self, domains: Iterable[Domain]) -> list[Domain]:
        sign = 1 if self.scattered else -1
        return sorted(domains, key=lambda one: (sign * self.pods[one], one))


def _pods_in(ask: Ask, free: Mapping[str, int]) -> int:
    return max(0, min((free.get(resource, 0) // amount for resource, amount in ask.each.items() if amount), default=0))


def _suits(ground: Ground, ask: Ask, leaf: Leaf) -> bool:
    """The node takes the pods, where a leaf is a node."""
    if leaf.node is None:
        return True
    spec, node = ask.pod_set.spec, leaf.node
    tolerations = (*(spec.get("tolerations") or ()), *ground.flavor.tolerations)
    if untolerated((node.get("spec") or {}).get("taints") or (), tolerations, _EFFECTS):
        return False
    return pod_wants(dict(spec), node["metadata"]["name"], node["metadata"].get("labels") or {})
