"""Table cells of pods and of what makes pods.

Source: `pkg/printers/internalversion/printers.go`, printPod above all.
"""

from typing import Any

from k8sai.ages import epoch, human
from k8sai.sim.cells_core import age, pairs, since
from k8sai.sim.objects import Obj, controller_of, deleting, name_of
from k8sai.sim.selectors import selector_text

Cells = list[Any]


def pod(obj: Obj, now: float) -> Cells:
    """A Pod: its status is the most telling reason found in it."""
    spec, status = obj.get("spec", {}), obj.get("status", {})
    restartable = {one["name"] for one in spec.get("initContainers") or () if one.get("restartPolicy") == "Always"}
    states = status.get("containerStatuses") or ()
    side = [one for one in status.get("initContainerStatuses") or () if one["name"] in restartable]
    ready = sum(1 for one in (*states, *side) if one.get("ready"))
    total = len(spec.get("containers") or ()) + len(restartable)
    ips = [one["ip"] for one in status.get("podIPs") or () if one.get("ip")]
    gates = spec.get("readinessGates")
    return [
        name_of(obj),
        f"{ready}/{total}",
        pod_status(obj, restartable),
        _restarts((*states, *side), now),
        age(obj, now),
        status.get("podIP") or (ips[0] if ips else "<none>"),
        spec.get("nodeName") or "<none>",
        status.get("nominatedNodeName") or "<none>",
        _gates(gates, status) if gates else "<none>",
    ]


def pod_status(obj: Obj, restartable: set[str]) -> str:
    """The word in the STATUS column."""
    status = obj.get("status", {})
    reason = str(status.get("reason") or status.get("phase") or "")
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "SchedulingGated":
            reason = "SchedulingGated"
    reason = _initializing(obj, restartable) or _running_reason(status, reason)
    if deleting(obj) and status.get("reason") == "NodeLost":
        return "Unknown"
    if deleting(obj) and status.get("phase") not in ("Succeeded", "Failed"):
        return "Terminating"
    return reason


def _initializing(obj: Obj, restartable: set[str]) -> str:
    statuses = obj.get("status", {}).get("initContainerStatuses") or ()
    total = len(obj.get("spec", {}).get("initContainers") or ())
    for at, one in enumerate(statuses):
        state = one.get("state") or {}
        ended, waiting = state.get("terminated"), state.get("waiting")
        if ended and ended.get("exitCode") == 0:
            continue
        if one["name"] in restartable and one.get("started"):
            continue
        if ended:
            return f"Init:{_ended(ended)}"
        if waiting and waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{at}/{total}"
    return ""


def _ended(state: Obj) -> str:
    if state.get("reason"):
        return str(state["reason"])
    if state.get("signal"):
        return f"Signal:{state['signal']}"
    return f"ExitCode:{state.get('exitCode', 0)}"


def _running_reason(status: Obj, reason: str) -> str:
    running = False
    for one in reversed(status.get("containerStatuses") or ()):
        state = one.get("state") or {}
        if (state.get("waiting") or {}).get("reason"):
            reason = state["waiting"]["reason"]
        elif state.get("terminated"):
            reason = _ended(state["terminated"])
        elif one.get("ready") and state.get("running") is not None:
            running = True
    if reason == "Completed" and running:
        ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions") or ())
        return "Running" if ready else "NotReady"
    return reason


def _restarts(statuses: tuple[Obj, ...], now: float) -> str:
    count = sum(int(one.get("restartCount", 0)) for one in statuses)
    ends = [((one.get("lastState") or {}).get("terminated") or {}).get("finishedAt") for one in statuses]
    last = max((epoch(end) for end in ends if end), default=0)
    return f"{count} ({human(now - last)} ago)" if count and last else str(count)


def _gates(gates: list[Obj], status: Obj) -> str:
    true = {one["type"] for one in status.get("conditions") or () if one.get("status") == "True"}
    return f"{sum(1 for gate in gates if gate.get('conditionType') in true)}/{len(gates)}"


def _containers(template: Obj | None) -> list[str]:
    found = ((template or {}).get("spec") or {}).get("containers") or ()
    return [",".join(one.get("name", "") for one in found), ",".join(one.get("image", "") for one in found)]


def pod_template(obj: Obj, now: float) -> Cells:
    """A PodTemplate."""
    template = obj.get("template", {})
    return [name_of(obj), *_containers(template), pairs(template.get("metadata", {}).get("labels"))]


def deployment(obj: Obj, now: float) -> Cells:
    """A Deployment."""
    spec, status = obj.get("spec", {}), obj.get("status", {})
    return [
        name_of(obj),
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age(obj, now),
        *_containers(spec.get("template")),
        selector_text(spec.get("selector")),
    ]


def replica_set(obj: Obj, now: float) -> Cells:
    """A ReplicaSet or ReplicationController."""
    spec, status = obj.get("spec", {}), obj.get("status", {})
    selector = spec.get("selector")
    plain = obj.get("kind") == "ReplicationController"
    return [
        name_of(obj),
        spec.get("replicas", 0),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        age(obj, now),
        *_containers(spec.get("template")),
        pairs(selector) if plain else selector_text(selector),
    ]


def stateful_set(obj: Obj, now: float) -> Cells:
    """A StatefulSet."""
    spec, status = obj.get("spec", {}), obj.get("status", {})
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    return [name_of(obj), ready, age(obj, now), *_containers(spec.get("template"))]


def daemon_set(obj: Obj, now: float) -> Cells:
    """A DaemonSet."""
    spec, status = obj.get("spec", {}), obj.get("status", {})
    template = spec.get("template") or {}
    counts = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady")
    more = ("updatedNumberScheduled", "numberAvailable")
    return [
        name_of(obj),
        *(status.get(key, 0) for key in (*counts, *more)),
        pairs((template.get("spec") or {}).get("nodeSelector")),
        age(obj, now),
        *_containers(template),
        selector_text(spec.get("selector")),
    ]


def revision(obj: Obj, now: float) -> Cells:
    """A ControllerRevision."""
    owner = controller_of(obj)
    shown = "<none>"
    if owner:
        group = owner.get("apiVersion", "").rpartition("/")[0]
        shown = f"{owner['kind'].lower()}{'.' + group if group else ''}/{owner['name']}"
    return [name_of(obj), shown, obj.get("revision", 0), age(obj, now)]


def job(obj: Obj, now: float) -> Cells:
    """A Job."""
    spec, status = obj.get("spec", {}), obj.get("status", {})
    started, ended = status.get("startTime"), status.get("completionTime")
    duration = ""
    if started:
        duration = human((epoch(ended) if ended else now) - epoch(started))
    return [
        name_of(obj),
        _job_status(obj),
        _completions(spec, status),
        duration,
        age(obj, now),
        *_containers(spec.get("template")),
        selector_text(spec.get("selector")),
    ]


def _job_status(obj: Obj) -> str:
    true = {one["type"] for one in obj.get("status", {}).get("conditions") or () if one.get("status") == "True"}
    if "Complete" in true:
        return "Complete"
    if "Failed" in true:
        return "Failed"
    if deleting(obj):
        return "Terminating"
    for kind in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if kind in true:
            return kind
    return "Running"


def _completions(spec: Obj, status: Obj) -> str:
    done = status.get("succeeded", 0)
    if spec.get("completions") is not None:
        return f"{done}/{spec['completions']}"
    parallelism = spec.get("parallelism", 0)
    return f"{done}/1 of {parallelism}" if parallelism > 1 else f"{done}/1"


def cron_job(obj: Obj, now: float) -> Cells:
    """A CronJob."""
    spec, status = obj.get("spec", {}), obj.get("status", {})
    template = (spec.get("jobTemplate") or {}).get("spec") or {}
    last = status.get("lastScheduleTime")
    return [
        name_of(obj),
        spec.get("schedule", ""),
        spec.get("timeZone") or "<none>",
        str(bool(spec.get("suspend"))),
        len(status.get("active") or ()),
        since(last, now) if last else "<none>",
        age(obj, now),
        *_containers(template.get("template")),
        selector_text(template.get("selector")),
    ]


def budget(obj: Obj, now: float) -> Cells:
    """A PodDisruptionBudget."""
    spec, status = obj.get("spec", {}), obj.get("status", {})
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    return [
        name_of(obj),
        "N/A" if least is None else str(least),
        "N/A" if most is None else str(most),
        status.get("disruptionsAllowed", 0),
        age(obj, now),
    ]
