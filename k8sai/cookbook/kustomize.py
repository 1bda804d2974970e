"""Files for `kubectl apply -k`: what the recipe makes in `base/`, and an overlay for each place that differs."""

from collections.abc import Sequence

from k8sai.cookbook.render import File
from k8sai.errors import Usage
from k8sai.yaml_out import scalar

BASE, OVERLAYS, NAME = "base", "overlays", "kustomization.yaml"
_HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


def laid_out(files: Sequence[File], overlays: Sequence[str], namespace: str) -> tuple[File, ...]:
    """The files in `base/`, with a kustomization there and in `overlays/NAME` for each overlay. Raises Usage where a
    name is none for a folder. What holds no object is beside the others, and no resource."""
    for name in overlays:
        if not name or name.startswith(".") or not all(char.isalnum() or char in "-_." for char in name):
            raise Usage(f"--overlay {name}: this is no name for a folder")
    if any(file.name == NAME for file in files):
        raise Usage(f"the recipe makes a {NAME} of its own")
    listed = "".join(f"- {scalar(file.name)}\n" for file in files if file.manifests)
    resources = f"resources:\n{listed}" if listed else "resources: []\n"
    base = [File(f"{BASE}/{file.name}", file.text, file.manifests) for file in files]
    return (*base, File(f"{BASE}/{NAME}", _HEAD + resources), *(_overlay(name, namespace) for name in overlays))


def _overlay(name: str, namespace: str) -> File:
    where = f"namespace: {scalar(namespace)}\n" if namespace else ""
    text = (
        f"{_HEAD}{where}resources:\n- ../../{BASE}\n# What is different in {name}: patches, images, replicas, labels.\n"
    )
    return File(f"{OVERLAYS}/{name}/{NAME}", text)
