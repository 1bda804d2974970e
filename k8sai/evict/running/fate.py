"""What became of a gang before we stopped it, in words: its end, its deletion, the pod of its that failed."""

from collections.abc import Iterable
from typing import Final

from k8sai.cluster.reading import holds
from k8sai.evict.facts import Json
from k8sai.view import several

GONE: Final = "it was deleted"
ANEW: Final = "it was deleted and made again"
_WELL: Final = ("Complete", "Completed", "Succeeded", "Finished")


def end_of(owner: Json, *, bare: bool) -> tuple[str, bool]:
    """The word for how it ended, "" where it goes on, and whether that is a failure. `bare`: it is a pod."""
    phase = (owner.get("status") or {}).get("phase") if bare else ""
    if holds(owner, "Failed") or phase == "Failed":
        return "Failed", True
    return next((one for one in _WELL if holds(owner, one) or phase == one), ""), False


def anew(owner: Json) -> str:
    """It is there and its pods are not. A controller may have been quicker than our look at what failed."""
    restarts = (owner.get("status") or {}).get("restarts")
    count = f" ({several(restarts, 'restart')} so far)" if isinstance(restarts, int) and restarts else ""
    return f"its pods were deleted, or its controller has begun it anew{count}"


def fallen(pods: Iterable[Json]) -> str:
    """The first that has failed: `pod llm-1 ended with exit code 137`; empty where none has."""
    for pod in pods:
        status = pod.get("status") or {}
        if status.get("phase") == "Failed":
            return f"pod {pod['metadata']['name']} {_how(status)}"
    return ""


def _how(status: Json) -> str:
    if reason := status.get("reason"):
        return f"has failed: {reason}"
    codes = [
        code
        for one in status.get("containerStatuses") or ()
        if (code := ((one.get("state") or {}).get("terminated") or {}).get("exitCode"))
    ]
    return f"ended with exit code {codes[0]}" if codes else "has failed"
