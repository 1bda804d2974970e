"""What to put into Git, as YAML: what makes the controller leave a rollout alone, or the rollout's own writes.

Writes become patches of a kustomization. Their guards are left out: they speak of the object as the server has it, with
defaults that no file in Git has. https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/
"""

import json
from collections.abc import Iterable, Iterator
from typing import Final

from k8sai.canary.backend import Write
from k8sai.canary.checks import gitops_fields
from k8sai.canary.checks.gitops_keeper import TITLES, GitOps
from k8sai.canary.facts import Json
from k8sai.yaml_out import lines

_KINDS: Final = {
    "argocd": ("argoproj.io/v1alpha1", "Application"),
    "kustomize-controller": ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
    "helm-controller": ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
}


def text(keeper: GitOps | None, target: Json, backend: str, writes: Iterable[Write]) -> str:
    """Both, each under a comment that says what it is; "" where there is neither."""
    parts = []
    config = configuration(keeper, target, backend) if keeper else None
    if config and keeper:
        parts.append((f"merge into the {TITLES[keeper.tool]}: it then leaves alone what a rollout writes", config))
    made = list(writes)
    if patches := kustomization(made):
        parts.append(("or commit the first write yourself, in kustomization.yaml", patches))
    parts += [("and this object", one.body) for one in made if one.op == "create" and isinstance(one.body, dict)]
    return "---\n".join(f"# {comment}\n{_yaml(body)}" for comment, body in parts)


def configuration(keeper: GitOps, target: Json, backend: str) -> Json | None:
    """The part of what configures the controller that leaves the fields of a rollout alone; None for Helm alone."""
    if keeper.tool not in _KINDS:
        return None
    version, kind = _KINDS[keeper.tool]
    meta: Json = {"name": keeper.name or "NAME", "namespace": keeper.namespace or "NAMESPACE"}
    return {"apiVersion": version, "kind": kind, "metadata": meta, "spec": _spec(keeper, target, backend)}


def _spec(keeper: GitOps, target: Json, backend: str) -> Json:
    jq = gitops_fields.fields(backend)
    if keeper.tool == "argocd":
        options = {"syncOptions": [gitops_fields.RESPECT]}
        return {"ignoreDifferences": [gitops_fields.argocd(target, jq)], "syncPolicy": options}
    rules = [gitops_fields.flux(target, jq)]
    return {"ignore": rules} if keeper.tool == "kustomize-controller" else {"driftDetection": {"ignore": rules}}


def kustomization(writes: Iterable[Write]) -> Json:
    """The patches of the writes that change something that is there; empty where none does."""
    found = [made for write in writes if (made := _patch(write)) is not None]
    return {"patches": found} if found else {}


def _patch(write: Write) -> Json | None:
    if write.op not in ("json-patch", "merge") or write.live is None or write.subresource:
        return None
    live = write.live
    group, _, version = str(live["apiVersion"]).rpartition("/")
    aim: Json = {"group": group} if group else {}
    aim |= {"version": version, "kind": live["kind"], "name": live["metadata"]["name"]}
    if isinstance(write.body, list):
        body = "".join(f"- {json.dumps(op, ensure_ascii=False)}\n" for op in _operations(write.body))
    else:
        head = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": {"name": aim["name"]}}
        body = json.dumps({**head, **_unbound(write.body or {})}, ensure_ascii=False)
    return {"target": aim, "patch": body} if body else None


def _operations(body: list[Json]) -> Iterator[Json]:
    return (op for op in body if op["op"] != "test")


def _unbound(body: Json) -> Json:
    """Without what a write was bound to."""
    return {key: part for key, part in body.items() if key != "metadata"}


def _yaml(body: Json) -> str:
    return "".join(f"{line}\n" for line in lines(body))
