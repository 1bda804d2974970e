"""Does a GitOps controller keep the target, and would it take back what a rollout writes.

Nothing is written to such an object unless it has been told to leave these fields alone, or the user insists. A
controller that reverts in spite of it is named, and the rollout stops there: nobody wins a fight of writes.
https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from k8sai.canary.checks import gitops_fields
from k8sai.canary.checks.ownership import managers
from k8sai.canary.facts import Json
from k8sai.errors import Refused

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

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


# --- before the first write -------------------------------------------------------------------------------------------


def insist(title: str, target: Json, backend: str, read: "Reading", *, allow: bool = False) -> tuple[str, ...]:
    """What the user should know, in sentences; nothing for an object that nobody keeps. `title` is `isvc/chat`.

    Raises Refused where a controller would take the rollout's writes back, unless `allow`.
    """
    keeper = managed_by(target)
    if keeper is None:
        return ()
    if not keeper.watches:
        return (f"{title} belongs to {keeper.title}: the next `helm upgrade` writes it as the chart has it",)
    from k8sai.canary.checks.gitops_ignored import ignored

    found = ignored(keeper, target, gitops_fields.fields(backend), read)
    if found.safe:
        return (f"GitOps: {found.sentence} (ok)",)
    if allow:
        back = "if it sets one back, the rollout stops as Drifted and writes nothing more"
        return (f"GitOps: {found.sentence}: {back}",)
    raise Refused(
        f"{title} is kept by {keeper.title} ({keeper.evidence}), which would take the rollout's writes back: "
        f"{found.sentence}",
        f"{advice(keeper, target, backend)}; --emit-patch prints it, --allow-gitops insists",
    )


def advice(keeper: GitOps, target: Json, backend: str) -> str:
    """What to write where, so that the controller leaves alone what a rollout changes."""
    jq, flow = gitops_fields.fields(backend), gitops_fields.flow
    match keeper.tool:
        case "argocd":
            rules = f"spec.ignoreDifferences: {flow([gitops_fields.argocd(target, jq)])}"
            return f"give the Application {rules} and the sync option {gitops_fields.RESPECT}"
        case "kustomize-controller":
            return f"give the Kustomization spec.ignore: {flow([gitops_fields.flux(target, jq)])} (Flux 2.9)"
        case "helm-controller":
            return f"give the HelmRelease spec.driftDetection.ignore: {flow([gitops_fields.flux(target, jq)])}"
    return ""
