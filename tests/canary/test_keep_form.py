"""A rollout's state as text: all of it comes back, what is not understood is refused, no Secret is kept."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.canary.facts import Json, Phase, Ref
from k8sai.canary.keeping import form
from k8sai.canary.state import KEPT, Happened, Intent, Settings, Slo, State
from k8sai.errors import Refused
from tests.canary.keepers import rollout, target

REF = target("prod")
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
PERCENT = st.integers(0, 100)
LEAF = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | NUMBER | st.text(max_size=8)
JSON: st.SearchStrategy[Json] = st.dictionaries(
    st.text(max_size=8).filter(lambda key: key != "kind"),
    st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("image_uri"), inner)),
    max_size=3,
)
SLOS = st.builds(Slo, st.text(max_size=8), NUMBER, st.none() | NUMBER)
SETTINGS = st.builds(
    Settings, st.lists(SLOS, max_size=3).map(tuple), min_samples=st.integers(0, 10**6), max_error=NUMBER
)
INTENTS = st.builds(Intent, st.sampled_from(["begin", "shift", "promote", "rollback"]), PERCENT, PERCENT)
LINES = st.builds(Happened, before=PERCENT, after=PERCENT)
STATES = st.builds(
    State,
    phase=st.sampled_from(Phase),
    handle=JSON,
    steps=st.lists(PERCENT, max_size=6).map(tuple),
    step=st.integers(-1, 6),
    start=PERCENT,
    weight=PERCENT,
    passed=PERCENT,
    epoch=st.integers(0, 2**31),
    settings=SETTINGS,
    wish=JSON,
    pending=st.none() | INTENTS,
    gate=JSON,
    history=st.lists(LINES, max_size=5).map(tuple),
    version=st.just(1),
)


@given(STATES)
def test_all_of_it_comes_back(state: State) -> None:
    assert form.state(form.text(state)) == state


def test_every_field_is_kept_by_its_name_in_camel_case() -> None:
    kept = json.loads(form.text(rollout(REF)))
    names = {field.name.replace("_", "").lower() for field in fields(State)}
    assert {key.lower() for key in kept} == names
    assert "_" not in "".join((*kept, *kept["settings"], *kept["target"]))
    assert (kept["pausedBy"], kept["settings"]["minSamples"], kept["version"]) == ("", 100, 1)


def test_what_backends_keep_keeps_its_own_names() -> None:
    state = rollout(REF, wish={"model_uri": {"snake_case": 1}})
    assert form.state(form.text(state)).wish == {"model_uri": {"snake_case": 1}}


def test_of_the_history_the_last_lines_are_kept() -> None:
    lines = tuple(Happened("", "ana", "note", str(i), 0, 0) for i in range(KEPT + 7))
    kept = form.state(form.text(rollout(REF, history=lines))).history
    assert (len(kept), kept[0].reason, kept[-1].reason) == (KEPT, "7", str(KEPT + 6))


def without(key: str) -> Json:
    kept: Json = json.loads(form.text(rollout(REF)))
    del kept[key]
    return kept


def having(path: str, value: Any) -> Json:
    kept: Json = json.loads(form.text(rollout(REF, pending=Intent("shift", 25, 5, "", "ana"))))
    *parents, last = path.split(".")
    place = kept
    for parent in parents:
        place = place[parent]
    place[last] = value
    return kept


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        (having("version", 2), "it is in version 2, and this k8sai knows 1"),
        (without("version"), "it is in version None, and this k8sai knows 1"),
        (having("mirror", 1), "it has a field that this k8sai does not know: $.mirror"),
        (having("settings.mirror", 1), "it has a field that this k8sai does not know: $.settings.mirror"),
        (having("settings.slos", [{"mirror": 1}]), "a field that this k8sai does not know: $.settings.slos[0].mirror"),
        (having("pending.mirror", 1), "it has a field that this k8sai does not know: $.pending.mirror"),
        (having("paused_by", "ana"), "it has a field that this k8sai does not know: $.paused_by"),
        (having("phase", "Baking"), "Invalid enum value 'Baking' - at `$.phase`"),
        (having("weight", "25"), "Expected `int`, got `str` - at `$.weight`"),
        (having("weight", 101), "101 is no percent"),
        (having("pending.weight", -1), "-1 is no percent"),
        (having("steps", [5, 200]), "200 is no percent"),
        (without("handle"), "Object missing required field `handle`"),
    ],
)
def test_what_is_not_understood_is_refused(kept: Json, why: str) -> None:
    with pytest.raises(form.Unreadable) as refused:
        form.state(json.dumps(kept))
    assert why in refused.value.message


@pytest.mark.parametrize("kept", ["", "weight: 5", "[]", "null", "5"])
def test_what_is_no_object_is_refused(kept: str) -> None:
    with pytest.raises(form.Unreadable):
        form.state(kept)


def test_a_field_that_came_later_has_its_default() -> None:
    assert form.state(json.dumps(without("pausedIn"))) == rollout(REF)


SECRET: Json = {"apiVersion": "v1", "kind": "Secret", "data": {"token": "aGY="}}


@pytest.mark.parametrize(
    "fragment",
    [
        SECRET,
        {"objects": [{"deep": [SECRET]}]},
        {"kind": "Secret", "stringData": {"token": "hf"}},
        {"kind": "SecretList", "items": [SECRET]},
    ],
)
def test_a_secrets_data_is_never_kept(fragment: Json) -> None:
    state = rollout(REF)
    with pytest.raises(Refused, match="the snapshot would hold a Secret's data"):
        form.snapshot_text("01JD1", fragment)
    for kept in (replace(state, handle=fragment), replace(state, wish={"patch": fragment})):
        with pytest.raises(Refused, match="the state would hold a Secret's data"):
            form.text(kept)


def test_a_reference_to_a_secret_is_kept() -> None:
    env = {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}}
    before = {"containers": [{"env": [env]}], "ref": {"kind": "Secret", "name": "hf"}}
    assert form.snapshot(form.snapshot_text("01JD1", before)) == ("01JD1", before)


def test_a_snapshot_of_another_version_is_refused() -> None:
    with pytest.raises(form.Unreadable, match="version 2"):
        form.snapshot(json.dumps({"version": 2, "id": "01JD1", "before": {}}))


def test_a_target_is_called_as_it_is_typed() -> None:
    assert form.state(form.text(rollout(REF))).target == Ref(REF.kind, "prod", "chat", "5d1c", "isvc")
