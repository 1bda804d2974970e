"""What reaches into a running pod: logs, and proxied HTTP to ports on this machine."""

import aiohttp
from aiohttp import web

from k8sai.ages import epoch, stamp
from k8sai.sim import exporter, prometheus, status
from k8sai.sim.asking import Ask
from k8sai.sim.kinds import find
from k8sai.sim.objects import Obj, name_of, uid_of
from k8sai.sim.processes import Processes
from k8sai.sim.store import Store

LOG = "sim.k8sai.dev/log"  # annotation: the text of every container's log
PROXY = "sim.k8sai.dev/proxy-port"  # annotation: the loopback port that stands for the pod, service or node
_PODS = find("", "pods")
_HOP_HEADERS = ("connection", "content-length", "host", "transfer-encoding", "accept-encoding", "content-encoding")


def log(store: Store, ask: Ask, processes: Processes | None) -> web.Response:
    """The log of a container. ApiFailure 400 where there is none yet."""
    pod = store.get(_PODS, ask.target.namespace, ask.target.name)
    name = container_of(pod, ask.query.get("container", ""))
    if pod.get("status", {}).get("phase") == "Pending":
        message = f'container "{name}" in pod "{name_of(pod)}" is waiting to start: ContainerCreating'
        raise status.bad_request(message)
    written = processes.log(uid_of(pod)) if processes is not None else None
    text = written.decode(errors="replace") if written is not None else None
    if text is None:
        text = (pod["metadata"].get("annotations") or {}).get(LOG)
    if text is None:
        text = _plausible(pod, name)
    lines = text.splitlines(keepends=True)
    tail = ask.number("tailLines")
    if tail is not None:
        lines = lines[len(lines) - tail :] if tail else []
    return web.Response(text="".join(lines), content_type="text/plain")


def container_of(pod: Obj, wanted: str) -> str:
    """The container that is meant. ApiFailure 400 where it is unclear, is not there, or the pod has no node yet."""
    spec = pod["spec"]
    names = [one["name"] for one in spec.get("containers") or ()]
    others = [one["name"] for one in spec.get("initContainers") or ()]
    pod_name = name_of(pod)
    if wanted and wanted not in (*names, *others):
        raise status.bad_request(f"container {wanted} is not valid for pod {pod_name}")
    if not wanted and len(names) > 1:
        listed = " ".join(names)
        message = f"a container name must be specified for pod {pod_name}, choose one of: [{listed}]"
        raise status.bad_request(message)
    name = wanted or names[0]
    if not spec.get("nodeName"):
        raise status.bad_request(f"pod {pod_name} does not have a host assigned")
    return name


def _plausible(pod: Obj, container: str) -> str:
    started = pod.get("status", {}).get("startTime") or pod["metadata"]["creationTimestamp"]
    lines = [f"{started} {container} started on {pod['spec']['nodeName']}"]
    for container_spec in pod["spec"].get("containers") or ():
        limits = (container_spec.get("resources") or {}).get("limits") or {}
        devices = [f"{amount} x {resource}" for resource, amount in limits.items() if "/" in resource]
        if container_spec["name"] == container and devices:
            lines.append(f"{stamp(epoch(started) + 1)} devices: {', '.join(devices)}")
    for ended in pod.get("status", {}).get("containerStatuses") or ():
        state = (ended.get("state") or {}).get("terminated")
        if state and ended["name"] == container:
            lines.append(f"{state.get('finishedAt', started)} exit code {state.get('exitCode', 0)}")
    return "\n".join(lines) + "\n"


async def proxy(store: Store, ask: Ask, processes: Processes | None) -> web.Response:
    """Forward to the loopback port an annotation of the object names, or to that of the pod's process.

    ApiFailure 503 where nobody listens.
    A pod that plays dcgm-exporter answers `/metrics` itself, a Service that plays Prometheus its queries.
    """
    target = ask.target
    name = target.name.split(":")[0] if target.name.count(":") == 1 else target.name
    if target.name.count(":") == 2:  # scheme:name:port
        name = target.name.split(":")[1]
    obj = store.get(target.resource, target.namespace, name)
    if target.resource is _PODS and target.rest == "metrics" and exporter.is_exporter(obj):
        return web.Response(text=exporter.exposition(store, obj["spec"]["nodeName"]), content_type="text/plain")
    port = (obj["metadata"].get("annotations") or {}).get(PROXY, "")
    if not port and prometheus.is_prometheus(obj):
        ill = (obj["metadata"].get("annotations") or {}).get(prometheus.ILL, "")
        code, said = prometheus.answer(store, target.rest, ask.query, ill)
        return web.json_response(said, status=code)
    where = f"127.0.0.1:{port}"
    address = processes.address(uid_of(obj)) if processes is not None else ""
    if address and not port:
        port = _port(obj, target.name)
        where = f"{address}:{port}"
    if not port.isdigit():
        message = (
            f'no endpoints available for service "{name}"' if target.resource.kind == "Service" else "no such host"
        )
        raise status.ApiFailure(503, "ServiceUnavailable", message)
    url = f"http://{where}/{target.rest}"
    sent = {key: value for key, value in ask.request.headers.items() if key.lower() not in _HOP_HEADERS}
    sent.pop("Authorization", None)
    try:
        async with (
            aiohttp.ClientSession(auto_decompress=True) as session,
            session.request(
                ask.request.method,
                url,
                params=ask.request.rel_url.query,
                headers=sent,
                data=await ask.request.read(),
                allow_redirects=False,
            ) as reply,
        ):
            headers = {key: value for key, value in reply.headers.items() if key.lower() not in _HOP_HEADERS}
            return web.Response(status=reply.status, headers=headers, body=await reply.read())
    except aiohttp.ClientError as error:
        message = f"error trying to reach service: {error}"
        raise status.ApiFailure(503, "ServiceUnavailable", message) from None


def _port(pod: Obj, asked: str) -> str:
    """The port of `name:port` or `scheme:name:port`, by its number or a container's name for it; else the first."""
    named = [one for container in pod["spec"]["containers"] for one in container.get("ports") or ()]
    wanted = asked.split(":")[-1] if ":" in asked else ""
    if not wanted:
        return str(named[0]["containerPort"]) if named else "80"
    return next((str(one["containerPort"]) for one in named if one.get("name") == wanted), wanted)
