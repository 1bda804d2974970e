"""A Rollout as its controller reports it: which version, which step, whether it stands, and what it has not taken over.

`status.observedGeneration` is a string, and equals the generation one write before currentPodHash and currentStepIndex
follow. https://argo-rollouts.readthedocs.io/en/stable/features/specification/
"""

from dataclasses import dataclass

from k8sai.canary.backends.rollout.fields import KIND, STEP_PAUSE, Fields
from k8sai.canary.backends.rollout.steps import heading, spoken, stops, weight_at
from k8sai.canary.backends.rollout.template import form
from k8sai.canary.backends.steps import ref_of
from k8sai.canary.facts import Json, Ref


@dataclass(frozen=True, slots=True)
class Walk(Fields):
    """One Rollout with the canary strategy, as it was read."""

    @property
    def ref(self) -> Ref:
        return ref_of(self.target, KIND, "rollout")

    @property
    def template(self) -> Json:
        found: Json = self.spec.get("template") or {}
        return found

    @property
    def paused(self) -> bool:
        """By a person, in the spec: no pod moves."""
        return bool(self.spec.get("paused"))

    @property
    def hash(self) -> str:
        """Of the version in its template, as far as the controller has seen it."""
        return str(self.status.get("currentPodHash") or "")

    @property
    def stable(self) -> str:
        return str(self.status.get("stableRS") or "")

    @property
    def complete(self) -> bool:
        """No version is on its way."""
        return bool(self.hash) and self.hash == self.stable

    @property
    def stands(self) -> bool:
        """At a pause without a duration, which its controller has begun."""
        return any(stop.pause == self.index for stop in stops(self.steps)) and self._paused_for(STEP_PAUSE)

    @property
    def held(self) -> str:
        """Why it has paused by itself for another reason than a step: InconclusiveAnalysisRun."""
        return next((one["reason"] for one in self.pauses if one.get("reason") != STEP_PAUSE), "")

    @property
    def weights(self) -> list[Json]:
        """What the controller has set in the route, by version."""
        found = (self.status.get("canary") or {}).get("weights") or {}
        return [found[word] for word in ("canary", "stable") if word in found]

    @property
    def heading(self) -> int:
        """The weight it stands at or walks to."""
        return 100 if self.full else heading(self.steps, self.index)

    def routed_to(self, version: str) -> int | None:
        """Percent that the route gives to a version; None where no status tells."""
        if not self.weights:
            return None
        return sum(int(one.get("weight") or 0) for one in self.weights if one.get("podTemplateHash") == version)

    def unobserved(self) -> str:
        """What the controller has not seen yet."""
        now, seen = self.target["metadata"].get("generation"), self.status.get("observedGeneration")
        if str(seen) != str(now):
            return f"the controller has not seen generation {now} yet, only {seen or 'none'}"
        if self.status.get("controllerPause") and not self.pauses:
            return "the controller has not left the pause yet"
        return ""

    def moving(self) -> str:
        """What it is doing, where it does not stand; "" where it stands or is complete."""
        if self.complete or (self.stands and self._split()):
            return ""
        if self.paused:
            return "spec.paused is true: no pod moves"
        if self.aborted:
            return "it is aborted, and requests go back"
        if self.held:
            return f"it has paused by itself: {self.held}"
        if self.index >= len(self.steps):
            return f"all steps are done, {self._ready()} pods of the new version are ready"
        step = self.steps[self.index]
        ends = ", which ends by itself" if "pause" in step and self.pauses and not self.stands else ""
        return f"step {self.index + 1} of {len(self.steps)}: {spoken(step)}{ends}"

    @property
    def raising(self) -> bool:
        """It waits for pods; not for its controller, a clock or an analysis."""
        if self._halted:
            return False
        return self.index >= len(self.steps) or bool({"setWeight", "setCanaryScale"} & self.steps[self.index].keys())

    @property
    def passing(self) -> bool:
        """It is at a step that ends by itself, as a pause with a duration does; all that is written has been done."""
        return not (self._halted or self.complete or self.raising or self.stands)

    @property
    def _halted(self) -> bool:
        return bool(self.unobserved() or self.aborted or self.paused or self.held)

    def _split(self) -> bool:
        """The route is as the step says."""
        found = self.routed_to(self.hash)
        return not self.routed or found is None or found == weight_at(self.steps, self.index)

    def _paused_for(self, reason: str) -> bool:
        return any(one.get("reason") == reason for one in self.pauses)

    def _ready(self) -> str:
        return f"{self.status.get('updatedReplicas') or 0} of {self.replicas}"


def version(walk: Walk, handle: Json) -> str:
    """`stable`, `canary`, or `third`: which text is in its template."""
    found = form(walk.template)
    return next((word for word in ("stable", "canary") if handle["forms"][word] == found), "third")


def not_taken_over(walk: Walk, handle: Json) -> str:
    """What is written and not seen by the controller; "" where it has seen all."""
    if said := walk.unobserved():
        return said
    there = version(walk, handle)
    if there == "canary" and walk.hash == handle["stable"]:
        return "the controller has not made the new version's ReplicaSet yet"
    if there == "stable" and walk.hash != handle["stable"]:
        return "the controller has not gone back to the old version's ReplicaSet yet"
    return ""
