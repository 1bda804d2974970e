"""The one place that writes to a cluster: server-side apply, merging, replacing, deleting, and asking whether one may.

Nothing is forced and nothing is tried twice unless that is safe: an answer of 429 or 503 that names its Retry-After was
not carried out. Every error is one of `errors`; what the server says of the manifest itself is `Invalid`.
https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from k8sai.cluster.answers import Unreadable
from k8sai.cluster.api_errors import ApiConflict, ApiError, ApiNotFound, Unavailable, status_error
from k8sai.cluster.discovery import Resource, served
from k8sai.errors import K8saiError, Usage

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection, Response

Json = dict[str, Any]
Propagation = Literal["Background", "Foreground", "Orphan"]

MANAGER = "k8sai"
_APPLY = "application/apply-patch+yaml"  # JSON is YAML
_MERGE = "application/merge-patch+json"
_ONE_NAMED = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
_MANY_NAMED = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_PAGE = "500"  # objects
_PATIENCE = 60.0  # seconds that waiting for Retry-After may take in all for one write
_TRIES = 5
_UNTYPED = "failed to create typed patch object"
_UNREADABLE = ("unable to convert unstructured object", _UNTYPED)  # a 500, though it is the manifest that is wrong
_VALUE = r", got &value\.valueUnstructured\{Value:.*"  # Go's words for what was sent, a Secret's data too
_SHORT = 300  # characters of a sentence in which the value that is refused may be repeated whole
_WARNING = r'299 \S+ "((?:[^"\\]|\\.)*)"'  # RFC 7234, as API servers write it


class Invalid(Usage):
    """The server does not take the object: an unknown field, a wrong type, a forbidden change."""


@dataclass(frozen=True, slots=True)
class Target:
    """One object's place in a cluster."""

    resource: Resource
    namespace: str  # "" for kinds without
    name: str

    @property
    def ref(self) -> str:
        """As kubectl says it: `deployment.apps/qwen`."""
        group = f".{self.resource.group}" if self.resource.group else ""
        return f"{self.resource.kind.lower()}{group}/{self.name}"

    @property
    def plural(self) -> str:
        """As access is asked for: `deployments.apps`."""
        return f"{self.resource.plural}.{self.resource.group}" if self.resource.group else self.resource.plural

    @property
    def path(self) -> str:
        return f"{self.resource.path(self.namespace)}/{quote(self.name, safe='')}"


@dataclass(frozen=True, slots=True)
class Written:
    """The object as the server has it now, or would have it, and what the server warned of."""

    object: Json
    warnings: tuple[str, ...] = ()


class Writer:
    """Writes as one field manager, over one connection. Thread-safe; never asks for a new try where it may do harm."""

    def __init__(self, connection: "Connection", manager: str = MANAGER) -> None:
        self.manager = manager
        self._connection = connection
        self._served = served(connection)

    @property
    def server(self) -> str:
        """The address, for people."""
        return self._connection.server

    def can_i(self, verb: str, plural: str, namespace: str) -> str:
        """The command that tells when the right is granted."""
        scope = f" -n {namespace}" if namespace else ""
        return f"kubectl auth can-i {verb} {plural}{self._connection.asked('', '').flags}{scope}"

    # --- what there is ------------------------------------------------------------------------------------------------

    def resource(self, group: str, version: str, kind: str) -> Resource | None:
        """What a kind is called in paths; None where it is not served in that version."""
        return next((one for one in self._served.resources(group) if (one.version, one.kind) == (version, kind)), None)

    def versions(self, group: str, kind: str) -> tuple[str, ...]:
        """The versions in which the server has the kind."""
        return tuple(one.version for one in self._served.resources(group) if one.kind == kind)

    def preferred(self, group: str, kind: str) -> Resource | None:
        """The kind in the server's preferred version."""
        return next((one for one in self._served.resources(group) if one.kind == kind), None)

    def learn(self) -> None:
        """Forget what is served: a definition was written."""
        self._served.forget()

    def server_version(self) -> str:
        """`v1.37.0`, "" where it is not told."""
        said = _decoded(self._connection.request("GET", "/version"), "/version")
        return str(said.get("gitVersion") or "")

    def live(self, target: Target) -> Json | None:
        """The object with all it has, a Secret's data too: for who is about to write it. None: there is none."""
        try:
            return _decoded(self._connection.request("GET", target.path), target.path)
        except ApiNotFound:
            return None

    def metadata(self, target: Target) -> Json | None:
        """Only its metadata, which holds no secret. None: there is none."""
        try:
            return _decoded(self._connection.request("GET", target.path, accept=_ONE_NAMED), target.path)
        except ApiNotFound:
            return None

    def members(self, resource: Resource, namespace: str, labels: str) -> list[Json]:
        """The metadata of all objects of a kind with these labels; none where the kind is not served any more."""
        found: list[Json] = []
        path = resource.path(namespace)
        query = {"labelSelector": labels, "limit": _PAGE}
        while True:
            try:
                page = _decoded(self._connection.request("GET", path, query=query, accept=_MANY_NAMED), path)
            except ApiNotFound:
                return found
            found += page.get("items") or []
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return found
            query["continue"] = token

    def may(self, verb: str, resource: Resource, namespace: str = "", name: str = "", subresource: str = "") -> bool:
        """Whether the server would allow it (SelfSubjectAccessReview)."""
        attributes = {"verb": verb, "group": resource.group, "resource": resource.plural, "version": resource.version}
        attributes |= {"subresource": subresource} if subresource else {}
        attributes |= {"namespace": namespace} if namespace else {}
        attributes |= {"name": name} if name else {}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        answer = self.send("POST", path, {}, {**review, "spec": {"resourceAttributes": attributes}})
        return bool((_decoded(answer, path).get("status") or {}).get("allowed"))

    def whoami(self) -> str:
        """As whom the server knows us (SelfSubjectReview); "" where it does not tell."""
        path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        try:
            told = _decoded(self.send("POST", path, {}, review), path)
        except K8saiError:
            return ""
        return str(((told.get("status") or {}).get("userInfo") or {}).get("username") or "")

    # --- writing ------------------------------------------------------------------------------------------------------

    def apply(self, target: Target, body: Json, *, force: bool = False, dry_run: bool = False) -> Written:
        """Server-side apply. `force` takes every field in `body` from whoever has it; with a resourceVersion in `body`
        only if nobody has written since.

        Raises ApiConflict with a cause per field, Invalid, Forbidden, NotFound (of the namespace), ClusterError.
        """
        query = {"fieldManager": self.manager, "fieldValidation": "Strict", **dried(dry_run)}
        query |= {"force": "true"} if force else {}
        return written(self.send("PATCH", target.path, query, body, _APPLY), target.path)

    def replace(self, target: Target, body: Json) -> Written:
        """Write the whole object over the one of the resourceVersion in `body`. Raises ApiConflict for an older one."""
        answer = self.send("PUT", target.path, {"fieldManager": self.manager}, body)
        return written(answer, target.path)

    def merge(self, target: Target, patch: Json, *, uid: str, version: str, dry_run: bool = False) -> Written:
        """Merge a patch (RFC 7396: null takes a field away) into the object of this uid, as it was at this
        resourceVersion.

        Raises ApiConflict where it has changed since or is another one, Invalid, Forbidden, NotFound, ClusterError.
        """
        guarded = {**(patch.get("metadata") or {}), "uid": uid, "resourceVersion": version}
        query = {"fieldManager": self.manager, "fieldValidation": "Strict", **dried(dry_run)}
        return written(self.send("PATCH", target.path, query, {**patch, "metadata": guarded}, _MERGE), target.path)

    def delete(
        self,
        target: Target,
        *,
        uid: str,
        version: str = "",
        propagation: Propagation = "Background",
        dry_run: bool = False,
    ) -> bool:
        """Delete the object that has this uid and no other, and with `version` only as it was read; False where it is
        gone already.

        Raises ApiConflict where another one has taken its name, or somebody has written it since.
        """
        options: Json = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        options["preconditions"] = {"uid": uid, **({"resourceVersion": version} if version else {})}
        options |= {"dryRun": ["All"]} if dry_run else {}  # with a body, servers do not look at the query
        try:
            self.send("DELETE", target.path, {}, options)
        except ApiNotFound:
            return False
        return True

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Json | list[Json],
        content_type: str = "application/json",
    ) -> "Response":
        """One write, repeated only where that is safe. Raises as its callers say."""
        data, waited = as_go_writes(body), 0.0
        for left in range(_TRIES - 1, -1, -1):
            try:
                answer = self._connection.request(method, path, query=query, body=data, content_type=content_type)
                self._insist(answer, method, path)
                return answer
            except (Unavailable, ApiError) as error:
                if error.status in (400, 413, 415, 422) or any(word in error.message for word in _UNREADABLE):
                    hint = "" if isinstance(error, Unavailable) else error.hint  # of a 500: to try again
                    raise Invalid(_plainly(error.message), hint or _way_out(error.message)) from error
                wait = error.retry_after
                if error.status not in (429, 503) or wait is None or not left or waited + wait > _PATIENCE:
                    raise
                waited += wait
                time.sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _insist(self, answer: "Response", method: str, path: str) -> None:
        """A gateway may say 200 to what the server behind it refused: the Status in the body is what counts."""
        said = _decoded(answer, path) if b'"Failure"' in answer.body else {}
        if (said.get("kind"), said.get("status")) == ("Status", "Failure"):
            raise status_error(said, self._connection.asked(method, path))


def as_go_writes(body: Json | list[Json]) -> bytes:
    """JSON as the server itself spells it: a JSON patch's `test` compares strings as they are spelled, so an ü that is
    sent as \\u00fc, or a < that is not sent as \\u003c, is another value to it. Measured on 1.37.
    """
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return re.sub("[&<>\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text).encode()


def is_field_conflict(error: ApiConflict) -> bool:
    """An apply was refused because others own fields; not because of a version or a name."""
    return any(cause.reason == "FieldManagerConflict" for cause in error.causes)


def dried(dry_run: bool) -> dict[str, str]:
    """The query that makes it a trial."""
    return {"dryRun": "All"} if dry_run else {}


def written(answer: "Response", path: str) -> Written:
    """What an answer says, with its warnings."""
    said = re.findall(_WARNING, answer.headers.get("Warning", ""))
    warnings = tuple(dict.fromkeys(re.sub(r"\\(.)", r"\1", text) for text in said))
    return Written(_decoded(answer, path), warnings)


def _decoded(answer: "Response", path: str) -> Json:
    try:
        read = json.loads(answer.body)
    except ValueError as error:
        raise Unreadable(f"the server answered {path} with something that is not JSON") from error
    if not isinstance(read, dict):
        raise Unreadable(f"the server answered {path} with something that is no object")
    return read


def _way_out(message: str) -> str:
    return "it must be deleted and made anew: `k8sai delete -f FILE`" if "field is immutable" in message else ""


def _plainly(message: str) -> str:
    """The server's sentence without the address, and without the part that only says that it is about a patch."""
    said = re.sub(r"^\S+ (?:refused it|failed) \(\d+\): ", "", message)
    said = re.sub(rf"^{_UNTYPED} \([^)]*\): (?:errors: )?", "", said)
    said = re.sub(r"^failed to convert new object .*: error decoding from json: ", "", said)
    said = re.sub(_VALUE, ", not what is written", said)
    return said if len(said) <= _SHORT else re.sub(r"Invalid value: [\[{].*[\]}]: ", "", said)
