"""What a rollout changes of its target, backend by backend: the fields that a GitOps controller has to leave alone, in
the words of Argo CD and of Flux.

Argo CD leaves them out of its diff by `ignoreDifferences`, and out of a sync only with RespectIgnoreDifferences=true.
https://argo-cd.readthedocs.io/en/stable/user-guide/diffing/
https://fluxcd.io/flux/components/kustomize/kustomizations/
https://fluxcd.io/flux/components/helm/helmreleases/#drift-detection
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

from k8sai.canary.facts import Json

Parts = tuple[str, ...]  # of a path; "[]" is any item of a list

# jq path expressions of what is written by shifts, then of what start and promote write besides.
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "kserve-knative": (".spec.predictor.canaryTrafficPercent", ".spec.predictor"),
    "kserve-standard": (".spec.canary", ".spec.predictor"),
    "llmisvc-group": (".spec.router.route", '.metadata.annotations["serving.kserve.io/stop"]'),
    "httproute": (".spec.rules[].backendRefs",),
    "knative": (".spec.traffic", ".spec.template"),
    "virtualservice": (".spec.http[].route",),
    "modelrewrite": (".spec.rules[].targets",),
    "rollout": (".spec.template",),
}
RESPECT: Final = "RespectIgnoreDifferences=true"

_PIECE: Final = re.compile(r"""\.?\[\s*(\d*)\s*\]\??|\.?\[\s*"([^"]*)"\s*\]\??|\."([^"]*)"\??|\.([A-Za-z_]\w*)\??""")
_FILTER: Final = re.compile(r"\|\s*select\s*\(.*?\)\s*(?=\||$)")


def shifting(backend: str) -> tuple[str, ...]:
    """jq path expressions of what changes at every step; nothing for a backend that is not driven."""
    return FIELDS.get(backend, ())[:1]


def fields(backend: str) -> tuple[str, ...]:
    """jq path expressions of all that a rollout of this kind writes to its target."""
    return FIELDS.get(backend, ())


def parts(jq: str) -> Parts:
    """`.spec.rules[] | select(.name == "a") | .backendRefs` as ("spec", "rules", "[]", "backendRefs").

    A filter is passed over: which items it picks cannot be known without the object. What cannot be read is ().
    """
    plain = "".join(piece.strip() for piece in _FILTER.sub("", jq).split("|"))
    found: list[str] = []
    at = 0
    while at < len(plain):
        match = _PIECE.match(plain, at)
        if match is None:
            return ()
        index, *names = match.groups()
        found.append("[]" if index is not None else next(name for name in names if name is not None))
        at = match.end()
    return tuple(found)


def pointer_parts(pointer: str) -> Parts:
    """The same of an RFC 6901 path: `/spec/rules/0/backendRefs`."""
    steps = (step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
    return tuple("[]" if step.isdigit() else step for step in steps)


def pointer(jq: str) -> str:
    """The RFC 6901 path of a field, up to the first list: pointers name no item of any place."""
    steps = parts(jq)
    steps = steps[: steps.index("[]")] if "[]" in steps else steps
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)


def covers(wider: Parts, field: Parts) -> bool:
    """Who leaves `wider` alone leaves `field` alone."""
    return bool(wider) and field[: len(wider)] == wider


# --- what to write ----------------------------------------------------------------------------------------------------


def argocd(target: Json, jq: Iterable[str]) -> Json:
    """An item of an Application's spec.ignoreDifferences."""
    meta, group = target["metadata"], _group(target)
    where: Json = {"group": group} if group else {}
    where |= {"kind": target["kind"], "name": meta["name"], "namespace": meta.get("namespace", "")}
    return {**where, "jqPathExpressions": list(jq)}


def flux(target: Json, jq: Iterable[str]) -> Json:
    """An item of a Kustomization's spec.ignore, and of a HelmRelease's spec.driftDetection.ignore."""
    meta = target["metadata"]
    paths = list(dict.fromkeys(pointer(one) for one in jq))
    return {"paths": paths, "target": {"kind": target["kind"], "name": meta["name"]}}


def flow(value: object) -> str:
    """On one line, as YAML takes it: JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)


def _group(target: Json) -> str:
    group, slash, _ = str(target.get("apiVersion") or "").partition("/")
    return group if slash else ""
