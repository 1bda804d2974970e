"""Does a GitOps controller keep the target, and would it take back what a rollout writes.

Nothing is written to such an object unless it has been told to leave these fields alone, or the user insists. A
controller that reverts in spite of it is named, and the rollout stops there: nobody wins a fight of writes.
"""

from typing import TYPE_CHECKING

from k8sai.canary.checks import gitops_fields
from k8sai.canary.checks.gitops_ignored import ignored
from k8sai.canary.checks.gitops_keeper import GitOps, managed_by
from k8sai.canary.facts import Json
from k8sai.errors import Refused

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading


def insist(title: str, target: Json, backend: str, read: "Reading", *, allow: bool = False) -> tuple[str, ...]:
    """What the user should know, in sentences; nothing for an object that nobody keeps. `title` is `isvc/chat`.

    Raises Refused where a controller would take the rollout's writes back, unless `allow`.
    """
    keeper = managed_by(target)
    if keeper is None:
        return ()
    if not keeper.watches:
        return (f"{title} belongs to {keeper.title}: the next `helm upgrade` writes it as the chart has it",)
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
