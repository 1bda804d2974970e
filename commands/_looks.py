"""What a meter read, told to the fleet: gauges, which pod was seen on which card, and what was seen over time."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from k8sai.errors import K8saiError
from k8sai.fleet.answers import Gauge
from k8sai.fleet.evidence import STALE, Evidence, History, IdleRule, from_parts, since_before
from k8sai.fleet.idle import Sight
from k8sai.fleet.prices import NO_PRICES, Prices

if TYPE_CHECKING:
    from k8sai.cluster.metrics import Metered, Reading
    from k8sai.cluster.past import Past
    from k8sai.fleet.index import Fleet

Key = tuple[str, str]  # UUID of a card, and which MIG instance of it


class Looks:
    """The looks at all cards so far, one every `step` seconds, no two further apart than `gap`.

    No step: the meter itself knows the past, so nothing is remembered here.
    """

    def __init__(
        self, rule: IdleRule, step: float, *, gap: float = STALE, source: str = "", prices: Prices = NO_PRICES
    ) -> None:
        self._rule, self._step, self._source, self._prices = rule, step, source, prices
        self._history: History[Key] = History(rule, step, gap)
        self._before: dict[Key, Evidence] = {}  # what is known of idle cards from before the window

    def note(self, found: "Metered") -> None:
        """Remembers one look."""
        for one in found.readings:
            self._history.note((one.uuid, one.mig_instance), one.busiest, one.at)

    def tell(self, fleet: "Fleet", found: "Metered", further: "Callable[[set[str]], Past] | None" = None) -> None:
        """Remembers the look and tells the fleet all there is. `further` asks what idle cards did before the window."""
        if self._step:
            self.note(found)
            seen = self._history.evidence(found.at)
        else:
            seen = self._with_before(_of_past(found.past, found.readings, self._rule, found.at))
        tell(fleet, found.readings, self._sight(found, seen))
        new = _idle(fleet, found.readings) - self._before.keys() if further is not None else set()
        if further is not None and new:
            self._look_back(new, seen, further)
            tell(fleet, found.readings, self._sight(found, self._with_before(seen)))

    def _with_before(self, seen: dict[Key, Evidence]) -> dict[Key, Evidence]:
        """What is quiet still has been since then; what is not begins anew."""
        found = {key: since_before(one, self._before.get(key)) for key, one in seen.items()}
        self._before = {key: one for key, one in found.items() if key in self._before and one.quiet is not None}
        return found

    def _look_back(self, keys: set[Key], seen: dict[Key, Evidence], further: "Callable[[set[str]], Past]") -> None:
        """Asked once for a card while it is idle. Who does not answer leaves it at the window."""
        try:
            past = further({uuid for uuid, _ in keys})
        except K8saiError:
            past = None
        for key in keys:
            peaks = past.peaks.get(key) if past is not None and not past.warnings else None
            before = from_parts(peaks, self._rule, at=past.at, step=past.step) if past is not None and peaks else None
            self._before[key] = before or seen[key]

    def _sight(self, found: "Metered", seen: dict[Key, Evidence]) -> Sight:
        cards = {uuid: evidence for (uuid, instance), evidence in seen.items() if not instance}
        slices: dict[tuple[str, str], list[Evidence]] = defaultdict(list)
        for one in found.readings:
            evidence = seen.get((one.uuid, one.mig_instance)) if one.mig_instance else None
            if evidence is not None and one.mig_uuid:
                cards[one.mig_uuid] = evidence
            elif evidence is not None and one.pod:
                slices[one.namespace, one.pod].append(evidence)
        return Sight(
            at=found.at,
            cards=cards,
            slices={pod: tuple(several) for pod, several in slices.items()},
            told=frozenset(one.mig_uuid or one.uuid for one in found.readings),
            partial=found.partial,
            source=self._source,
            rule=self._rule,
            prices=self._prices,
        )


def _idle(fleet: "Fleet", readings: "Sequence[Reading]") -> set[Key]:
    """The cards and slices that somebody holds for nothing."""
    idle = fleet.idle()
    rows = idle.rows if idle is not None else ()
    devices = {device for one in rows for device in one.devices}
    pods = {(one.namespace, one.pod) for one in rows}
    return {
        (one.uuid, one.mig_instance)
        for one in readings
        if (one.mig_uuid or one.uuid) in devices or (one.mig_instance and (one.namespace, one.pod) in pods)
    }


def _of_past(past: "Past | None", readings: "Sequence[Reading]", rule: IdleRule, at: float) -> dict[Key, Evidence]:
    """Of the cards that say something now; where the past is not known, that is all that was seen."""
    found: dict[Key, Evidence] = {}
    for one in readings:
        key = (one.uuid, one.mig_instance)
        peaks = past.peaks.get(key) if past is not None else None
        evidence = from_parts(peaks, rule, at=past.at, step=past.step) if past is not None and peaks else None
        if evidence is None and one.busiest is not None:
            evidence = Evidence(at, at, at if one.busiest < rule.below else None, one.busiest)
        if evidence is not None:
            found[key] = evidence
    return found


def tell(fleet: "Fleet", readings: "Iterable[Reading]", sight: Sight | None = None) -> None:
    """Cards by UUID. A slice has the UUID of its card: it is known by its own, where told, or by its pod.

    A card in slices is none that a pod could hold, so it gives no name to a place. Two may tell of one card, under the
    same or another name of its node: the busier is believed.
    """
    readings = sorted(readings, key=lambda one: one.util or 0.0)
    sliced = {one.uuid for one in readings if one.mig_instance}
    parts = [one for one in readings if one.mig_instance]
    per_pod = Counter((one.namespace, one.pod) for one in parts)
    fleet.use_readings(
        {one.uuid: (one.node, one.namespace, one.pod) for one in readings if one.node and one.uuid not in sliced},
        {one.mig_uuid or one.uuid: _gauge(one) for one in readings if one.mig_uuid or not one.mig_instance},
        {(one.namespace, one.pod): _gauge(one) for one in parts if one.pod and per_pod[one.namespace, one.pod] == 1},
        sight,
    )


def _gauge(one: "Reading") -> Gauge:
    return Gauge(one.util, one.memory_used, one.memory_total, one.power, one.temperature, one.at)
