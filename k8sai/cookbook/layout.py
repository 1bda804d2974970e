"""How a rendering's files lie in a folder: flat, as a base with overlays, or as one of several variants."""

from typing import Any

from k8sai.cookbook.render import File, Rendered
from k8sai.errors import Refused

Json = dict[str, Any]

KUSTOMIZE, VARIANT = "kustomize", "variant"  # the keys of a lock's layout


def arranged(rendered: Rendered, layout: Json) -> tuple[File, ...]:
    """The files with the paths they get in the folder. Raises Refused where one holds the data of a Secret: the lock
    would keep a copy of it."""
    for manifest in rendered.manifests:
        if manifest.api_version == "v1" and manifest.kind == "Secret" and _has_data(manifest.object):
            raise Refused(
                f"{manifest.ref} ({manifest.place}) holds data, which would be copied: nothing was made",
                "create the Secret apart, and let the others name it",
            )
    files = rendered.files
    if variant := layout.get(VARIANT):
        from k8sai.cookbook.matrix import labelled

        files = labelled(files, str(variant))
    if overlays := layout.get(KUSTOMIZE):
        from k8sai.cookbook.kustomize import laid_out

        files = laid_out(files, overlays, rendered.namespace)
    return files


def _has_data(secret: Json) -> bool:
    return bool(secret.get("data") or secret.get("stringData"))
