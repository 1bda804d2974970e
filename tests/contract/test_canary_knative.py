"""Knative Services and InferenceServices over them, driven through a canary: the same on the embedded cluster, on one
that has the real definitions, and on a real API server that has them, where a copy of the controllers plays.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from k8sai.canary.backend import Backend, Begin, Goal, Promote, Restore, Retire, Rollback, Shift, Wait, Write
from k8sai.canary.backends.knative.backend import Knative
from k8sai.canary.backends.kserve_knative.backend import KServeKnative
from k8sai.canary.facts import Json, Prepared, Ref
from k8sai.cluster.patching import Stale
from k8sai.cluster.reading import Reading
from k8sai.errors import Refused
from tests.canary.knatives import ISVC, KSVC, SERVING, TO_IMAGE, TO_MODEL, isvc, ksvc
from tests.contract.api import JSON_PATCH, MERGE, Api
from tests.contract.canary_driver import Driver
from tests.contract.knative_shadow import Shadow
from tests.contract.real_definitions import define_real
from tests.controlplane.gpu_nodes import add_nodes, gpu_node
from tests.controlplane.namespaces import new_namespace

KINDS = (
    (f"{SERVING}/v1", "Service"),
    (f"{SERVING}/v1", "Revision"),
    ("serving.kserve.io/v1beta1", "InferenceService"),
)
PERCENT = "/spec/predictor/canaryTrafficPercent"


@dataclass
class Played(Driver):
    """Where nobody plays Knative, a shadow does whenever there is something to wait for."""

    shadow: list[Shadow] = field(default_factory=list)

    def changed(self, since: Json) -> None:
        if self.shadow:
            self.shadow[0].play()
        else:
            super().changed(since)

    def settle(self) -> None:
        """The controllers have looked at it; nothing to do where they run."""
        for one in self.shadow:
            one.play()


@dataclass(frozen=True)
class Yard:
    """A server, and whether it has controllers."""

    api: Api
    kubeconfig: Path
    played: bool


@pytest.fixture(scope="module", params=["sim", "sim-defined", pytest.param("real", marks=pytest.mark.controlplane)])
def yard(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    if request.param == "real":
        plane = request.getfixturevalue("controlplanes").get()
        define_real(plane.api, *KINDS)
        yield Yard(plane.api, plane.kubeconfig(), played=True)
        return
    from k8sai.sim.cluster import Sim

    kubeconfig = tmp_path_factory.mktemp("knative") / "config"
    with Sim("empty") as sim:
        sim.write_kubeconfig(kubeconfig)
        api = Api.of(kubeconfig)
        if request.param == "sim-defined":
            define_real(api, *KINDS)
        add_nodes(api, [gpu_node("knative-1"), gpu_node("knative-2")])
        yield Yard(api, kubeconfig, played=False)
        api.close()


Make = Callable[[Backend, Json], Played]


@pytest.fixture
def driven(yard: Yard) -> Iterator[Make]:
    """`driven(Knative(), ksvc())`: the object is there, its first revision ready, with all requests."""
    made: list[str] = []

    def make(backend: Backend, obj: Json) -> Played:
        namespace = new_namespace(yard.api, "knative", service_account=not yard.played)
        known = ISVC if obj["kind"] == "InferenceService" else KSVC
        ref = Ref(known.kind, namespace, "chat", word=known.word)
        plural = known.kind.partition(".")[0]
        path = f"/apis/{obj['apiVersion']}/namespaces/{namespace}/{plural}"
        yard.api.post(path, obj, {"fieldValidation": "Strict"}).ok()
        driver = Played.of(yard.api, yard.kubeconfig, backend, ref)
        assert isinstance(driver, Played)
        if yard.played:
            driver.shadow = [Shadow(yard.api, driver.path)]
        driver.settle()
        yard.api.until_object(driver.path, is_ready)
        made.append(driver.path)
        return driver

    yield make
    for path in made:
        yard.api.delete(path)


def is_ready(one: Json) -> bool:
    conditions = (one.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def routed(driver: Played) -> dict[str, int]:
    """Percent by the number of the revision, without those that get nothing."""
    status = driver.target()["status"]
    targets = status["traffic"] if "traffic" in status else status["components"]["predictor"]["traffic"]
    found: dict[str, int] = {}
    for one in targets:
        name = "v" + one["revisionName"][-1]
        found[name] = found.get(name, 0) + one["percent"]
    return {name: percent for name, percent in found.items() if percent}


def edit(driver: Played, *operations: Json) -> None:
    """Somebody else writes."""
    driver.api.patch(driver.path, [*operations], JSON_PATCH).ok()


def went(driver: Played, prepared: Prepared, *goals: Goal) -> list[Write]:
    return [write for goal in goals for write in driver.reach(goal, prepared)]


# --- KServe -----------------------------------------------------------------------------------------------------------


def test_an_inference_service_is_rolled_out_and_promoted(driven: Make) -> None:
    driver = driven(KServeKnative(), isvc())
    annotations = driver.target()["metadata"]["annotations"]
    prepared = driver.prepare(TO_MODEL)
    (begun,) = driver.reach(Begin(TO_MODEL, 0), prepared)
    assert isinstance(begun.body, list)
    assert {"op": "add", "path": PERCENT, "value": 0} in begun.body, "model and percent in one write"
    assert [write.weight for write in went(driver, prepared, Shift(5), Shift(50))] == [5.0, 50.0]
    assert routed(driver) == {"v1": 50, "v2": 50}
    seen = driver.see(prepared)
    assert seen.canary
    assert (seen.route, seen.configured, seen.drift, seen.canary.model_ready) == (50.0, 50.0, (), True)
    driver.reach(Promote(), prepared)
    assert routed(driver) == {"v2": 100}
    target = driver.target()
    assert "canaryTrafficPercent" not in target["spec"]["predictor"]
    assert target["metadata"]["annotations"] == annotations
    assert driver.reach(Retire(), prepared) == []


def test_an_inference_service_is_pinned_then_restored(driven: Make) -> None:
    driver = driven(KServeKnative(), isvc())
    before = driver.target()["spec"]
    prepared = driver.prepare(TO_MODEL)
    went(driver, prepared, Begin(TO_MODEL, 0), Shift(25), Rollback())
    assert (driver.target()["spec"]["predictor"]["canaryTrafficPercent"], routed(driver)) == (0, {"v1": 100})
    assert len(driver.reach(Restore(), prepared)) == 2
    assert (driver.target()["spec"], routed(driver)) == (before, {"v3": 100})


def test_from_everything_an_inference_service_goes_back(driven: Make) -> None:
    driver = driven(KServeKnative(), isvc())
    prepared = driver.prepare(TO_MODEL)
    went(driver, prepared, Begin(TO_MODEL, 0), Shift(100), Promote())
    driver.reach(Rollback(all_at_once=True), prepared)
    assert routed(driver) == {"v1": 100}


def test_the_write_tests_the_revision_that_is_split_against(driven: Make) -> None:
    """A patch of the object may test its status: what KServe has not rolled out yet gets no percent."""
    driver = driven(KServeKnative(), isvc())
    step = driver.step(Begin(TO_MODEL, 0), driver.prepare(TO_MODEL))
    assert isinstance(step, Write) and isinstance(step.body, list)
    rolled = "/status/components/predictor/latestRolledoutRevision"
    other = [{**one, "value": "another"} if one["path"] == rolled else one for one in step.body]
    assert other != step.body
    with pytest.raises(Stale):
        driver.carry(replace(step, body=other))
    assert driver.target()["spec"] == isvc()["spec"]
    driver.carry(step)


def test_nothing_rolled_out_yet_is_refused(driven: Make) -> None:
    driver = driven(KServeKnative(), isvc())
    target = driver.target()
    del target["status"]["components"]["predictor"]["latestRolledoutRevision"]
    with pytest.raises(Refused, match="has no latestRolledoutRevision"):
        driver.backend.prepare(target, TO_MODEL, Reading(driver.objects))


@pytest.mark.parametrize("weight", [-1, 101])
def test_the_definition_has_no_range_for_the_percent(driven: Make, weight: int) -> None:
    """So it is checked before it is sent."""
    driver = driven(KServeKnative(), isvc())
    body = {"spec": {"predictor": {"canaryTrafficPercent": weight}}}
    driver.api.patch(driver.path, body, MERGE, {"dryRun": "All", "fieldValidation": "Strict"}).ok()
    prepared = driver.prepare(TO_MODEL)
    with pytest.raises(Refused, match="is no percent"):
        driver.step(Shift(weight), prepared)


def test_a_third_model_is_drift_and_goes_back_all_the_same(driven: Make) -> None:
    driver = driven(KServeKnative(), isvc())
    prepared = driver.prepare(TO_MODEL)
    went(driver, prepared, Begin(TO_MODEL, 0), Shift(25))
    edit(driver, {"op": "replace", "path": "/spec/predictor/model/storageUri", "value": "hf://org/chat-v3"})
    driver.settle()
    driver.reach(Rollback(), prepared)
    assert driver.see(prepared).drift[-1] == "spec.predictor of isvc/chat is not what the rollout wrote"
    assert routed(driver) == {"v1": 100}


# --- Knative ----------------------------------------------------------------------------------------------------------


def test_a_service_is_rolled_out_promoted_and_retired(driven: Make) -> None:
    driver = driven(Knative(), ksvc())
    prepared = driver.prepare(TO_IMAGE)
    assert len(went(driver, prepared, Begin(TO_IMAGE, 0))) == 1
    went(driver, prepared, Shift(5), Shift(50))
    seen = driver.see(prepared)
    assert (seen.route, seen.configured, seen.drift, routed(driver)) == (50.0, 50.0, (), {"v1": 50, "v2": 50})
    driver.reach(Promote(), prepared)
    assert len(driver.target()["spec"]["traffic"]) == 2, "the old side stays"
    driver.reach(Retire(), prepared)
    assert driver.target()["spec"]["traffic"] == [{"latestRevision": True, "percent": 100}]
    assert routed(driver) == {"v2": 100}


def test_a_service_goes_back_and_is_restored(driven: Make) -> None:
    driver = driven(Knative(), ksvc())
    template = driver.target()["spec"]["template"]
    prepared = driver.prepare(TO_IMAGE)
    went(driver, prepared, Begin(TO_IMAGE, 0), Shift(25), Rollback())
    assert routed(driver) == {"v1": 100}
    assert len(driver.reach(Restore(), prepared)) == 2
    assert (driver.target()["spec"]["template"], routed(driver)) == (template, {"v3": 100})


@pytest.mark.parametrize(
    "traffic",
    [
        [{"latestRevision": True, "percent": 70}],
        [{"latestRevision": True, "percent": 80}, {"revisionName": "chat-00001", "percent": 80}],
        [{"latestRevision": True, "revisionName": "chat-00001", "percent": 100}],
        [{"configurationName": "chat", "percent": 100}],
    ],
)
def test_the_definition_checks_nothing_of_the_traffic(driven: Make, traffic: list[Json]) -> None:
    """Without Knative's webhook all of it is stored; we refuse to build on it."""
    driver = driven(Knative(), ksvc())
    driver.api.patch(driver.path, {"spec": {"traffic": traffic}}, MERGE, {"fieldValidation": "Strict"}).ok()
    with pytest.raises(Refused, match=r"spec\.traffic"):
        driver.prepare(TO_IMAGE)


def test_two_operators_shift_once(driven: Make) -> None:
    driver = driven(Knative(), ksvc())
    prepared = driver.prepare(TO_IMAGE)
    driver.reach(Begin(TO_IMAGE, 0), prepared)
    driver.settle()
    step = driver.step(Shift(5), prepared)
    while isinstance(step, Wait):
        driver.changed(driver.target())
        step = driver.step(Shift(5), prepared)
    assert isinstance(step, Write)
    driver.carry(step)
    with pytest.raises(Stale):
        driver.carry(step)
    driver.reach(Shift(5), prepared)
    assert routed(driver) == {"v1": 95, "v2": 5}
