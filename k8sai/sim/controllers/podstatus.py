"""What a kubelet writes into a pod's status at each step of its life. Pure: status in, status out."""

import uuid

from k8sai.sim.controllers.desk import with_condition
from k8sai.sim.objects import Obj

_STATES = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")


def _conditions(pod: Obj, now: str, up: dict[str, bool], reason: str = "", message: str = "") -> list[Obj]:
    """The kubelet's conditions after the scheduler's; a reason belongs to those about readiness that are false."""
    out: list[Obj] = list((pod.get("status") or {}).get("conditions") or ())
    for kind in _STATES:
        new: Obj = {"type": kind, "status": str(up[kind])}
        if not up[kind] and reason and kind in ("Ready", "ContainersReady"):
            new |= {"reason": reason} | ({"message": message} if message else {})
        out = with_condition([{k: v for k, v in c.items() if not _stale(c, new, k)} for c in out], new, now)
    return out


def _stale(old: Obj, new: Obj, key: str) -> bool:
    """A reason or message of a condition whose new state has none."""
    return old["type"] == new["type"] and key in ("reason", "message") and key not in new


def _names(pod: Obj) -> str:
    return f"[{' '.join(c['name'] for c in pod['spec']['containers'])}]"


def _container(container: Obj, state: Obj, *, ready: bool, restarts: int = 0, last: Obj | None = None) -> Obj:
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "lastState": last or {},
        "ready": ready,
        "restartCount": restarts,
        "started": ready,
        "state": state,
    }


def _hosts(node: Obj) -> Obj:
    """hostIP and hostIPs from the node's internal address."""
    addresses = (node.get("status") or {}).get("addresses") or ()
    found = next((a["address"] for a in addresses if a.get("type") == "InternalIP"), "")
    return {"hostIP": found, "hostIPs": [{"ip": found}]} if found else {}


def admitted_status(pod: Obj, node: Obj, now: str) -> Obj:
    """Admitted: Pending, containers being created."""
    waiting = {"waiting": {"reason": "ContainerCreating"}}
    up = {"PodReadyToStartContainers": False, "Initialized": True, "Ready": False, "ContainersReady": False}
    text = f"containers with unready status: {_names(pod)}"
    return {
        **(pod.get("status") or {}),
        **_hosts(node),
        "phase": "Pending",
        "startTime": now,
        "conditions": _conditions(pod, now, up, "ContainersNotReady", text),
        "containerStatuses": [_container(c, waiting, ready=False) for c in pod["spec"]["containers"]],
    }


def refused_status(pod: Obj, reason: str, message: str, now: str) -> Obj:
    """The kubelet does not take the pod."""
    text = f"Pod was rejected: {message}"
    return {**(pod.get("status") or {}), "phase": "Failed", "reason": reason, "message": text, "startTime": now}


def running_status(pod: Obj, now: str, restarts: int, address: str, devices: list[Obj]) -> Obj:
    """All containers run and are ready; init containers are done, sidecars run."""
    old = {s["name"]: s for s in (pod.get("status") or {}).get("containerStatuses") or ()}
    statuses = []
    for container in pod["spec"]["containers"]:
        last = (old.get(container["name"]) or {}).get("lastState")
        made = _container(container, {"running": {"startedAt": now}}, ready=True, restarts=restarts, last=last)
        own_id = uuid.uuid5(uuid.NAMESPACE_OID, pod["metadata"]["uid"] + container["name"]).hex
        made |= {
            "containerID": f"containerd://{own_id}",
            "imageID": f"sha256:{uuid.uuid5(uuid.NAMESPACE_OID, container['image']).hex * 2}",
        }
        resources = container.get("resources") or {}
        if resources.get("requests"):
            made["allocatedResources"] = resources["requests"]
        if resources:
            made["resources"] = {k: v for k, v in resources.items() if k in ("requests", "limits", "claims")}
        statuses.append(made)
    up = dict.fromkeys(_STATES, True)
    status = {
        **(pod.get("status") or {}),
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": _conditions(pod, now, up),
        "containerStatuses": statuses,
    }
    if pod["spec"].get("initContainers"):
        status["initContainerStatuses"] = [_init(c, now) for c in pod["spec"]["initContainers"]]
    return device_statuses({**pod, "status": status}, devices)


def _init(container: Obj, now: str) -> Obj:
    if container.get("restartPolicy") == "Always":
        return _container(container, {"running": {"startedAt": now}}, ready=True)
    done = {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}
    return {**_container(container, {"terminated": done}, ready=True), "started": False}


def device_statuses(pod: Obj, devices: list[Obj]) -> Obj:
    """The status with allocatedResourcesStatus: each container lists what it asked of the pod's devices, in order."""
    left = {d["name"]: list(d["resources"]) for d in devices}
    statuses = []
    for status in pod["status"].get("containerStatuses") or ():
        spec: Obj = next((c for c in pod["spec"]["containers"] if c["name"] == status["name"]), {})
        resources = spec.get("resources") or {}
        asked = {**(resources.get("requests") or {}), **(resources.get("limits") or {})}
        mine = []
        for name, found in left.items():
            if name.startswith("claim:"):
                if _uses(resources, name):
                    mine.append({"name": name, "resources": found})
            elif int(asked.get(name, 0)):
                count = int(asked[name])
                mine.append({"name": name, "resources": found[:count]})
                left[name] = found[count:]
        new = {k: v for k, v in status.items() if k != "allocatedResourcesStatus"}
        statuses.append(new | ({"allocatedResourcesStatus": mine} if mine else {}))
    return {**pod["status"], "containerStatuses": statuses} if statuses else pod["status"]


def _uses(resources: Obj, name: str) -> bool:
    """The container names the claim, or this request of it."""
    claim, _, request = name.removeprefix("claim:").partition("/")
    return any(
        c["name"] == claim and (not c.get("request") or c["request"] == request) for c in resources.get("claims") or ()
    )


def pull_error_status(pod: Obj, reason: str, problem: str) -> Obj:
    """Waiting for an image that does not come."""
    waiting = {"waiting": {"reason": reason, "message": problem}}
    statuses = [_container(c, waiting, ready=False) for c in pod["spec"]["containers"]]
    return {**pod["status"], "containerStatuses": statuses}


def _terminated(status: Obj, code: int, now: str) -> Obj:
    started = ((status.get("state") or {}).get("running") or {}).get("startedAt", now)
    return {
        "exitCode": code,
        "reason": "Completed" if code == 0 else "Error",
        "startedAt": started,
        "finishedAt": now,
        **({"containerID": status["containerID"]} if "containerID" in status else {}),
    }


def ended_status(pod: Obj, code: int, now: str) -> Obj:
    """All containers ended with that code and stay ended."""
    statuses = [
        {**s, "ready": False, "started": False, "state": {"terminated": _terminated(s, code, now)}}
        for s in pod["status"].get("containerStatuses") or ()
    ]
    up = {"PodReadyToStartContainers": False, "Initialized": True, "Ready": False, "ContainersReady": False}
    reason = "PodFailed" if code else "PodCompleted"
    return {
        **pod["status"],
        "phase": "Failed" if code else "Succeeded",
        "conditions": _conditions(pod, now, up, reason),
        "containerStatuses": statuses,
    }


def waiting_to_restart_status(pod: Obj, code: int, restarts: int, now: str) -> Obj:
    """Ended, and to be started again after a while."""
    name, meta = pod["spec"]["containers"][0]["name"], pod["metadata"]
    place = f"{meta['name']}_{meta['namespace']}({meta['uid']})"
    text = f"back-off restarting failed container={name} pod={place}"
    statuses = [
        {
            **s,
            "ready": False,
            "started": False,
            "restartCount": restarts,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": text}},
            "lastState": {"terminated": _terminated(s, code, now)},
        }
        for s in pod["status"].get("containerStatuses") or ()
    ]
    up = {"PodReadyToStartContainers": True, "Initialized": True, "Ready": False, "ContainersReady": False}
    unready = f"containers with unready status: {_names(pod)}"
    conditions = _conditions(pod, now, up, "ContainersNotReady", unready)
    return {**pod["status"], "conditions": conditions, "containerStatuses": statuses}
