"""What can go wrong between a command and an API server, as real ones word it (research A2.1, Kubernetes 1.37.0)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from hypothesis import strategies as st

# before: the server never hears of it. after: it has done it, and its answer is this instead of its own.
When = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One answer that is not the server's. `status` 0: the connection ends without one; `half`: in the middle of one.

    `wait` is how many seconds it takes until anything happens; alone (`passes`) the server's own answer comes then.
    """

    name: str
    when: When = "before"
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    half: bool = False
    wait: float = 0.0
    passes: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def done(self) -> bool:
        """The server does what it is asked."""
        return self.passes or self.when == "after"

    def after(self, seconds: int) -> "Fault":
        """The same, with this Retry-After."""
        return replace(self, headers={**self.headers, "Retry-After": str(seconds)})


def _status(code: int, reason: str, message: str, **more: Any) -> bytes:
    said = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    return json.dumps({**said, **({"reason": reason} if reason else {}), **more, "code": code}).encode()


def _said(name: str, code: int, reason: str, message: str, when: When = "before", **more: Any) -> Fault:
    return Fault(name, when, code, {"Content-Type": "application/json"}, _status(code, reason, message, **more))


def _page(name: str, code: int, title: str, when: When = "before") -> Fault:
    """What a gateway answers with: no Status, no JSON."""
    html = f"<html><head><title>{code} {title}</title></head><body><center>{title}</center></body></html>"
    return Fault(name, when, code, {"Content-Type": "text/html"}, html.encode())


def _budget(message: str, **more: Any) -> dict[str, Any]:
    return {"details": {"causes": [{"reason": "DisruptionBudget", "message": message}], **more}}


_VIOLATES: Final = "Cannot evict pod as it would violate the pod's disruption budget."
_FULL: Final = "The disruption budget gw needs 2 healthy pods and has 2 currently"

CONFLICT = _said(
    *("409", 409, "Conflict"),
    "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version",
)
BUDGET = _said("429 of a budget", 429, "TooManyRequests", _VIOLATES, **_budget(_FULL))
STALE = _said(
    *("429 of a stale budget", 429, "TooManyRequests", _VIOLATES),
    **_budget("The disruption budget gw is still being processed by the server.", retryAfterSeconds=10),
).after(10)
BUSY = Fault(
    *("429 of priority and fairness", "before", 429),
    {"Content-Type": "text/plain; charset=utf-8", "Retry-After": "1"},
    b"Too many requests, please try again later.\n",
)
BROKEN = _said("500", 500, "InternalError", "Internal error occurred: etcdserver: leader changed")
TWO_BUDGETS = _said(
    *("500 of two budgets", 500, ""),
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
)
GATEWAY = _page("502", 502, "Bad Gateway")
AWAY = _said("503", 503, "ServiceUnavailable", "the server is currently unable to handle the request")
LATE = _said("504", 504, "Timeout", "Timeout: request did not complete within the allotted duration")
LATE_DONE = _page("504 after the write", 504, "Gateway Time-out", "after")
LYING = Fault(
    *("201 with a Failure", "before", 201),
    {"Content-Type": "application/json"},
    _status(500, "InternalError", "Internal error occurred: the backend said no"),
)
CUT = Fault("cut before the write")
CUT_DONE = Fault("cut after the write", "after")
CUT_HALF = Fault("cut in the middle of the answer", "after", half=True)
SLOW = Fault("slow", wait=0.3, passes=True)

ALL: Final = (
    *(CONFLICT, BUDGET, STALE, BUSY, BROKEN, TWO_BUDGETS, GATEWAY, AWAY, LATE, LATE_DONE, LYING),
    *(CUT, CUT_DONE, CUT_HALF, SLOW),
)
# Those that say nothing about the request itself: whoever repeats it, or looks first, gets on.
PASSING: Final = (CONFLICT, BUSY, BROKEN, GATEWAY, AWAY, LATE, LATE_DONE, LYING, CUT, CUT_DONE, CUT_HALF, SLOW)


def faults(*of: Fault) -> st.SearchStrategy[Fault]:
    """One of these, or of all; without a wait, so that a test of many runs takes no time."""
    return st.sampled_from([_at_once(one) for one in of or ALL])


def _at_once(fault: Fault) -> Fault:
    return replace(fault.after(0) if "Retry-After" in fault.headers else fault, wait=0.0)
