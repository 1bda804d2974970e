"""CustomResourceDefinitions: the names, scope and versions of a kind, and the schema of each version.

    crd = Crd.of(manifest)
    admitted = crd.admit(obj)          # what a server with strict validation would say to it
    admitted.unknown, admitted.problems, admitted.unchecked, admitted.obj

Source: apiextensions-apiserver `pkg/apis/apiextensions/v1`.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec

from k8sai.errors import Usage
from k8sai.schema.problems import Problem, Unchecked
from k8sai.schema.scale_paths import scale_problems
from k8sai.schema.structural import Structural
from k8sai.schema.structural_checks import verdict
from k8sai.schema.structural_defaults import fill
from k8sai.schema.structural_pruning import prune

Json = dict[str, Any]

GROUP = "apiextensions.k8s.io"
KIND = "CustomResourceDefinition"


@dataclass(frozen=True, eq=False)
class Version:
    """One version of a kind. `raw` is its entry in the definition."""

    raw: Json

    @property
    def name(self) -> str:
        """`v1beta1`."""
        return str(self.raw["name"])

    @property
    def served(self) -> bool:
        """Whether requests for it are answered."""
        return bool(self.raw.get("served"))

    @property
    def storage(self) -> bool:
        """Whether objects are kept in this version."""
        return bool(self.raw.get("storage"))

    @property
    def warning(self) -> str | None:
        """What a client is told who uses a deprecated version; empty for the server's own words."""
        return str(self.raw.get("deprecationWarning") or "") if self.raw.get("deprecated") else None

    @property
    def columns(self) -> tuple[Json, ...]:
        """The additional printer columns: name, type, jsonPath, …"""
        return tuple(self.raw.get("additionalPrinterColumns") or ())

    @property
    def selectable(self) -> tuple[str, ...]:
        """The fields that objects can be selected by: `spec.color`."""
        found = self.raw.get("selectableFields") or ()
        return tuple(str(one.get("jsonPath") or "").removeprefix(".") for one in found)

    @property
    def has_status(self) -> bool:
        """Whether status is written apart from the rest."""
        return (self.raw.get("subresources") or {}).get("status") is not None

    @property
    def scale(self) -> Json | None:
        """The paths of the scale subresource: specReplicasPath, statusReplicasPath, labelSelectorPath."""
        return (self.raw.get("subresources") or {}).get("scale")

    @cached_property
    def schema(self) -> Structural:
        """The schema of whole objects."""
        raw = (self.raw.get("schema") or {}).get("openAPIV3Schema") or {}
        return Structural(raw, root=True)

    def fit(self, obj: Json) -> list[str]:
        """Drop what the schema does not know and fill in its defaults, in place; the dropped fields' paths, sorted."""
        dropped = prune(self.schema, obj)
        fill(self.schema, obj)
        return dropped

    def verdict(self, obj: Json, old: Json | None = None) -> tuple[list[Problem], list[Unchecked]]:
        """The problems of a pruned and defaulted object, and the rules that could not be run."""
        problems, unchecked = verdict(self.schema, obj, old)
        return [*problems, *scale_problems(self.scale, obj)], unchecked


@dataclass(frozen=True)
class Admitted:
    """An object after pruning and defaulting, and everything there is to say against it."""

    obj: Json
    unknown: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)

    def refusals(self) -> list[str]:
        """One line each, as strict validation says it: `unknown field "spec.foo"`, `spec.bar: Required value`."""
        return [*(f'unknown field "{path}"' for path in self.unknown), *map(str, self.problems)]


class Crd:
    """A definition. Made by `of`."""

    def __init__(self, obj: Json) -> None:
        spec, names = obj["spec"], obj["spec"]["names"]
        self.obj = obj
        self.group: str = spec["group"]
        self.kind: str = names["kind"]
        self.plural: str = names["plural"]
        self.singular: str = names.get("singular") or self.kind.lower()
        self.list_kind: str = names.get("listKind") or f"{self.kind}List"
        self.short_names: tuple[str, ...] = tuple(names.get("shortNames") or ())
        self.categories: tuple[str, ...] = tuple(names.get("categories") or ())
        self.namespaced: bool = spec["scope"] == "Namespaced"
        self.versions: tuple[Version, ...] = tuple(map(Version, spec["versions"]))

    @classmethod
    def of(cls, obj: Json) -> "Crd":
        """The definition in a manifest. Raises Usage for anything else."""
        if obj.get("kind") != KIND or obj.get("apiVersion") != f"{GROUP}/v1":
            what = f"{obj.get('apiVersion')} {obj.get('kind')}"
            raise Usage(f"{what} is no {KIND} of {GROUP}/v1", "older definitions have to be converted to v1")
        try:
            return cls(obj)
        except (KeyError, TypeError, AttributeError) as error:
            name = (obj.get("metadata") or {}).get("name", "without a name")
            raise Usage(f"the {KIND} {name} is incomplete: {error} is missing or of the wrong type") from error

    @property
    def name(self) -> str:
        """`jobsets.jobset.x-k8s.io`."""
        return f"{self.plural}.{self.group}"

    def version(self, name: str) -> Version | None:
        """The version of that name, served or not."""
        return next((one for one in self.versions if one.name == name), None)

    @property
    def storage(self) -> Version:
        """The version objects are kept in."""
        return next((one for one in self.versions if one.storage), self.versions[0])

    def schema(self, version: str) -> Structural:
        """The schema of a version. Raises Usage where it is not served."""
        return self.served(version).schema

    def served(self, version: str) -> Version:
        """A version that requests are answered for. Raises Usage where there is none of that name."""
        found = self.version(version)
        if found is None or not found.served:
            served = ", ".join(one.name for one in self.versions if one.served)
            raise Usage(f"{self.kind} of {self.group} is not served as {version}: only as {served}")
        return found

    def admit(self, obj: Json, old: Json | None = None) -> Admitted:
        """The object as a server would keep it, and what it has against it. Raises Usage for a version not served."""
        version = self.served(str(obj.get("apiVersion", "")).rpartition("/")[2])
        new = msgspec.json.decode(msgspec.json.encode(obj))  # what YAML's aliases share is one thing no longer
        unknown = version.fit(new)
        if version.has_status:
            _keep_status(new, old)
        problems, unchecked = version.verdict(new, old)
        return Admitted(new, unknown, problems, unchecked)


def _keep_status(new: Json, old: Json | None) -> None:
    """Status is not written with the rest: a new object has none, another one keeps its own."""
    new.pop("status", None)
    if old and "status" in old:
        new["status"] = old["status"]
