"""What the eviction subresource answers, as one of a few words: its status codes alone mislead.

Source: pkg/registry/core/pod/storage/eviction.go, seen on 1.37.0: three kinds of 429, a 403 that is a budget's, and a
500 for two budgets that is no failure of the server.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from k8sai.cluster.api_errors import ApiError, ApiForbidden, status_error
from k8sai.errors import ClusterError, Forbidden, K8saiError, NotFound, Refused

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

# passes; waits: a budget has nothing left now; never: no waiting helps; limited: the server is busy, the budget was not
# asked; stale: the budget is not up to date; gone: the pod is; moved: another pod has its name; failed: try again;
# denied: no right
Word = Literal["passes", "waits", "never", "limited", "stale", "gone", "moved", "failed", "denied"]
_CAUSE: Final = "DisruptionBudget"
_SEVERAL: Final = "more than one PodDisruptionBudget"
_PROCESSED: Final = "still being processed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`budget` is its name where one is known; `retry` is the server's own wish in seconds."""

    word: Word
    why: str = ""
    budget: str = ""
    retry: float | None = None

    @property
    def passes(self) -> bool:
        return self.word in ("passes", "gone")


PASSES: Final = Verdict("passes")


def heard(error: K8saiError) -> Verdict:
    """What a refusal means."""
    said = error.message
    causes = [one for one in getattr(error, "causes", ()) if one.reason == _CAUSE]
    retry = getattr(error, "retry_after", None)
    status = getattr(error, "status", 0)
    if causes:
        return _of_budget(causes[0].message or said, retry)
    if _SEVERAL in said:
        return Verdict("never", "more than one disruption budget covers it: the server evicts no such pod")
    if isinstance(error, NotFound):
        return Verdict("gone", said)
    if isinstance(error, Refused):
        return Verdict("moved", said)
    if isinstance(error, ApiForbidden) and error.by_admission:
        return Verdict("never", said)
    if isinstance(error, Forbidden):
        return Verdict("denied", said)
    return _of_server(status, said, retry)


def _of_budget(said: str, retry: float | None) -> Verdict:
    words = said.split()
    name = words[3] if said.startswith("The disruption budget ") and len(words) > 3 else ""
    if _PROCESSED in said:
        return Verdict("stale", said, name, retry)
    return Verdict("waits", said, name, retry)


def _of_server(status: int, said: str, retry: float | None) -> Verdict:
    if status == 429:
        return Verdict("limited", said, retry=retry)
    if status in (400, 422):  # an admission policy says 422
        return Verdict("never", said)
    if status == 504:
        return Verdict("stale", said, retry=retry)
    return Verdict("failed", said, retry=retry)


def eviction(namespace: str, name: str, uid: str, *, grace: int = -1, dry_run: bool = False) -> dict[str, Any]:
    """The body: it names the uid, so that a pod that has taken the name since stays."""
    options: dict[str, Any] = {"preconditions": {"uid": uid}}
    options |= {"gracePeriodSeconds": grace} if grace >= 0 else {}
    options |= {"dryRun": ["All"]} if dry_run else {}
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": meta, "deleteOptions": options}


def tried(connection: "Connection", namespace: str, name: str, uid: str) -> Verdict:
    """What the server would say to this eviction now, asked with dryRun: nothing is written, no budget is spent."""
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
    body = json.dumps(eviction(namespace, name, uid, dry_run=True)).encode()
    try:
        answer = connection.request("POST", path, query={"dryRun": "All"}, body=body)
        said = json.loads(answer.body) if b'"Failure"' in answer.body else {}
        if said.get("status") == "Failure":  # a gateway may say 201 to what was refused
            raise status_error(said, connection.asked("POST", path))
    except (ApiError, Forbidden, NotFound, Refused) as error:
        return heard(error)
    except ClusterError as error:
        return Verdict("failed", error.message)
    return PASSES
