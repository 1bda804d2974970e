"""Writes that carry their own guard: JSON patches with `test` operations, and creating what must not be there yet.

A JSON patch whose `test` fails, whose path is absent or whose index is wrong is answered with the same 422 without
details; one that breaks a schema names its causes. The first is `Stale`, the second `Invalid`. Measured on 1.37.
https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
"""

from typing import Any

from k8sai.cluster.api_errors import ApiError
from k8sai.cluster.writing import Invalid, Target, Writer, Written, dried, written
from k8sai.errors import Drift

Json = dict[str, Any]

_JSON_PATCH = "application/json-patch+json"
_REJECTED = "the server rejected our request due to an error in our request"


class Stale(Drift):
    """A guard of the patch did not hold: the object is not as it was read. Nothing was written."""


def patch(
    writer: Writer, target: Target, operations: list[Json], *, subresource: str = "", dry_run: bool = False
) -> Written:
    """RFC 6902, all of it or nothing; `subresource` is "" or "status". Not repeated where an answer is lost.

    Raises Stale where a `test` fails or a path is absent, Invalid, ApiConflict, Forbidden, NotFound, ClusterError.
    """
    path = f"{target.path}/{subresource}" if subresource else target.path
    query = {"fieldManager": writer.manager, "fieldValidation": "Strict", **dried(dry_run)}
    try:
        return written(writer.send("PATCH", path, query, operations, _JSON_PATCH), path)
    except Invalid as error:
        if isinstance(error.__cause__, ApiError) and _REJECTED in error.__cause__.message:
            raise Stale(f"{target.ref} is not as it was read: nothing was written", "see what it is now") from error
        raise


def create(writer: Writer, target: Target, body: Json, *, dry_run: bool = False) -> Written:
    """Raises ApiConflict where there is one of that name already, Invalid, Forbidden, NotFound, ClusterError."""
    path = target.resource.path(target.namespace)
    query = {"fieldManager": writer.manager, "fieldValidation": "Strict", **dried(dry_run)}
    return written(writer.send("POST", path, query, body), path)
