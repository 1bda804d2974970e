"""Files for `kubectl apply -k`, and that kubectl makes of them what the recipe made."""

import subprocess
from pathlib import Path

import pytest
import yaml

from k8sai.cookbook import kustomize
from k8sai.cookbook.render import File
from k8sai.errors import Usage
from k8sai.manifests import parse

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
FILES = (File("map.yaml", MAP, tuple(parse(MAP.encode(), "a"))), File("values.yaml", "replicas: 1\n"))


def test_a_base_and_an_overlay_for_each_place() -> None:
    found = {file.name: file.text for file in kustomize.laid_out(FILES, ["prod", "dev"], "ml")}
    assert list(found) == [
        "base/map.yaml",
        "base/values.yaml",
        "base/kustomization.yaml",
        "overlays/prod/kustomization.yaml",
        "overlays/dev/kustomization.yaml",
    ]
    assert yaml.safe_load(found["base/kustomization.yaml"])["resources"] == ["map.yaml"]
    overlay = yaml.safe_load(found["overlays/prod/kustomization.yaml"])
    assert (overlay["namespace"], overlay["resources"]) == ("ml", ["../../base"])


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a b"])
def test_an_overlay_is_a_folder(name: str) -> None:
    with pytest.raises(Usage, match="this is no name for a folder"):
        kustomize.laid_out(FILES, [name], "")


def test_a_kustomization_of_the_recipes_own() -> None:
    with pytest.raises(Usage, match=r"makes a kustomization\.yaml of its own"):
        kustomize.laid_out([File("kustomization.yaml", "kind: Kustomization\n")], ["prod"], "")


@pytest.mark.kubectl
def test_kubectl_builds_it(tmp_path: Path) -> None:
    from tests.controlplane.session import kubectl

    for file in kustomize.laid_out(FILES, ["prod"], "ml"):
        (tmp_path / file.name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file.name).write_text(file.text)
    command = [str(kubectl()), "kustomize", str(tmp_path / "overlays/prod")]
    built = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert yaml.safe_load(built) == {**yaml.safe_load(MAP), "metadata": {"name": "a", "namespace": "ml"}}
