"""What holds with every backend: nobody fights over a weight, a plan writes nothing, the way back leads back."""

from copy import deepcopy

import pytest

from k8sai.canary.backend import Begin, Goal, Promote, Rollback, Shift
from k8sai.canary.facts import Json, Phase, Prepared
from k8sai.canary.outcome import exit_of
from k8sai.canary.running import verbs
from k8sai.canary.running.planning import plan
from k8sai.canary.running.rollback import restore, rollback
from k8sai.canary.state import State
from k8sai.errors import Exit
from tests.canary.operators import Site
from tests.canary.run_cases import CASES, Case

EVERY = pytest.mark.parametrize("case", CASES, ids=str)
PINNED = ("kserve-knative", "knative")  # the new text stays in the spec, at 0 %, until it is asked to go


def stepped(site: Site) -> State:
    """Begun, and at its first step."""
    site.begun()
    return site.rolled(lambda hands, held: verbs.step(hands, held, end=None))


def prepared(site: Site) -> Prepared:
    held = site.kept.read()
    assert held and held.snapshot is not None
    return Prepared(held.state.handle, held.snapshot)


@EVERY
def test_a_weight_that_somebody_else_writes_is_not_written_over(case: Case) -> None:
    site = case.site()
    state = stepped(site)
    other = next(one for one in state.steps if one > state.weight)
    site.world.reach(site.backend, site.ref, Shift(other), prepared(site))
    site.world.run()
    before, spec = len(site.on_target()), deepcopy(site.target()["spec"])
    state = site.driven()
    assert (state.phase, exit_of(state)) == (Phase.DRIFTED, Exit.DRIFT), state.reason
    assert f"is {other}" in state.reason
    site.driven()
    assert (len(site.on_target()), site.target()["spec"]) == (before, spec)


@EVERY
def test_it_goes_back_from_every_step(case: Case) -> None:
    site = case.site()
    before = without_versions(site.target())
    stepped(site)
    while not site.state.last:
        site.world.run(60)
        site.rolled(lambda hands, held: verbs.step(hands, held, force="to see", end=None))
    state = site.rolled(rollback)
    assert (state.phase, state.weight, site.weights[-1]) == (Phase.ROLLED_BACK, 0, 0)
    if case.backend.name not in PINNED:
        assert without_versions(site.target()) == before
    writes = len(site.on_target())
    site.rolled(rollback)
    assert len(site.on_target()) == writes


@pytest.mark.parametrize("case", [one for one in CASES if one.backend.name in PINNED], ids=str)
def test_the_old_text_comes_back_where_it_was_pinned(case: Case) -> None:
    site = case.site()
    before = without_versions(site.target())
    stepped(site)
    site.rolled(rollback)
    with_canary = without_versions(site.target())
    state = site.rolled(lambda hands, held: restore(hands, held))
    after = without_versions(site.target())
    assert (state.phase, state.pending, state.history[-1].verb) == (Phase.ROLLED_BACK, None, "restore")
    key = "predictor" if "predictor" in before else "template"
    assert with_canary[key] != after[key] == before[key]


def without_versions(obj: Json) -> Json:
    found: Json = deepcopy(obj["spec"])
    found.pop("canary", None)  # an empty list where there was none
    return found


@EVERY
def test_annotations_of_the_target_are_left_as_they_are(case: Case) -> None:
    site = case.site()
    before = deepcopy(site.target()["metadata"].get("annotations"))
    site.begun()
    site.driven()
    notes = deepcopy(site.target()["metadata"].get("annotations"))
    if case.backend.name == "llmisvc-group":  # the old version is stopped by an annotation: KServe has no other way
        notes.pop("serving.kserve.io/stop")
    if case.backend.name == "rollout":  # the controller's own
        notes = {key: value for key, value in (notes or {}).items() if not key.startswith("rollout.argoproj.io/")}
        before = {key: value for key, value in (before or {}).items() if not key.startswith("rollout.argoproj.io/")}
    assert (notes or {}) == (before or {})


@EVERY
def test_a_plan_writes_nothing(case: Case) -> None:
    site = case.site()
    world = site.world
    thought = case.backend.prepare(site.target(), site.wish, world.reading())
    version = world.store.version
    plan(case.backend, site.ref, Begin(site.wish, thought.start), thought.handle, thought.before, world)
    assert world.store.version == version
    stepped(site)
    known, goals = prepared(site), list[Goal]([Rollback(), Promote(), Shift(site.state.steps[1])])
    version = world.store.version
    for goal in goals:
        found = plan(case.backend, site.ref, goal, known.handle, known.before, world)
        assert found.writes or found.then, goal
        for one in found.writes:
            assert one.live != one.result
    assert world.store.version == version
    assert site.on_target() and not site.state.ended
