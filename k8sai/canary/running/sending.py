"""Sends one write of a backend's as it was thought up, guards and all; never twice."""

from typing import TYPE_CHECKING

from k8sai.canary.backend import Write
from k8sai.canary.facts import Json
from k8sai.cluster.patching import create, patch
from k8sai.cluster.writing import Target, Written
from k8sai.errors import NotFound

if TYPE_CHECKING:
    from k8sai.cluster.writing import Writer


def send(writer: "Writer", write: Write, *, dry_run: bool = False) -> Written:
    """Raises Stale or ApiConflict where its guard does not hold, Invalid, Forbidden, NotFound, ClusterError."""
    target = place(writer, write)
    match write.op, write.body:
        case "json-patch", list(operations):
            return patch(writer, target, operations, subresource=write.subresource, dry_run=dry_run)
        case "merge", dict(body):
            live = (write.live or {}).get("metadata") or {}
            uid, version = str(live.get("uid") or ""), str(live.get("resourceVersion") or "")
            return writer.merge(target, body, uid=uid, version=version, dry_run=dry_run)
        case "create", dict(body):
            return create(writer, target, body, dry_run=dry_run)
        case "delete", None:
            uid = str(((write.live or {}).get("metadata") or {}).get("uid") or "")
            writer.delete(target, uid=uid, dry_run=dry_run)
            return Written(write.live or {})
        case _:
            raise ValueError(f"{write.op} of {write.on.title} has no fitting body")


def place(writer: "Writer", write: Write) -> Target:
    """Where it goes, in the version of what was read. Raises NotFound where that version is not served any more."""
    group, version, kind = identity(write)
    resource = writer.resource(group, version, kind)
    if resource is None:
        looked = ", ".join(writer.versions(group, kind)) or "none"
        raise NotFound(f"{writer.server} does not serve {kind} in {group}/{version}: it has {looked}")
    return Target(resource, write.on.namespace, write.on.name)


def identity(write: Write) -> tuple[str, str, str]:
    """Group, version and kind of what is written."""
    known: Json = write.live or (write.body if isinstance(write.body, dict) else None) or {}
    group, _, version = str(known.get("apiVersion") or "").rpartition("/")
    return group, version, str(known.get("kind") or "")
