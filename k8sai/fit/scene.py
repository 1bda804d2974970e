"""What the question is asked of: the cluster as it would be, which nodes count as what, and the rules of admission."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from k8sai.fit.ask import Asked, Bounds, Group, Json, Named
from k8sai.fit.limits import refusals, with_defaults
from k8sai.fit.quota import Barrier, Usage, barriers
from k8sai.scheduling.nodes import NodeInfo, PodInfo
from k8sai.scheduling.trial import Candidate, Placed, Trial
from k8sai.selectors import selector

_OWNED: Final = [{"kind": "Pod"}]  # a claim made for one pod is like any other of its template
_ALONE: Final = "alone: "


@dataclass(frozen=True, slots=True)
class Where:
    """What a node is called by: its product, NVLink clique and zone, each empty where nothing says."""

    product: str = ""
    clique: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """What admission knows: quotas and limits, values of priority classes, overheads of runtime classes, templates."""

    quotas: Sequence[Json] = ()
    ranges: Sequence[Json] = ()
    priorities: Mapping[str, int] = field(default_factory=dict)
    default_priority: int = 0
    overheads: Mapping[str, Json] = field(default_factory=dict)
    template: Callable[[Named], Json | None] = lambda _: None  # a ResourceClaimTemplate of the cluster
    unknown_priorities: frozenset[str] = frozenset()  # classes that the pods name and the cluster has not
    finished: Mapping[str, Usage] = field(default_factory=dict)  # what ends meanwhile, by namespace


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: where pods would go, the nodes that were looked at, and what admission says.

    `failed` is the first pod that found no node. With something that must be common, `domain` is the one tried last:
    the one that took all, or the one that takes the most.
    """

    placed: Placed
    names: tuple[str, ...]
    barriers: tuple[Barrier, ...]
    failed: Candidate | None = None
    domain: str = ""

    @property
    def count(self) -> int:
        return len(self.placed.nodes)

    @property
    def fits(self) -> bool:
        """All of them start."""
        return self.placed.all_fit and not self.barriers


class Scene:
    """Tries questions on one picture of a cluster."""

    def __init__(
        self,
        trial: Trial,
        where: Mapping[str, Where],
        rules: Rules,
        drivers: Callable[[str], bool] = lambda _: False,
        claimed: Mapping[str, int] | None = None,
    ) -> None:
        """`drivers` says of a node whether any DRA driver publishes devices for it.

        `claimed` are the devices that pods (by uid) hold by claims.
        """
        self.claimed = claimed or {}
        self.trial = trial
        self.where = where
        self.rules = rules
        self.drivers = drivers

    # --- pods ---------------------------------------------------------------------------------------------------------

    def admitted(self, asked: Asked) -> Asked:
        """The pods as admission would store them: defaults, priorities and overheads filled in."""
        return replace(asked, groups=tuple(map(self._admitted, asked.groups)))

    def _admitted(self, group: Group) -> Group:
        mine = [one for one in self.rules.ranges if one["metadata"].get("namespace") == group.namespace]
        group = with_defaults(group, mine)
        spec = dict(group.pod["spec"])
        name = spec.get("priorityClassName")
        if "priority" not in spec:
            spec["priority"] = self.rules.priorities.get(name, 0) if name else self.rules.default_priority
        overhead = self.rules.overheads.get(spec.get("runtimeClassName") or "")
        if overhead and "overhead" not in spec:
            spec["overhead"] = overhead
        return Group(group.name, group.count, {**group.pod, "spec": spec})

    def candidates(self, asked: Asked) -> list[Candidate]:
        """Every pod, in the order of the groups; of a group that no cluster of these nodes could hold one more than it
        could, so that a slip of the pen costs no hours. Raises BadQuantity."""
        return [pod for at, group in enumerate(asked.groups) for pod in self._alike(asked, group, at)]

    def _alike(self, asked: Asked, group: Group, at: int) -> Iterator[Candidate]:
        """The pods of one group. Those without claims and volumes of their own differ by nothing but their name."""
        if group.count < 1:
            return
        first = self._candidate(asked, group, at, 0)
        yield first
        own = bool(first.claims or first.missing or first.info.volumes)
        for number in range(1, min(group.count, self._ever(first) + 1)):
            if own:
                yield self._candidate(asked, group, at, number)
            else:
                info = replace(first.info, name=f"{group.name}-{number}", uid=f"fit/{at}/{number}")
                yield replace(first, info=info)

    def _ever(self, pod: Candidate) -> int:
        """How many such pods all nodes could hold if nothing else ran: never fewer than they take."""
        return sum(self._room(pod.info, node) for node in self.trial.view.nodes.values())

    def _room(self, pod: PodInfo, node: NodeInfo) -> int:
        rooms = [node.allocatable.get("pods", 0)]
        for name, amount in pod.requests.items():
            has = node.allocatable.get(name, 0)
            if has or not self.drivers(node.name):  # claims may serve what no device plugin has
                rooms.append(has // amount)
        return max(0, min(rooms))

    def _candidate(self, asked: Asked, group: Group, at: int, number: int) -> Candidate:
        name = f"{group.name}-{number}"
        meta = {**group.pod["metadata"], "name": name, "uid": f"fit/{at}/{number}"}
        pod = {**group.pod, "metadata": meta}
        return self.trial.candidate_of(pod, self._claims(asked, pod), _volumes(asked, pod))

    def _claims(self, asked: Asked, pod: Json) -> dict[str, Json]:
        """The claims that would be made from templates, and those of the manifest."""
        found: dict[str, Json] = {}
        home = pod["metadata"]["namespace"]
        for use in pod["spec"].get("resourceClaims") or ():
            template, name = use.get("resourceClaimTemplateName"), use.get("resourceClaimName")
            if template:
                known = asked.claim_templates.get((home, template)) or self.rules.template((home, template))
                if known:
                    meta = {"name": f"{pod['metadata']['name']}-{use['name']}", "namespace": home}
                    spec = (known.get("spec") or {}).get("spec") or {}
                    found[use["name"]] = {"metadata": {**meta, "ownerReferences": _OWNED}, "spec": spec}
            elif name and (home, name) in asked.claims:
                claim = asked.claims[home, name]
                found[name] = {**claim, "metadata": {**(claim.get("metadata") or {}), "namespace": home}}
        return found

    # --- nodes --------------------------------------------------------------------------------------------------------

    def allowed(self, bounds: Bounds, trial: Trial | None = None) -> list[str]:
        """The nodes that the bounds leave, by name."""
        view, part = (trial or self.trial).view, bounds.product.casefold()
        matches = selector(bounds.labels)
        return sorted(
            name
            for name, node in view.nodes.items()
            if name not in bounds.left_out
            and (not part or part in self.of(name).product.casefold())
            and (not bounds.labels or matches(node.labels))
        )

    def of(self, name: str) -> Where:
        return self.where.get(name) or Where()

    def domains(self, bounds: Bounds, names: Iterable[str]) -> dict[str, list[str]]:
        """The nodes by clique or zone. A node that names none is a domain of its own."""
        found: dict[str, list[str]] = {}
        for name in names:
            domain = getattr(self.of(name), bounds.together) or f"{_ALONE}{name}"
            found.setdefault(domain, []).append(name)
        return found

    def title(self, domain: str) -> str:
        """What a domain is called: the clique or zone, or the node that is one by itself."""
        return domain.removeprefix(_ALONE)

    # --- tries --------------------------------------------------------------------------------------------------------

    def attempt(
        self, asked: Asked, bounds: Bounds, trial: Trial | None = None, *, spare: Collection[str] = ()
    ) -> Attempt:
        """Place everything, as far as it goes, on no node in `spare`. `asked` is admitted. Raises BadQuantity."""
        trial = trial or self.trial
        pods = self.candidates(asked)
        names = [name for name in self.allowed(bounds, trial) if name not in spare]
        refused = self.barriers(asked)
        if bounds.together:
            return self._together(trial, pods, bounds, names, refused)
        placed = trial.place(pods, names)
        return Attempt(placed, tuple(names), refused, _failed(placed, pods))

    def _together(
        self, trial: Trial, pods: list[Candidate], bounds: Bounds, names: list[str], refused: tuple[Barrier, ...]
    ) -> Attempt:
        """The tightest domain that takes all, else the one that takes the most."""
        domains = self.domains(bounds, names)
        rooms = self.rooms(trial, pods, domains)
        order = sorted(domains, key=lambda name: (rooms[name], len(domains[name]), name))
        chosen = [name for name in order if rooms[name] >= len(pods)]
        best: Attempt | None = None
        for name in chosen or order[-1:]:
            placed = trial.place(pods, domains[name])
            found = Attempt(placed, tuple(domains[name]), refused, _failed(placed, pods), self.title(name))
            if placed.all_fit:
                return found
            if best is None or found.count > best.count:
                best = found
        return best or Attempt(Placed({}, pods[0].info, (), tuple(p.info.uid for p in pods)), (), refused, pods[0])

    def rooms(self, trial: Trial, pods: Sequence[Candidate], domains: Mapping[str, Collection[str]]) -> dict[str, int]:
        """How many of the pods each domain could take at most: never fewer than it does."""
        found = dict.fromkeys(domains, 0)
        shapes: dict[tuple[object, ...], list[Candidate]] = {}
        for pod in pods:
            shapes.setdefault((pod.info.namespace, repr(pod.info.spec), repr(pod.info.requests)), []).append(pod)
        for alike in shapes.values():
            free = bool(alike[0].info.seeks)  # it may follow pods that are placed meanwhile
            rooms = {} if free else trial.rooms(alike[0], [name for names in domains.values() for name in names])
            for domain, names in domains.items():
                room = len(alike) if free else sum(rooms.get(name, 0) for name in names)
                found[domain] += min(len(alike), room)
        return found

    def barriers(self, asked: Asked) -> tuple[Barrier, ...]:
        """What admission has against the pods."""
        found = barriers(asked.groups, self.rules.quotas, self.rules.finished)
        for group in asked.groups:
            mine = [one for one in self.rules.ranges if one["metadata"].get("namespace") == group.namespace]
            found += [Barrier("LimitRange", "", text, {}, True, 0) for text in refusals(group, mine)]
        named = {group.pod["spec"].get("priorityClassName") or "" for group in asked.groups}
        for name in sorted(named & self.rules.unknown_priorities):
            found.append(Barrier("PriorityClass", name, f"there is no PriorityClass {name}", {}, True, 0))
        return tuple(found)


def _failed(placed: Placed, pods: Iterable[Candidate]) -> Candidate | None:
    failed: PodInfo | None = placed.failed
    return None if failed is None else next(pod for pod in pods if pod.info.uid == failed.uid)


def _volumes(asked: Asked, pod: Json) -> dict[str, Json]:
    """Volume claims that would be made for the pod, and those of the manifest that it mounts."""
    found: dict[str, Json] = {}
    home, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    for volume in pod["spec"].get("volumes") or ():
        mounted = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if mounted and (home, mounted) in asked.volumes:
            claim = asked.volumes[home, mounted]
            found[mounted] = {**claim, "metadata": {**(claim.get("metadata") or {}), "namespace": home}}
        elif volume.get("ephemeral") is not None:
            made = f"{name}-{volume['name']}"
            spec = ((volume["ephemeral"] or {}).get("volumeClaimTemplate") or {}).get("spec") or {}
            found[made] = {"metadata": {"name": made, "namespace": home}, "spec": spec}
    return found
