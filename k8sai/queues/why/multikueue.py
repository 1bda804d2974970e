"""MultiKueue: which clusters a workload may go to, whether they answer, and which was chosen.

Source: apis/kueue/v1beta2/multikueue_types.go of Kueue 0.19.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from k8sai.cluster.reading import Reading, condition
from k8sai.queues.facts import Check
from k8sai.queues.workload import Workload

CONTROLLER: Final = "kueue.x-k8s.io/multikueue"
_CONFIGS: Final = "multikueueconfigs.kueue.x-k8s.io"
_CLUSTERS: Final = "multikueueclusters.kueue.x-k8s.io"


@dataclass(frozen=True, slots=True)
class Remote:
    """A worker cluster. `active` None: nobody has said so yet, or it may not be read."""

    name: str
    active: bool | None
    reason: str = ""
    message: str = ""
    nominated: bool = False
    chosen: bool = False
    there: bool = True  # there is a MultiKueueCluster of that name

    @property
    def said(self) -> str:
        """`east: not reached (ClientConnectionFailed), nominated`."""
        words = [self._state]
        words += ["chosen"] if self.chosen else ["nominated"] if self.nominated else []
        return f"{self.name}: {', '.join(words)}"

    @property
    def _state(self) -> str:
        if not self.there:
            return "not there"
        if self.active is None:
            return "state unknown"
        return "answers" if self.active else f"not reached ({self.reason}: {self.message.rstrip('.')})"


def remotes(reading: Reading, check: Check, workload: Workload | None) -> tuple[Remote, ...]:
    """The clusters of the check's MultiKueueConfig, in the order they are tried; of what is nominated and chosen for
    the workload.
    """
    config = reading.get(_CONFIGS, "", str(check.parameters.get("name") or ""))
    status = (workload.object.get("status") or {}) if workload is not None else {}
    nominated: list[str] = status.get("nominatedClusterNames") or []
    names: list[str] = ((config or {}).get("spec") or {}).get("clusters") or nominated
    return tuple(_remotes(reading, names, nominated, status.get("clusterName")))


def _remotes(reading: Reading, names: list[str], nominated: list[str], chosen: str | None) -> Iterator[Remote]:
    for name in names:
        cluster = reading.get(_CLUSTERS, "", name)
        there = cluster is not None or reading.blind(_CLUSTERS)
        found = condition(cluster or {}, "Active") or {}
        active = {"True": True, "False": False}.get(str(found.get("status")))
        said = str(found.get("reason", "")), str(found.get("message", ""))
        yield Remote(name, active, *said, name in nominated, name == chosen, there)


def is_multikueue(check: Check | None) -> bool:
    """The check belongs to MultiKueue's controller."""
    return check is not None and check.controller == CONTROLLER


def nobody_answers(found: tuple[Remote, ...]) -> bool:
    """All clusters are known not to be reached."""
    return bool(found) and all(one.active is False for one in found)
