"""Every recipe, with every declared case, before a real kube-apiserver with the real definitions, strict."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from k8sai.cookbook.checking import outcome
from k8sai.cookbook.library import BUILT_IN, built_in
from k8sai.cookbook.lint.kinds import BUILTIN
from k8sai.cookbook.makes import plural
from k8sai.cookbook.recipe import Recipe, load
from k8sai.manifests import Manifest
from k8sai.schema.crd import Crd
from k8sai.schema.crd_folder import CrdFolder
from tests.contract.api import APPLY, Json
from tests.controlplane.addons import define
from tests.controlplane.server import ControlPlane
from tests.controlplane.session import ControlPlanes

pytestmark = pytest.mark.controlplane

CRDS = Path(__file__).parents[3] / "shared" / "crds"
GATES = "GenericWorkload=true,EvictionRequestAPI=true"
NAMES = sorted(each.parent.name for each in built_in().glob("*/recipe.yaml"))
UNDEFINED = {("scheduling.x-k8s.io", "PodGroup")}  # of the coscheduling plugin: no definition is at hand


class Court:
    """A server and the definitions it was given so far; a kind's are loaded when the first object of it comes."""

    def __init__(self, plane: ControlPlane, definitions: CrdFolder) -> None:
        self._plane, self.api = plane, plane.api
        self._definitions = definitions
        self._loaded: dict[tuple[str, str], Crd] = {}
        self._namespaces = {"default"}

    def refuses(self, manifest: Manifest) -> str:
        """Why the server does not take it; empty where it does."""
        obj = yaml.safe_load(yaml.safe_dump(manifest.object))
        path = self._path(manifest, obj)
        named = "name" in obj["metadata"]
        query = {"dryRun": "All", "fieldManager": "k8sai", "fieldValidation": "Strict"}
        if named:
            answer = self.api.patch(f"{path}/{manifest.name}", obj, APPLY, {**query, "force": "true"})
        else:
            answer = self.api.post(path, obj, query)
        return "" if answer.status < 300 else str(answer.body.get("message"))

    def _path(self, manifest: Manifest, obj: Json) -> str:
        root = f"/apis/{manifest.api_version}" if manifest.group else f"/api/{manifest.api_version}"
        if manifest.group in BUILTIN:
            listed = self.api.get(root).ok()["resources"]
            found = [each for each in listed if each["kind"] == manifest.kind and "/" not in each["name"]]
            assert found, f"{manifest.api_version} {manifest.kind} is not served"
            name, namespaced = found[0]["name"], found[0]["namespaced"]
        else:
            crd = self._defined(manifest)
            name, namespaced = crd.plural, crd.namespaced
        if not namespaced:
            return f"{root}/{name}"
        namespace = obj["metadata"].setdefault("namespace", "default")
        if namespace not in self._namespaces:
            self.api.post(
                "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
            )
            self._namespaces.add(namespace)
        return f"{root}/namespaces/{namespace}/{name}"

    def _defined(self, manifest: Manifest) -> Crd:
        key = manifest.group, manifest.kind
        if key not in self._loaded:
            crd = self._definitions.find(manifest.api_version, manifest.kind)
            assert crd is not None, f"no definition of {manifest.api_version} {manifest.kind}"
            define(self._plane, [crd.obj])
            self._loaded[key] = crd
        return self._loaded[key]


@pytest.fixture(scope="module")
def court(controlplanes: ControlPlanes) -> Iterator[Court]:
    if not CRDS.is_dir():
        pytest.skip(f"there is no {CRDS.name} folder with definitions beside the project")
    plane = controlplanes.fresh(GATES, audit=False)
    yield Court(plane, CrdFolder(CRDS))
    plane.stop()


@pytest.mark.parametrize("name", NAMES)
def test_the_server_takes_every_case(court: Court, name: str) -> None:
    recipe = load(built_in() / name, BUILT_IN, trusted=True)
    assert list(refusals(court, recipe)) == []


def refusals(court: Court, recipe: Recipe) -> Iterator[tuple[str, str, str]]:
    for case in recipe.cases:
        for manifest in outcome(recipe, case).manifests:
            if (manifest.group, manifest.kind) in UNDEFINED:
                continue
            if why := court.refuses(manifest):
                yield case.name, manifest.ref, why


def test_the_server_is_strict(court: Court) -> None:
    """What is accepted above means something: a field that is not there, a kind, a type are refused."""
    recipe = load(built_in() / "vllm", BUILT_IN, trusted=True)
    deployment = next(each for each in outcome(recipe, recipe.cases[0]).manifests if each.kind == "Deployment")
    wrong = {**deployment.object, "spec": {**deployment.object["spec"], "replica": 1}}
    assert "replica" in court.refuses(Manifest(wrong, "a"))


def test_plurals_are_guessed_as_the_server_says_them(court: Court) -> None:
    """What `recipe explain` says of rights names resources that there are."""
    for name in NAMES:
        recipe = load(built_in() / name, BUILT_IN, trusted=True)
        for manifest in outcome(recipe, recipe.cases[0]).manifests:
            if (manifest.group, manifest.kind) not in UNDEFINED:
                path = court._path(manifest, {"metadata": {"namespace": "default"}})
                assert path.rpartition("/")[2] == plural(manifest.kind), manifest.ref
