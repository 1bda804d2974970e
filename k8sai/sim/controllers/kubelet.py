"""The kubelets of all nodes: a bound pod starts, runs, ends and goes.

Nothing is really executed, unless the cluster was started with processes allowed and the pod asks for one
(`processes`).

What any other pod does is written in its annotations:
    sim.k8sai.dev/run-for       how long a container runs before it ends by itself (default: for ever)
    sim.k8sai.dev/exit-code     what it ends with (default 0)
    sim.k8sai.dev/start-after   from bound to running (default 1s)
    sim.k8sai.dev/stop-after    from the signal to the end, at most the grace period (default 1s)
    sim.k8sai.dev/exit-on-term  what it ends with then (default 143)
    sim.k8sai.dev/image-error   the image cannot be pulled, and this is why
"""

from dataclasses import dataclass

from k8sai.errors import Usage
from k8sai.scheduling.nodes import pod_info
from k8sai.sim.clock import Timer
from k8sai.sim.controllers.claims import claims_of, device_groups, reserved_by
from k8sai.sim.controllers.desk import NODES, PODS, Desk, condition, finished, leaving
from k8sai.sim.controllers.devices import UNHEALTHY, Devices, allocatable, is_device
from k8sai.sim.controllers.podstatus import (
    admitted_status,
    device_statuses,
    ended_status,
    pull_error_status,
    refused_status,
    running_status,
    waiting_to_restart_status,
)
from k8sai.sim.durations import seconds
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj
from k8sai.sim.processes import Processes, wanted

_BY = "kubelet"
_ANNOTATION = "sim.k8sai.dev/"
_FIRST_BACKOFF, _LONGEST_BACKOFF = 10.0, 300.0


@dataclass(slots=True)
class _Life:
    """Where a pod is: its next step, how often it restarted, what its devices are."""

    stage: str = ""  # starting | running | backoff | stopping
    timer: Timer | None = None
    restarts: int = 0
    grace: float = -1.0  # seconds a process was given last

    def next(self, stage: str, timer: Timer | None) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.stage, self.timer = stage, timer


class Kubelets:
    """One key per pod: (namespace, name, uid); one per node: (name,)."""

    def __init__(self, desk: Desk, processes: Processes | None = None) -> None:
        self._desk = desk
        self._processes = processes
        self._add = desk.queue("kubelets", self.sync)
        self._devices = Devices()
        self._lives: dict[str, _Life] = {}
        self._addresses = 0

    def on_event(self, event: Event) -> None:
        meta = event.obj["metadata"]
        if event.resource is PODS:
            if event.obj["spec"].get("nodeName"):
                if self._processes is not None and event.old is not None:
                    self._processes.refresh(event.obj)
                self._add((meta["namespace"], meta["name"], meta["uid"]))
        elif event.resource is NODES and event.type != "DELETED" and _matters(event.obj, event.old):
            self._add((meta["name"],))

    def sync(self, key: tuple[str, ...]) -> None:
        if len(key) == 1:
            self._sync_node(key[0])
            return
        namespace, name, uid = key
        pod = self._desk.find(PODS, (namespace, name))
        if pod is None or pod["metadata"]["uid"] != uid:
            self._forget(uid)
            return
        node = self._desk.find(NODES, ("", pod["spec"]["nodeName"]))
        if node is None or not _alive(node):
            return
        if finished(pod):
            self._forget(uid, pod)
            if leaving(pod):
                self._desk.delete(PODS, pod, grace=0)
            return
        life = self._lives.setdefault(uid, _Life())
        if leaving(pod):
            if not life.stage and (pod.get("status") or {}).get("phase") == "Running":
                self._resume(key, pod, life)
            self._stop(key, pod, life)
        elif not life.stage:
            self._begin(key, pod, node, life)

    def _sync_node(self, name: str) -> None:
        """Ill devices leave allocatable, and the pods that hold them say so; a node that came back starts its pods."""
        node = self._desk.find(NODES, ("", name))
        if node is None:
            return
        has = allocatable(node)
        if has != (node.get("status") or {}).get("allocatable"):
            node = self._desk.put_status(NODES, node, {**(node.get("status") or {}), "allocatable": has}) or node
        for pod in self._desk.pods.on(name):
            meta = pod["metadata"]
            life = self._lives.get(meta["uid"])
            if life is not None and life.stage == "running" and not leaving(pod):
                self._write(pod, device_statuses(pod, self._reported(pod, node)))
            else:
                self._add((meta["namespace"], meta["name"], meta["uid"]))

    def _begin(self, key: tuple[str, ...], pod: Obj, node: Obj, life: _Life) -> None:
        """Admit the pod: devices for its requests; or carry on one that came with a status (a scenario's)."""
        if (pod.get("status") or {}).get("phase") == "Running":
            self._resume(key, pod, life)
            return
        short = self._assign(pod, node)
        if short:
            self._devices.release(pod["metadata"]["uid"])
            self._say(pod, short[0], short[1], warning=True)
            self._write(pod, refused_status(pod, *short, self._desk.stamp()))
            return
        self._write(pod, admitted_status(pod, node, self._desk.stamp()))
        after = self._duration(pod, "start-after", 1.0)
        life.next("starting", self._desk.clock.after(after, lambda: self._start(key), settles=True))

    def _assign(self, pod: Obj, node: Obj) -> tuple[str, str] | None:
        """Hold devices for the pod; or what is short, as the kubelet's (reason, message)."""
        uid = pod["metadata"]["uid"]
        if self._devices.held_by(uid):
            return None
        for resource, count in pod_info(pod).requests.items():
            if is_device(resource) and self._devices.take(node, uid, resource, count) is None:
                has = int((node["status"].get("allocatable") or {}).get(resource, 0))
                used = has - len(self._devices.free(node, resource))
                amounts = f"requested: {count}, used: {used}, capacity: {has}"
                return f"OutOf{resource}", f"Node didn't have enough resource: {resource}, {amounts}"
        return None

    def _resume(self, key: tuple[str, ...], pod: Obj, life: _Life) -> None:
        uid, node = pod["metadata"]["uid"], pod["spec"]["nodeName"]
        for status in pod["status"].get("containerStatuses") or ():
            for group in status.get("allocatedResourcesStatus") or ():
                for device in group.get("resources") or ():
                    if not group["name"].startswith("claim:"):
                        self._devices.hold(node, uid, group["name"], device["resourceID"])
        life.next("running", None)
        self._run(key, pod, life)

    def _start(self, key: tuple[str, ...]) -> None:
        """Containers run, unless the image or the pod's claims are not there."""
        found = self._current(key, "starting")
        if found is None:
            return
        pod, node, life = found
        problem = (pod["metadata"].get("annotations") or {}).get(_ANNOTATION + "image-error")
        if problem is not None:
            self._cannot_pull(key, pod, life, problem)
            return
        if not self._claims_ready(pod):
            self._say(pod, "FailedPrepareDynamicResources", "claims of the pod are not allocated to it", warning=True)
            life.next("starting", self._desk.clock.after(_FIRST_BACKOFF, lambda: self._start(key)))
            return
        life.next("running", None)
        address = self._run(key, pod, life)
        status = running_status(pod, self._desk.stamp(), life.restarts, address, self._reported(pod, node))
        if self._write(pod, status) is not None:
            for container in pod["spec"]["containers"]:
                name = container["name"]
                image = container["image"]
                self._say(
                    pod,
                    "Pulled",
                    f'Container image "{image}" already present on machine and can be accessed by the pod',
                )
                self._say(pod, "Created", f"Container created: {name}")
                self._say(pod, "Started", f"Container started: {name}")

    def _run(self, key: tuple[str, ...], pod: Obj, life: _Life) -> str:
        """Begin what the pod does, a process of this machine where it may have one; its address."""
        if self._processes is not None and wanted(pod):
            if self._processes.has(key[2]):
                return self._processes.address(key[2])
            return self._processes.start(
                pod,
                lambda code: self._ended(key, code),
                lambda why: self._ended(key, 128, f"failed to create containerd task: {why}"),
            )
        self._addresses += 1
        self._plan_end(key, pod, life)
        return _address(self._addresses)

    def _ended(self, key: tuple[str, ...], code: int, why: str = "") -> None:
        """A pod's process has ended, with that code; or could not be started."""
        namespace, name, uid = key
        pod, life = self._desk.find(PODS, (namespace, name)), self._lives.get(uid)
        if pod is None or life is None or pod["metadata"]["uid"] != uid:
            return
        if why:
            self._say(pod, "Failed", why, warning=True)
        if life.stage == "stopping":
            self._stopped(key, code)
        else:
            self._exit(key, code)

    def _cannot_pull(self, key: tuple[str, ...], pod: Obj, life: _Life, problem: str) -> None:
        life.restarts += 1
        reason = "ErrImagePull" if life.restarts == 1 else "ImagePullBackOff"
        image = pod["spec"]["containers"][0]["image"]
        if life.restarts == 1:
            self._say(pod, "Failed", f'Failed to pull image "{image}": {problem}', warning=True)
        else:
            self._say(pod, "BackOff", f'Back-off pulling image "{image}"')
        self._write(pod, pull_error_status(pod, reason, problem))
        wait = _backoff(life.restarts)
        life.next("starting", self._desk.clock.after(wait, lambda: self._start(key)))

    def _plan_end(self, key: tuple[str, ...], pod: Obj, life: _Life) -> None:
        after = self._duration(pod, "run-for", 0.0)
        if after:
            life.timer = self._desk.clock.after(after, lambda: self._exit(key))

    def _exit(self, key: tuple[str, ...], ended: int | None = None) -> None:
        """The containers end by themselves; the restart policy decides what follows."""
        found = self._current(key, "running")
        if found is None:
            return
        pod, _, life = found
        code = self._number(pod, "exit-code", 0) if ended is None else ended
        policy = pod["spec"].get("restartPolicy", "Always")
        if policy == "Never" or (policy == "OnFailure" and code == 0):
            self._write(pod, ended_status(pod, code, self._desk.stamp()))
            return
        life.restarts += 1
        self._write(pod, waiting_to_restart_status(pod, code, life.restarts, self._desk.stamp()))
        name = pod["spec"]["containers"][0]["name"]
        place = f"{pod['metadata']['name']}_{pod['metadata']['namespace']}({pod['metadata']['uid']})"
        self._say(pod, "BackOff", f"Back-off restarting failed container {name} in pod {place}", warning=True)
        life.next("starting", self._desk.clock.after(_backoff(life.restarts), lambda: self._start(key)))

    def _stop(self, key: tuple[str, ...], pod: Obj, life: _Life) -> None:
        """Signal, wait, report the end, delete for good."""
        grace = float(pod["metadata"].get("deletionGracePeriodSeconds") or 0)
        after = min(grace, self._duration(pod, "stop-after", 1.0)) if life.stage in ("running", "stopping") else 0.0
        if self._processes is not None and self._processes.has(key[2]):
            self._signal(key, pod, life, grace)
            return
        if life.stage == "stopping" and grace > 1.0:
            return
        if life.stage == "running":
            for container in pod["spec"]["containers"]:
                self._say(pod, "Killing", f"Stopping container {container['name']}")
        settles = after <= 2.0
        life.next("stopping", self._desk.clock.after(after, lambda: self._stopped(key), settles=settles))

    def _signal(self, key: tuple[str, ...], pod: Obj, life: _Life, grace: float) -> None:
        """A process gets SIGTERM once, and SIGKILL when its grace is over, which may be shortened meanwhile."""
        processes = self._processes
        assert processes is not None
        if life.stage != "stopping":
            for container in pod["spec"]["containers"]:
                self._say(pod, "Killing", f"Stopping container {container['name']}")
            processes.stop(pod)
        if grace != life.grace:
            life.grace = grace
            life.next("stopping", self._desk.clock.after(grace, lambda: processes.kill(key[2])))

    def _stopped(self, key: tuple[str, ...], ended: int | None = None) -> None:
        found = self._current(key, "stopping")
        if found is None:
            return
        pod, _, _ = found
        code = self._number(pod, "exit-on-term", 143) if ended is None else ended
        self._write(pod, ended_status(pod, code, self._desk.stamp()))

    def _current(self, key: tuple[str, ...], stage: str) -> tuple[Obj, Obj, _Life] | None:
        """The pod, its node and its life when a timer rings, if that is still what it was set for."""
        namespace, name, uid = key
        pod, life = self._desk.find(PODS, (namespace, name)), self._lives.get(uid)
        if pod is None or life is None or pod["metadata"]["uid"] != uid or life.stage != stage:
            return None
        node = self._desk.find(NODES, ("", pod["spec"]["nodeName"]))
        if node is None or not _alive(node):
            self._lives.pop(uid)  # picked up again when the node is back
            return None
        return pod, node, life

    def _claims_ready(self, pod: Obj) -> bool:
        """Every claim is allocated and reserved for the pod."""
        return all(reserved_by(claim, pod) for claim in claims_of(self._desk, pod))

    def _reported(self, pod: Obj, node: Obj) -> list[Obj]:
        """allocatedResourcesStatus: the pod's devices by resource, with their health."""
        groups: dict[str, list[Obj]] = {}
        for resource, device in self._devices.held_by(pod["metadata"]["uid"]):
            health = self._devices.health(node, resource, device)
            groups.setdefault(resource, []).append({"resourceID": device, "health": health})
        return [{"name": name, "resources": found} for name, found in groups.items()] + device_groups(self._desk, pod)

    def _write(self, pod: Obj, status: Obj) -> Obj | None:
        return self._desk.put_status(PODS, pod, status)

    def _forget(self, uid: str, pod: Obj | None = None) -> None:
        self._devices.release(uid)
        if self._processes is not None and (pod is None or leaving(pod)):
            self._processes.forget(uid)
        life = self._lives.pop(uid, None)
        if life is not None:
            life.next("", None)

    def _say(self, pod: Obj, reason: str, message: str, *, warning: bool = False) -> None:
        self._desk.recorder.say(pod, reason, message, by=_BY, warning=warning)

    def _duration(self, pod: Obj, name: str, default: float) -> float:
        text = (pod["metadata"].get("annotations") or {}).get(_ANNOTATION + name)
        if not text:
            return default
        try:
            return seconds(text)
        except Usage as error:
            self._say(pod, "InvalidAnnotation", f"{_ANNOTATION}{name}: {error.message}", warning=True)
            return default

    def _number(self, pod: Obj, name: str, default: int) -> int:
        text = (pod["metadata"].get("annotations") or {}).get(_ANNOTATION + name, "")
        return int(text) if text.isdigit() else default


def _alive(node: Obj) -> bool:
    """The node's kubelet answers: its Ready condition is not Unknown (none at all counts as alive)."""
    found = condition(node, "Ready")
    return found is None or found["status"] != "Unknown"


def _matters(node: Obj, old: Obj | None) -> bool:
    """The change is about devices or about the kubelet being there."""
    if old is None:
        return UNHEALTHY in (node["metadata"].get("annotations") or {})
    ill = (
        (old["metadata"].get("annotations") or {}).get(UNHEALTHY),
        (node["metadata"].get("annotations") or {}).get(UNHEALTHY),
    )
    return ill[0] != ill[1] or _alive(old) != _alive(node)


def _backoff(times: int) -> float:
    return min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0 ** min(times - 1, 10))


def _address(number: int) -> str:
    """A pod address of 10.128.0.0/9."""
    return f"10.{128 + (number >> 16) % 128}.{(number >> 8) & 255}.{number & 255}"
