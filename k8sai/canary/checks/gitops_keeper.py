"""Who keeps an object as something else says: told by its labels, annotations and field managers.

https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/
"""

from dataclasses import dataclass
from typing import Final, Literal

from k8sai.canary.checks.ownership import managers
from k8sai.canary.facts import Json

Tool = Literal["argocd", "kustomize-controller", "helm-controller", "helm"]

TITLES: Final[dict[Tool, str]] = {
    "argocd": "Argo CD application",
    "kustomize-controller": "Flux Kustomization",
    "helm-controller": "Flux HelmRelease",
    "helm": "Helm release",
}
_TRACKING: Final = "argocd.argoproj.io/tracking-id"
_INSTANCES: Final = ("argocd.argoproj.io/instance", "app.kubernetes.io/instance")
_KUSTOMIZE: Final = "kustomize.toolkit.fluxcd.io"
_FLUX_HELM: Final = "helm.toolkit.fluxcd.io"
_MANAGERS: Final[dict[str, Tool]] = {
    "argocd-controller": "argocd",
    "argocd-application-controller": "argocd",
    "kustomize-controller": "kustomize-controller",
    "helm-controller": "helm-controller",
}
_WATCHES: Final = ("argocd", "kustomize-controller", "helm-controller")


@dataclass(frozen=True, slots=True)
class GitOps:
    """Who keeps an object as something else says. `name` may be empty where only the field manager is known."""

    tool: Tool
    name: str
    namespace: str  # of the application, Kustomization or release; "" where it is not told
    evidence: str  # where it says so: "annotation argocd.argoproj.io/tracking-id"

    @property
    def title(self) -> str:
        """`Argo CD application chat`."""
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{TITLES[self.tool]} {place}".strip()

    @property
    def watches(self) -> bool:
        """It sets the object back by itself. Helm alone does so when somebody upgrades."""
        return self.tool in _WATCHES


def managed_by(obj: Json) -> GitOps | None:
    """Who keeps the object; the surer sign first. None: nobody that is known."""
    return _tracked(obj) or _fluxed(obj) or _written(obj) or _helmed(obj)


def _tracked(obj: Json) -> GitOps | None:
    """`chat:gateway.networking.k8s.io/HTTPRoute:prod/chat`. Argo CD passes over one copied from another object."""
    said, _, about = str(_annotations(obj).get(_TRACKING) or "").partition(":")
    if said and about == _identity(obj):
        namespace, _, name = said.rpartition("_")  # of an application outside of Argo CD's own namespace
        return GitOps("argocd", name, namespace, f"annotation {_TRACKING}")
    instance = _labels(obj).get(_INSTANCES[0])
    return GitOps("argocd", instance, "", f"label {_INSTANCES[0]}") if instance else None


def _fluxed(obj: Json) -> GitOps | None:
    tools: tuple[tuple[str, Tool], ...] = ((_KUSTOMIZE, "kustomize-controller"), (_FLUX_HELM, "helm-controller"))
    for domain, tool in tools:
        if name := _labels(obj).get(f"{domain}/name"):
            return GitOps(tool, name, _labels(obj).get(f"{domain}/namespace", ""), f"label {domain}/name")
    return None


def _written(obj: Json) -> GitOps | None:
    """By its field managers. Charts write the instance label too, so it only names who is known to have written."""
    for manager in sorted(managers(obj) & _MANAGERS.keys()):
        tool = _MANAGERS[manager]
        name = _labels(obj).get(_INSTANCES[1], "") if tool == "argocd" else ""
        return GitOps(tool, name, "", f"field manager {manager}")
    return None


def _helmed(obj: Json) -> GitOps | None:
    if _labels(obj).get("app.kubernetes.io/managed-by") != "Helm":
        return None
    notes = _annotations(obj)
    name, namespace = (notes.get(f"meta.helm.sh/release-{key}", "") for key in ("name", "namespace"))
    return GitOps("helm", name, namespace, "label app.kubernetes.io/managed-by")


def _identity(obj: Json) -> str:
    group, slash, _ = str(obj.get("apiVersion") or "").partition("/")
    meta = obj.get("metadata") or {}
    return f"{group if slash else ''}/{obj.get('kind')}:{meta.get('namespace', '')}/{meta.get('name')}"


def _labels(obj: Json) -> dict[str, str]:
    return (obj.get("metadata") or {}).get("labels") or {}


def _annotations(obj: Json) -> dict[str, str]:
    return (obj.get("metadata") or {}).get("annotations") or {}
