"""Does the cluster have the kinds, the version and the namespaces that the set needs."""

import re
from collections.abc import Iterator

from k8sai.cluster.writing import Target
from k8sai.deploy.check import Check, Look
from k8sai.deploy.placing import unserved
from k8sai.errors import ClusterError, Exit, Forbidden


def versions(look: Look) -> Iterator[Check]:
    """The Kubernetes version that a recipe needs."""
    wanted = look.needs.kubernetes
    if not wanted:
        return
    have = look.writer.server_version()
    if not _numbers(have):
        yield Check("version", "warn", f"the server does not say which Kubernetes it is, and {wanted} is needed")
    elif _numbers(have) < _numbers(wanted):
        yield Check("version", "fail", f"Kubernetes {wanted} is needed, and the server is {have}")
    else:
        yield Check("version", "ok", f"Kubernetes {have}")


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return tuple(map(int, found.groups())) if found else ()


def kinds(look: Look) -> Iterator[Check]:
    """Every kind is served in the version that is written, or defined by the set itself."""
    for one in look.placed.unserved:
        error = unserved(one)
        yield Check("kinds", "fail", error.message, error.hint, Exit.NOT_FOUND)
    brought = {kind for _, _, kind in look.placed.brought}
    for wanted in look.needs.kinds:
        group, version, kind = (["", *wanted.split("/")])[-3:]
        if look.writer.resource(group, version, kind) is None and (group, version, kind) not in look.placed.brought:
            also = look.writer.versions(group, kind)
            has = f", and the cluster has {', '.join(also)}" if also else ""
            text = f"the recipe needs {kind} of {group}/{version}{has}"
            yield Check("kinds", "fail", text, f"install the operator of {group}", Exit.NOT_FOUND)
    if not look.placed.unserved:
        count = len({item.target.resource for item in look.placed.items})
        said = f"; {', '.join(sorted(brought))} by the set itself" if brought else ""
        yield Check("kinds", "ok", f"{count} {'kinds' if count > 1 else 'kind'} served{said}")


def namespaces(look: Look) -> Iterator[Check]:
    """Every namespace is there, or made by the set itself."""
    resource = look.writer.resource("", "v1", "Namespace")
    names = sorted({item.target.namespace for item in look.placed.items if item.target.namespace})
    found = []
    for name in names:
        if name in look.placed.namespaces or resource is None:
            found.append(name)
            continue
        try:
            meta = look.metadata(Target(resource, "", name))
        except (Forbidden, ClusterError):  # those who may write into one need not be allowed to look at it
            continue
        if meta is None:
            yield Check(
                "namespaces",
                "fail",
                f"there is no namespace {name}",
                f"`kubectl create namespace {name}`",
                Exit.NOT_FOUND,
            )
        elif (meta.get("metadata") or {}).get("deletionTimestamp"):
            yield Check("namespaces", "fail", f"namespace {name} is being deleted", "wait until it is gone")
        else:
            found.append(name)
    if found:
        yield Check("namespaces", "ok", f"{', '.join(found)}")
