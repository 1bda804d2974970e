"""The containers themselves: they crash, run out of memory, start, are not ready, or run."""

from typing import Final

from k8sai.cluster.reading import Json, holds, said
from k8sai.view import several
from k8sai.why.case import Case, be, listed
from k8sai.why.verdict import Layer, no_matter, reason

LAYER: Final = "containers"


def check(case: Case) -> Layer:
    if not case.on_node:
        return no_matter(LAYER)
    statuses = case.status.get("containerStatuses") or ()
    for one in statuses:
        failed = ended(one)
        crashed = waiting(one)[0] == "CrashLoopBackOff" or "terminated" in (one.get("state") or {})
        if failed is not None and crashed and (failed.get("exitCode") or waiting(one)[0]):
            return _crash(case, one, failed)
    if (
        case.status.get("phase") == "Running"
        and statuses
        and all("running" in (s.get("state") or {}) for s in statuses)
    ):
        return _running(case, statuses)
    if case.status.get("phase") == "Running" and not statuses:
        return _running(case, statuses)
    message = f"{case.node} is starting its containers" + _for(case)
    return reason(LAYER, "Starting", message, next=case.kubectl("describe", f"pod/{case.name}"))


def _crash(case: Case, one: Json, failed: Json) -> Layer:
    restarts = one.get("restartCount", 0)
    times = f", {several(restarts, 'restart')}" if restarts else ""
    evidence = (waiting(one)[1], failed.get("message", ""))
    if failed.get("reason") == "OOMKilled":
        limit = _memory_limit(case, one["name"])
        message = f"container {one['name']} runs out of memory (OOMKilled){limit}{times}"
        return reason(LAYER, "OutOfMemory", message, *evidence, next=logs(case, one["name"], one))
    message = f"container {one['name']} {exit_words(failed)}{times}"
    return reason(LAYER, "CrashLoop", message, *evidence, next=logs(case, one["name"], one))


def _running(case: Case, statuses: tuple[Json, ...] | list[Json]) -> Layer:
    sick = _sick_devices(statuses)
    behind = [one["name"] for one in statuses if not one.get("ready")]
    if behind and holds(case.pod or {}, "Ready") is None:
        probe = said(case.events, "Unhealthy")
        message = f"container {listed(behind)} {be(len(behind))} not ready" + (f": {probe}" if probe else "")
        return reason(LAYER, "NotReady", message, *sick, next=logs(case, behind[0], None))
    since = case.ago(case.status.get("startTime"))
    return reason(LAYER, "Running", f"on {case.node}" + (f" for {since}" if since else ""), *sick)


def _sick_devices(statuses: tuple[Json, ...] | list[Json]) -> list[str]:
    return [
        f"device {device['resourceID']} of {resource['name']} is {device['health']}"
        for one in statuses
        for resource in one.get("allocatedResourcesStatus") or ()
        for device in resource.get("resources") or ()
        if device.get("health") == "Unhealthy"
    ]


def _for(case: Case) -> str:
    since = case.ago(case.scheduled.get("lastTransitionTime") or case.status.get("startTime"))
    return f" for {since}" if since else ""


def _memory_limit(case: Case, name: str) -> str:
    for container in case.spec.get("containers") or ():
        limit = ((container.get("resources") or {}).get("limits") or {}).get("memory")
        if container["name"] == name and limit:
            return f" at its limit of {limit}"
    return ""


# --- words that other layers share ------------------------------------------------------------------------------------


def all_of(case: Case) -> list[Json]:
    """The statuses of init containers and containers."""
    return [*(case.status.get("initContainerStatuses") or ()), *(case.status.get("containerStatuses") or ())]


def waiting(one: Json) -> tuple[str, str]:
    """Reason and message of a container that waits; two empty texts otherwise."""
    found = (one.get("state") or {}).get("waiting") or {}
    return found.get("reason") or "", " ".join((found.get("message") or "").split())


def ended(one: Json) -> Json | None:
    """How the container ended last."""
    now, before = one.get("state") or {}, one.get("lastState") or {}
    found: Json | None = now.get("terminated") or before.get("terminated")
    return found


def exit_words(failed: Json) -> str:
    """`ended with exit code 1 (Error)`."""
    word = failed.get("reason") or ""
    known = {"OOMKilled": "ran out of memory (OOMKilled)"}
    if word in known:
        return known[word]
    signal = f", signal {failed['signal']}" if failed.get("signal") else ""
    return f"ends with exit code {failed.get('exitCode')}{signal}" + (f" ({word})" if word and word != "Error" else "")


def logs(case: Case, container: str, one: Json | None) -> str:
    """The logs that say why: those of the run before, where it was restarted."""
    before = (
        ["--previous"]
        if one and "terminated" in (one.get("lastState") or {}) and "terminated" not in (one.get("state") or {})
        else []
    )
    many = len(case.spec.get("containers") or ()) + len(case.spec.get("initContainers") or ()) > 1
    return case.kubectl("logs", case.name, *(["-c", container] if many else []), *before)
