"""What a setup of Kueue is held against: its own objects, and the nodes that its flavors reach."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from k8sai.queues.facts import ClusterQueue, Cohort, Flavor, Share
from k8sai.queues.quota import Tree
from k8sai.queues.setting import Setting
from k8sai.queues.setup.from_nodes import Machine


@dataclass(frozen=True)
class Ground:
    """What is looked at. `machines` is None where nodes may not be read: nothing is said about them then."""

    setting: Setting
    machines: tuple[Machine, ...] | None = None
    _reach: dict[str, tuple[Machine, ...]] = field(default_factory=dict)

    @cached_property
    def tree(self) -> Tree:
        return Tree(self.setting.cluster_queues.values(), self.setting.cohorts.values())

    @cached_property
    def owners(self) -> tuple[ClusterQueue | Cohort, ...]:
        """All that have quota."""
        return (*self.setting.cluster_queues.values(), *self.setting.cohorts.values())

    @cached_property
    def nominal(self) -> Mapping[Share, int]:
        """Over all queues and cohorts."""
        total: dict[Share, int] = {}
        for owner in self.owners:
            for share, amount in _nominal(owner):
                total[share] = total.get(share, 0) + amount
        return total

    @cached_property
    def used(self) -> tuple[Flavor, ...]:
        """Flavors that somebody has quota of, by name."""
        names = {share.flavor for share in self.nominal}
        return tuple(flavor for name, flavor in sorted(self.setting.flavors.items()) if name in names)

    def labelled(self, flavor: Flavor) -> tuple[Machine, ...]:
        """Nodes with the flavor's labels, but those of the control plane."""
        return tuple(
            one
            for one in self.machines or ()
            if not one.control_plane and all(one.labels.get(key) == value for key, value in flavor.labels.items())
        )

    def reached(self, flavor: Flavor) -> tuple[Machine, ...]:
        """Those of them whose taints its pods tolerate."""
        if flavor.name not in self._reach:
            self._reach[flavor.name] = tuple(one for one in self.labelled(flavor) if not untolerated(flavor, one))
        return self._reach[flavor.name]


def _nominal(owner: ClusterQueue | Cohort) -> Iterator[tuple[Share, int]]:
    for group in owner.groups:
        for flavor, quotas in group.flavors:
            for resource, quota in quotas.items():
                yield Share(flavor, resource), quota.nominal


def untolerated(flavor: Flavor, machine: Machine) -> tuple[tuple[str, str, str], ...]:
    """Taints of the node that neither the flavor's tolerations nor its nodeTaints name."""
    return tuple(taint for taint in machine.taints if not _tolerated(flavor, taint))


def _tolerated(flavor: Flavor, taint: tuple[str, str, str]) -> bool:
    key, value, effect = taint
    for one in flavor.tolerations:
        named = one.get("key") in (key, None, "") and (one.get("effect") or effect) == effect
        if named and (one.get("operator") == "Exists" or (one.get("value") or "") == value):
            return True
    return any((one.get("key"), one.get("value") or "", one.get("effect")) == taint for one in flavor.taints)
