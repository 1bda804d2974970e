"""Who says offline whether an object is allowed: the strict schemas of built-in kinds, and definitions in a folder."""

from collections.abc import Callable, Iterable
from pathlib import Path

from k8sai.cookbook.lint.kinds import BUILTIN
from k8sai.manifests import Manifest

Judge = Callable[[Manifest], Iterable[str] | None]


def builtin() -> Judge | None:
    """Judges kinds of Kubernetes itself; None where the package with their schemas is not installed."""
    try:
        import kubernetes_validate
    except ImportError:
        return None
    newest = kubernetes_validate.latest_version()

    def judge(manifest: Manifest) -> list[str] | None:
        if manifest.group not in BUILTIN:  # the package goes by the kind: another group may have one of that name
            return None
        try:
            kubernetes_validate.validate(manifest.object, newest, strict=True)
        except kubernetes_validate.SchemaNotFoundError:
            return None
        except kubernetes_validate.ValidationError as error:
            path = ".".join(str(step) for step in error.absolute_path)
            return [f"{path}: {error.message}" if path else error.message]
        return []

    return judge


def definitions(folder: Path) -> Judge:
    """Judges custom kinds by the CustomResourceDefinitions in a folder. Raises NotFound."""
    from k8sai.errors import Usage
    from k8sai.schema.crd_folder import CrdFolder

    crds = CrdFolder(folder)

    def judge(manifest: Manifest) -> list[str] | None:
        crd = crds.find(manifest.api_version, manifest.kind)
        if crd is None:
            return None
        try:
            return crd.admit(manifest.object).refusals()
        except Usage as error:
            return [error.message]

    return judge
