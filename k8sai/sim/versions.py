"""Versions of a kind: objects are kept in one, and each version shows them as its own.

Nothing is converted but the apiVersion; what a version's schema does not know is dropped, its defaults are filled in.
Source: apiextensions-apiserver `pkg/apiserver/conversion/nop_converter.go`.
"""

import re

from k8sai.schema.crd import Version
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj, copied

_VERSION = re.compile(r"v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?")


def shown(resource: Resource, obj: Obj) -> Obj:
    """A stored object as a version shows it; the very object where that is the one it is kept in."""
    if obj.get("apiVersion") == resource.api_version:
        return obj
    return _fitted({**copied(obj), "apiVersion": resource.api_version}, resource.definition)


def kept(resource: Resource, obj: Obj) -> Obj:
    """An object of a version as it is stored."""
    new = {**obj, "apiVersion": resource.home.api_version}
    if resource.storage is None or resource.storage.name == resource.version:
        return new
    return _fitted(copied(new), resource.storage)


def _fitted(obj: Obj, version: Version | None) -> Obj:
    if version is not None:
        version.fit(obj)
    return obj


def priority(version: str) -> tuple[int, int, int, str]:
    """Sorts versions as discovery does: v2, v1, v2beta1, v1beta2, v1alpha1, then others by their letters."""
    match = _VERSION.fullmatch(version)
    if match is None:
        return 3, 0, 0, version
    stage = {None: 0, "beta": 1, "alpha": 2}[match[2]]
    return stage, -int(match[1]), -int(match[3] or 0), ""
