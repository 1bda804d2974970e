"""Whether the controller that keeps a target has been told to leave alone what a rollout changes of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from k8sai.canary.checks.gitops_fields import RESPECT, Parts, covers, parts, pointer, pointer_parts
from k8sai.canary.checks.gitops_keeper import GitOps
from k8sai.canary.checks.ownership import OURS
from k8sai.canary.facts import Json

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

APPLICATIONS: Final = "applications.argoproj.io"
KUSTOMIZATIONS: Final = "kustomizations.kustomize.toolkit.fluxcd.io"
RELEASES: Final = "helmreleases.helm.toolkit.fluxcd.io"
_KEEPS: Final = {"argocd": APPLICATIONS, "kustomize-controller": KUSTOMIZATIONS, "helm-controller": RELEASES}
_OFF: Final = (  # annotations by which an object itself is left alone
    ("kustomize.toolkit.fluxcd.io/reconcile", ("disabled",)),
    ("kustomize.toolkit.fluxcd.io/ssa", ("Ignore", "IfNotPresent")),
)


@dataclass(frozen=True, slots=True)
class Ignored:
    """`safe`: it is known that a rollout's writes are left alone. `sentence` says why, or why not."""

    safe: bool
    sentence: str


def ignored(keeper: GitOps, target: Json, jq: tuple[str, ...], read: "Reading") -> Ignored:
    """Read from what configures the keeper. What may not be read is not taken for an answer."""
    if keeper.tool == "kustomize-controller" and (said := _left_alone(target)):
        return Ignored(True, f"{keeper.title} leaves it alone ({said})")
    kind = _KEEPS[keeper.tool]
    found = _configured(keeper, kind, read)
    if found is None:
        why = f"{kind} may not be read" if read.blind(kind) else "it is not found in this cluster"
        return Ignored(False, f"whether {keeper.title} leaves it alone is not known: {why}")
    spec = found.get("spec") or {}
    if keeper.tool == "argocd":
        everywhere = _everywhere(target, found["metadata"].get("namespace", ""), read)
        return _argocd(keeper, target, jq, spec, everywhere)
    return _flux(keeper, target, jq, spec)


def _configured(keeper: GitOps, kind: str, read: "Reading") -> Json | None:
    if keeper.namespace:
        return read.get(kind, keeper.namespace, keeper.name)
    named = read.list(kind, fields=f"metadata.name={keeper.name}") if keeper.name else []
    return next(iter(named), None)


def _left_alone(target: Json) -> str:
    notes = (target.get("metadata") or {}).get("annotations") or {}
    return next((f"annotation {key}: {notes[key]}" for key, values in _OFF if notes.get(key) in values), "")


# --- Argo CD ----------------------------------------------------------------------------------------------------------


def _argocd(keeper: GitOps, target: Json, jq: tuple[str, ...], spec: Json, everywhere: list[Json]) -> Ignored:
    entries = [*everywhere, *(one for one in spec.get("ignoreDifferences") or () if _about(one, target))]
    lacking = [one for one in jq if not _covered(parts(one), entries)]
    if lacking:
        return Ignored(False, f"{keeper.title} does not ignore {' and '.join(lacking)}")
    options = (spec.get("syncPolicy") or {}).get("syncOptions") or ()
    if RESPECT not in options:
        return Ignored(False, f"{keeper.title} ignores it in its diff, and a sync writes it all the same")
    return Ignored(True, f"{keeper.title} ignores {' and '.join(jq)}")


def _everywhere(target: Json, namespace: str, read: "Reading") -> list[Json]:
    """What all applications leave out of objects of this kind, by Argo CD's own configuration."""
    data = (read.get("configmaps", namespace, "argocd-cm") or {}).get("data") or {}
    group, slash, _ = str(target.get("apiVersion") or "").partition("/")
    kind = f"{group}_{target['kind']}" if slash else target["kind"]
    texts = (data.get(f"resource.customizations.ignoreDifferences.{key}") or "" for key in (kind, "all"))
    return [said for text in texts if isinstance(said := _document(text), dict)]


def _document(text: str) -> object:
    from k8sai.yaml_in import first_document

    try:
        return first_document(text.encode())
    except ValueError:  # Argo CD cannot read it either
        return None


def _about(entry: Json, target: Json) -> bool:
    """Group and kind are globs; name and namespace count where they are given."""
    group, slash, _ = str(target.get("apiVersion") or "").partition("/")
    meta = target["metadata"]
    return (
        fnmatchcase(group if slash else "", str(entry.get("group") or ""))
        and fnmatchcase(target["kind"], str(entry.get("kind") or ""))
        and entry.get("name") in (None, "", meta["name"])
        and entry.get("namespace") in (None, "", meta.get("namespace"))
    )


def _covered(field: Parts, entries: Iterable[Json]) -> bool:
    for entry in entries:
        if OURS in (entry.get("managedFieldsManagers") or ()):
            return True
        if any(covers(wider, field) for wider in _paths(entry)):
            return True
    return False


def _paths(entry: Json) -> Iterator[Parts]:
    yield from map(parts, entry.get("jqPathExpressions") or ())
    yield from map(pointer_parts, entry.get("jsonPointers") or ())


# --- Flux -------------------------------------------------------------------------------------------------------------


def _flux(keeper: GitOps, target: Json, jq: tuple[str, ...], spec: Json) -> Ignored:
    if spec.get("suspend"):
        return Ignored(True, f"{keeper.title} is suspended")
    drift = spec.get("driftDetection") or {}
    if keeper.tool == "helm-controller" and drift.get("mode") != "enabled":
        mode = drift.get("mode") or "disabled"
        return Ignored(
            True, f"{keeper.title} corrects no drift (mode {mode}); its next upgrade writes the chart's text"
        )
    rules = drift.get("ignore") if keeper.tool == "helm-controller" else spec.get("ignore")
    paths = [path for rule in rules or () if _selects(rule.get("target"), target) for path in rule.get("paths") or ()]
    lacking = [one for one in jq if not any(covers(pointer_parts(path), parts(one)) for path in paths)]
    if lacking:
        return Ignored(False, f"{keeper.title} does not ignore {' and '.join(map(pointer, lacking))}")
    return Ignored(True, f"{keeper.title} ignores {' and '.join(map(pointer, jq))}")


def _selects(rule: Json | None, target: Json) -> bool:
    """Regular expressions that match the whole; selectors of labels and annotations are not followed: no."""
    import re

    group, slash, version = str(target.get("apiVersion") or "").rpartition("/")
    meta = target["metadata"]
    has = {
        "group": group if slash else "",
        "version": version,
        "kind": target["kind"],
        "name": meta["name"],
        "namespace": meta.get("namespace", ""),
    }
    return all(key in has and re.fullmatch(str(value), has[key]) for key, value in (rule or {}).items() if value)
