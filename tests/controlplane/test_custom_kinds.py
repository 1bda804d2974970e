"""Our verdict on objects of custom kinds against the one of a real server that has the same definitions.

The definitions are those in the sources of the controllers, in folders that `K8SAI_CRDS` names, and in one beside the
project.
"""

import os
import random
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from k8sai.schema.crd import Admitted, Crd
from k8sai.schema.crd_folder import CrdFolder
from tests.contract.api import Api, Json
from tests.contract.definitions import CRDS, definition, established, model
from tests.controlplane.addons import ADDONS, Missing, source_of
from tests.controlplane.custom_kinds import GIVEN, broken
from tests.controlplane.server import ControlPlane
from tests.controlplane.session import ControlPlanes

FOLDERS = "K8SAI_CRDS"
KUEUE = "config/components/crd/bases"
COPIES = 25

pytestmark = pytest.mark.controlplane
Find = Callable[[Json], Crd]


@pytest.fixture(scope="module")
def plane(controlplanes: ControlPlanes) -> Iterator[ControlPlane]:
    """One without controllers: their webhooks would complete what is sent, and they would write meanwhile."""
    fresh = controlplanes.fresh(audit=False)
    yield fresh
    fresh.stop()


@pytest.fixture(scope="module")
def api(plane: ControlPlane) -> Api:
    return plane.api


@pytest.fixture(scope="module")
def find(plane: ControlPlane, api: Api) -> Find:
    """The definition of an object's kind, which the server has then; skips where no folder has one."""
    beside = Path(__file__).parents[3] / "shared" / "crds"
    places = [Path(one) for one in os.environ.get(FOLDERS, "").split(os.pathsep) if one]
    places += [beside] if beside.is_dir() else []
    for name, below in {**{name: addon.definitions for name, addon in ADDONS.items()}, "kueue": KUEUE}.items():
        try:
            places.append(source_of(plane, name) / below)
        except Missing:
            continue
    folders = [CrdFolder(place) for place in places]

    @lru_cache(maxsize=64)
    def defined(api_version: str, kind: str) -> Crd:
        found = next(filter(None, (folder.find(api_version, kind) for folder in folders)), None)
        if found is None:
            pytest.skip(f"no folder defines {kind}: {FOLDERS} can name more")
        if api.get(f"{CRDS}/{found.name}").status == 404:
            api.post(CRDS, found.obj).ok()
        established(api, found.obj)
        return found

    return lambda obj: defined(obj["apiVersion"], obj["kind"])


def compare(api: Api, crd: Crd, obj: Json, namespace: str, what: str) -> None:
    """The very words of both, for an object that would be made."""
    version = obj["apiVersion"].rpartition("/")[2]
    inside = f"namespaces/{namespace}/" if crd.namespaced else ""
    where = f"/apis/{crd.group}/{version}/{inside}{crd.plural}"
    ours = crd.admit(obj)
    assert ours.unchecked == [], what
    answer = api.post(where, obj, {"dryRun": "All", "fieldValidation": "Strict"})
    if answer.status == 201:
        assert ours.refusals() == [], what
        assert ours.obj.get("spec") == answer.body.get("spec"), what
        return
    message = answer.body["message"]
    if answer.status == 400:
        assert ours.unknown == re.findall(r'unknown field "([^"]*)"', message), (what, message)
        return
    theirs = {(one["field"], one["reason"], one["message"]) for one in answer.body["details"]["causes"]}
    assert told(ours) == theirs, (what, message)


def told(ours: Admitted) -> set[tuple[str, str, str]]:
    return {(problem.path, problem.reason, problem.message) for problem in ours.problems}


@pytest.mark.parametrize("obj", GIVEN, ids=[one["kind"] for one in GIVEN])
def test_the_same_verdict_in_the_same_words(api: Api, find: Find, namespace: str, obj: Json) -> None:
    crd, chance = find(obj), random.Random(obj["kind"])
    compare(api, crd, obj, namespace, "as given")
    for number in range(COPIES):
        copy, what = broken(obj, chance)
        compare(api, crd, copy, namespace, f"{number}: {what}")


def test_a_kind_that_has_something_of_everything(api: Api, namespace: str) -> None:
    made = definition("everything.controlplane.k8sai.dev")
    api.post(CRDS, made).ok()
    established(api, made)
    crd, chance = Crd.of(made), random.Random(7)
    whole = model(
        crd.group,
        replicas=2,
        most=3,
        share=0.5,
        size="50%",
        started="2026-01-01T00:00:00Z",
        labels={"a": "b"},
        anything={"a": [1]},
        object={"apiVersion": "v1", "kind": "Pod", "spec": {}},
        zones=["eu-a", "eu-b"],
        shards=[{"name": "a", "rank": 1}, {"name": "b"}],
        source={"url": "x"},
        fixed="a",
    )
    compare(api, crd, whole, namespace, "as given")
    for number in range(4 * COPIES):
        copy, what = broken(whole, chance)
        compare(api, crd, copy, namespace, f"{number}: {what}")
    api.delete(f"{CRDS}/{crd.name}")


@pytest.mark.parametrize("kind", ["JobSet", "LocalQueue"])
def test_the_same_verdict_on_a_change(api: Api, find: Find, namespace: str, kind: str) -> None:
    obj = next(one for one in GIVEN if one["kind"] == kind)
    crd, chance = find(obj), random.Random(kind)
    where = f"/apis/{obj['apiVersion']}/namespaces/{namespace}/{crd.plural}"
    old = api.post(where, obj).ok()
    for number in range(COPIES):
        copy, what = broken(obj, chance)
        new = {**copy, "metadata": old["metadata"]}
        ours = crd.admit(new, old)
        answer = api.put(f"{where}/given", new, {"dryRun": "All", "fieldValidation": "Strict"})
        if answer.status == 422:
            theirs = {(one["field"], one["reason"], one["message"]) for one in answer.body["details"]["causes"]}
            assert told(ours) == theirs, (number, what)
        else:
            assert (answer.status == 200) == (not ours.refusals()), (number, what, answer.body)
