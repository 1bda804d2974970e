"""A request in the forms it travels in: JSON, and the environment of a program."""

import json

from k8sai.ages import stamp
from k8sai.evict.facts import Request


def as_json(request: Request) -> str:
    """The value of `k8sai.dev/request`, and the body of a POST; the deadline is RFC 3339."""
    said = {
        "id": request.id,
        "deadline": stamp(request.deadline),
        "reason": request.reason,
        "requester": request.requester,
    }
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False)


def as_environment(request: Request) -> tuple[str, ...]:
    """The beginning of an argv that runs the rest of it with the request in its environment."""
    return ("env", f"K8SAI_REQUEST={request.id}", f"K8SAI_DEADLINE={stamp(request.deadline)}")
