"""Argo Rollouts' canary strategy: ReplicaSets by version, steps, pauses, aborts, promotions, the weights of a route.

The write that only says which generation was seen comes before the one that acts on it, as with the real controller.
Source: Argo Rollouts 1.9, rollout/controller.go and rollout/sync.go.
"""

from typing import Any, Final

from k8sai.ages import epoch, stamp
from k8sai.canary.backends.rollout.counts import bounds
from k8sai.canary.backends.rollout.fields import HASH
from k8sai.sim import kinds
from k8sai.sim.controllers.desk import Desk, Key, key_of, leaving, own
from k8sai.sim.controllers.replicasets import REPLICASETS
from k8sai.sim.controllers.rollouts_facts import (
    DEADLINE,
    REVISION,
    ROLLOUTS,
    Facts,
    available,
    hash_of,
    revision,
    size,
)
from k8sai.sim.controllers.rollouts_scale import route, sizes
from k8sai.sim.controllers.rollouts_walk import begun, changed, ends, walked
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, controller_of

_SERVICES: Final = kinds.find("", "services")
_BY: Final = "rollouts-controller"
_DELAY: Final = 30  # seconds that pods stay behind a route which sends them nothing


class Rollouts:
    """One key per Rollout."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("rollouts", self.sync)

    def on_event(self, event: Event) -> None:
        if event.resource is ROLLOUTS:
            self._add(key_of(event.obj))
        elif event.resource is REPLICASETS:
            owner = controller_of(event.obj)
            if owner and owner["kind"] == "Rollout":
                self._add((event.obj["metadata"]["namespace"], owner["name"]))

    def sync(self, key: Key) -> None:
        rollout = self._desk.find(ROLLOUTS, key)
        if rollout is None or leaving(rollout) or "canary" not in (rollout["spec"].get("strategy") or {}):
            return
        spelled = _spelled(rollout["spec"])
        if spelled != rollout["spec"]:
            self._desk.store.update(ROLLOUTS, {**rollout, "spec": spelled})
        elif (seen := str(rollout["metadata"].get("generation", 1))) != _observed(rollout):
            status = {**(rollout.get("status") or {}), "observedGeneration": seen}
            self._desk.put_status(ROLLOUTS, rollout, status)
        else:
            self._walk(key, self._facts(rollout))

    def _walk(self, key: Key, facts: Facts) -> None:
        if facts.new is None:
            self._create(facts)
            self._add(key)
            return
        self._renumber(facts)
        if changed(facts):
            self._desk.put_status(ROLLOUTS, facts.target, begun(facts))
            return
        weights = route(facts)
        self._select(facts)
        moved = not facts.spec.get("paused") and self._scale(key, facts)
        self._desk.put_status(ROLLOUTS, facts.target, walked(facts, weights, at_rest=not moved))
        end = ends(facts)
        if end is not None and end > facts.now:
            self._again(key, end - facts.now)

    def _facts(self, rollout: Obj) -> Facts:
        uid, wanted = rollout["metadata"]["uid"], Facts(rollout, (), None, None, 0).wanted_hash
        stable = (rollout.get("status") or {}).get("stableRS")
        found = self._desk.store.list(REPLICASETS, rollout["metadata"]["namespace"])
        sets = tuple(one for one in found if (controller_of(one) or {}).get("uid") == uid and not leaving(one))
        by_hash = {hash_of(one): one for one in sets}
        return Facts(rollout, sets, by_hash.get(wanted), by_hash.get(str(stable)), self._desk.clock.now())

    def _again(self, key: Key, seconds: float) -> None:
        self._desk.clock.after(max(seconds, 0.01), lambda: self._add(key))

    # --- versions -----------------------------------------------------------------------------------------------------

    def _create(self, facts: Facts) -> None:
        meta, template = facts.target["metadata"], facts.spec["template"]
        labels = {**(template.get("metadata", {}).get("labels") or {}), HASH: facts.wanted_hash}
        selector = facts.spec.get("selector") or {}
        self._desk.store.create(
            REPLICASETS,
            {
                "metadata": {
                    "name": f"{meta['name']}-{facts.wanted_hash}",
                    "namespace": meta["namespace"],
                    "labels": labels,
                    "annotations": {REVISION: str(_newest(facts) + 1)},
                    "ownerReferences": [own(facts.target, ROLLOUTS)],
                },
                "spec": {
                    "replicas": 0,
                    "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), **_hashed(facts)}},
                    "template": {**template, "metadata": {**template.get("metadata", {}), "labels": labels}},
                },
            },
        )

    def _renumber(self, facts: Facts) -> None:
        """A version that is used again becomes the newest revision; the Rollout says its number."""
        new = facts.new
        assert new is not None
        number = revision(new) if revision(new) == _newest(facts) else _newest(facts) + 1
        for resource, obj in ((REPLICASETS, new), (ROLLOUTS, facts.target)):
            live = self._desk.find(resource, key_of(obj))
            if live is not None and revision(live) != number:
                self._desk.store.update(resource, _noted(live, REVISION, str(number)))

    # --- pods ---------------------------------------------------------------------------------------------------------

    def _scale(self, key: Key, facts: Facts) -> bool:
        """One side at a time; whether anything was scaled."""
        new, stable = sizes(facts)
        if facts.stable is not None and facts.stable is not facts.new and self._resize(facts, facts.stable, stable):
            return True
        return self._resize_new(key, facts, new) or self._resize_others(key, facts)

    def _resize_new(self, key: Key, facts: Facts, to: int) -> bool:
        """After an abort its pods stay a while behind a route that sends them nothing."""
        assert facts.new is not None
        if facts.aborted and facts.routed and not facts.dynamic and facts.stable is not None:
            delay = facts.canary.get("abortScaleDownDelaySeconds", _DELAY)
            if not delay or available(facts.stable) < facts.replicas:
                return False
            return self._later(key, facts, facts.new, delay)
        return self._resize(facts, self._kept(facts.new), to)

    def _resize_others(self, key: Key, facts: Facts) -> bool:
        spare = sum(map(available, facts.sets)) - facts.replicas + bounds(facts.canary, facts.replicas)[1]
        for one in (one for one in facts.others if size(one)):
            if not facts.routed:
                fewer = max(size(one) - available(one), min(size(one), spare))
                return fewer > 0 and self._resize(facts, one, size(one) - fewer)
            if hash_of(one) in _referenced(facts):
                continue
            if facts.promoted and not facts.dynamic:
                if self._later(key, facts, one, facts.canary.get("scaleDownDelaySeconds", _DELAY)):
                    return True
            elif self._resize(facts, one, 0):
                return True
        return False

    def _later(self, key: Key, facts: Facts, replicaset: Obj, delay: int) -> bool:
        """To nothing, once its delay is over; whether it was scaled."""
        deadline = (replicaset["metadata"].get("annotations") or {}).get(DEADLINE)
        if deadline is None:
            self._desk.store.update(REPLICASETS, _noted(replicaset, DEADLINE, stamp(facts.now + delay)))
            self._again(key, delay)
            return False
        if facts.now < epoch(deadline):
            self._again(key, epoch(deadline) - facts.now)
            return False
        return self._resize(facts, replicaset, 0)

    def _kept(self, replicaset: Obj) -> Obj:
        """It is needed again: no deadline holds any more."""
        if DEADLINE not in (replicaset["metadata"].get("annotations") or {}):
            return replicaset
        return self._desk.store.update(REPLICASETS, _noted(replicaset, DEADLINE, None))

    def _resize(self, facts: Facts, replicaset: Obj, to: int) -> bool:
        was = size(replicaset)
        if was == to:
            return False
        live = self._desk.store.get(REPLICASETS, *key_of(replicaset))
        self._desk.store.update(REPLICASETS, {**live, "spec": {**live["spec"], "replicas": to}})
        name, way = live["metadata"]["name"], "up" if to > was else "down"
        message = f"Scaled {way} ReplicaSet {name} (revision {revision(live)}) from {was} to {to}"
        self._desk.recorder.say(facts.target, "ScalingReplicaSet", message, by=_BY)
        return True

    def _select(self, facts: Facts) -> None:
        """The Services of both sides select their version's pods."""
        home = facts.aborted or not available(facts.new)
        for word, version in (("stableService", facts.stable), ("canaryService", facts.stable if home else facts.new)):
            place = facts.target["metadata"]["namespace"], str(facts.canary.get(word) or "")
            service = self._desk.find(_SERVICES, place) if place[1] and version is not None else None
            selector = ((service or {}).get("spec") or {}).get("selector") or {}
            if service is not None and selector.get(HASH) != hash_of(version):
                spec = {**service["spec"], "selector": {**selector, HASH: hash_of(version)}}
                self._desk.store.update(_SERVICES, {**service, "spec": spec})


def _observed(rollout: Obj) -> str | None:
    found: str | None = (rollout.get("status") or {}).get("observedGeneration")
    return found


def _newest(facts: Facts) -> int:
    return max(map(revision, facts.sets), default=0)


def _hashed(facts: Facts) -> Obj:
    return {HASH: facts.wanted_hash}


def _referenced(facts: Facts) -> set[str]:
    """Versions that the route still names."""
    weights = (facts.status.get("canary") or {}).get("weights") or {}
    return {one["podTemplateHash"] for one in weights.values()}


def _noted(obj: Obj, key: str, value: str | None) -> Obj:
    notes = {**(obj["metadata"].get("annotations") or {}), key: value}
    kept = {name: text for name, text in notes.items() if text is not None}
    return {**obj, "metadata": {**obj["metadata"], "annotations": kept}}


def _spelled(spec: Obj) -> Obj:
    """As the controller writes it back: replicas said, quantities as text."""
    return {"replicas": 1, **spec, "template": _texts(spec["template"], "")}


def _texts(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        if key in ("limits", "requests"):
            return {name: str(one) for name, one in value.items()}
        return {name: _texts(one, name) for name, one in value.items()}
    return [_texts(one, "") for one in value] if isinstance(value, list) else value
