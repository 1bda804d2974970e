"""What `d` says of a pod."""

from collections.abc import Mapping
from typing import Any, Final

from k8sai.tui.page import Page
from k8sai.tui.words import age

Json = Mapping[str, Any]
_NAMES: Final = ("claimName", "name", "secretName", "path", "medium", "driver")  # what a volume is called by its kind


def pod(page: Page, thing: Json, now: float) -> None:
    """Where it runs, its containers with what they ask for and what became of them, and what it needs of a node."""
    spec, status = thing.get("spec") or {}, thing.get("status") or {}
    page.head("Pod")
    phase = str(status.get("phase") or "")
    page.fact("Phase", phase, {"Running": "good", "Failed": "bad", "Pending": "warn"}.get(phase, "plain"))
    page.fact("Reason", status.get("reason"), "warn")
    page.fact("Message", status.get("message"), "warn")
    page.fact("Node", spec.get("nodeName") or "not placed")
    page.fact("Reserved on", status.get("nominatedNodeName"), "warn")
    started = str(status.get("startTime") or "")
    page.fact("Started", f"{started}  {age(started, now)} ago" if started else "")
    page.fact("IP", " ".join(each.get("ip", "") for each in status.get("podIPs") or ()) or status.get("podIP"))
    page.fact("Service account", spec.get("serviceAccountName"))
    page.fact("Priority", _priority(spec))
    page.fact("Scheduler", _unless(spec.get("schedulerName"), "default-scheduler"))
    page.fact("Restart policy", spec.get("restartPolicy"))
    page.fact("QoS class", status.get("qosClass"))
    page.facts("Gates", (gate.get("name") for gate in spec.get("schedulingGates") or ()), "warn")
    page.pairs("Overhead", spec.get("overhead"))
    _containers(page, "Init containers", spec.get("initContainers"), status.get("initContainerStatuses"), now)
    _containers(page, "Containers", spec.get("containers"), status.get("containerStatuses"), now)
    _needs(page, spec)
    _claims(page, spec, status)
    _volumes(page, spec)


def _priority(spec: Json) -> str:
    number, name = spec.get("priority"), spec.get("priorityClassName")
    return f"{number} ({name})" if name else str(number) if number else ""


def _unless(value: object, usual: str) -> object:
    return None if value == usual else value


def _containers(page: Page, title: str, specs: Any, statuses: Any, now: float) -> None:
    known = {str(each.get("name")): each for each in statuses or ()}
    for number, spec in enumerate(specs or ()):
        if number == 0:
            page.head(title)
        else:
            page.lines.append(())
        name = str(spec.get("name"))
        status = known.get(name) or {}
        page.fact(name, spec.get("image"), "strong")
        said, ink = state(status.get("state") or {}, now)
        page.fact("  state", said or "not started", ink)
        before, _ = state(status.get("lastState") or {}, now)
        page.fact("  before that", before, "warn")
        if status:
            restarts = status.get("restartCount") or 0
            page.fact("  ready", "yes" if status.get("ready") else "no", "good" if status.get("ready") else "warn")
            page.fact("  restarts", restarts or "", "warn")
        resources = spec.get("resources") or {}
        page.fact("  requests", amounts(resources.get("requests")))
        page.fact("  limits", amounts(resources.get("limits")))
        claims = resources.get("claims") or ()
        page.facts("  claims", (f"{claim.get('name')} {claim.get('request') or ''}" for claim in claims))
        page.facts("  devices", _devices(status))
        ports = spec.get("ports") or ()
        page.fact("  ports", " ".join(f"{port.get('containerPort')}/{port.get('protocol', 'TCP')}" for port in ports))
        page.fact("  command", " ".join(map(str, (*(spec.get("command") or ()), *(spec.get("args") or ())))))
        page.facts("  environment", map(_variable, spec.get("env") or ()))


def state(said: Json, now: float) -> tuple[str, str]:
    """A container's state in words, and its ink."""
    if running := said.get("running"):
        return f"running for {age(str(running.get('startedAt') or ''), now)}", "good"
    if waiting := said.get("waiting"):
        return f"waiting: {waiting.get('reason', '')} {waiting.get('message') or ''}".rstrip(), "warn"
    if ended := said.get("terminated"):
        code = ended.get("exitCode")
        what = f"ended with {code}" + (f" (signal {ended['signal']})" if ended.get("signal") else "")
        when = age(str(ended.get("finishedAt") or ""), now)
        words = (what, str(ended.get("reason") or ""), f"{when} ago" if when else "", str(ended.get("message") or ""))
        return ", ".join(filter(None, words)), "dim" if code == 0 else "bad"
    return "", "dim"


def amounts(resources: Json | None) -> str:
    """Resources on one line."""
    return "  ".join(f"{name}={amount}" for name, amount in sorted((resources or {}).items()))


def _devices(status: Json) -> list[str]:
    return [
        f"{resource.get('resourceID')} {resource.get('health', '')}".rstrip()
        for each in status.get("allocatedResourcesStatus") or ()
        for resource in each.get("resources") or ()
    ]


def _variable(variable: Json) -> str:
    """Name and value; where it comes from elsewhere, from where: what a Secret holds is never asked for."""
    source = variable.get("valueFrom") or {}
    if not source:
        return f"{variable.get('name')}={variable.get('value', '')}"
    (kind, where), *_ = source.items()
    place = " ".join(str(where[word]) for word in ("name", "key", "fieldPath", "resource") if where.get(word))
    return f"{variable.get('name')} from {kind.removesuffix('KeyRef').removesuffix('Ref')} {place}"


def _needs(page: Page, spec: Json) -> None:
    affinity = spec.get("affinity")
    tolerations = [_toleration(each) for each in spec.get("tolerations") or ()]
    spread = spec.get("topologySpreadConstraints") or ()
    if not (spec.get("nodeSelector") or affinity or tolerations or spread):
        return
    page.head("Asks of a node")
    page.pairs("Selector", spec.get("nodeSelector"))
    page.facts("Tolerates", tolerations)
    page.facts("Spread over", (f"{c.get('topologyKey')}, at most {c.get('maxSkew')} apart" for c in spread))
    if affinity:
        page.fact("Affinity", "as follows")
        page.yaml(affinity)


def _toleration(each: Json) -> str:
    key = each.get("key") or "every taint"
    value = f"={each['value']}" if each.get("value") else ""
    effect = f":{each['effect']}" if each.get("effect") else ""
    seconds = each.get("tolerationSeconds")
    return f"{key}{value}{effect}" + (f" for {seconds} s" if seconds is not None else "")


def _claims(page: Page, spec: Json, status: Json) -> None:
    claims = spec.get("resourceClaims") or ()
    if not claims:
        return
    made = {each.get("name"): each.get("resourceClaimName") for each in status.get("resourceClaimStatuses") or ()}
    page.head("Resource claims")
    for claim in claims:
        name = claim.get("name")
        template = claim.get("resourceClaimTemplateName")
        is_ = claim.get("resourceClaimName") or made.get(name) or "not made yet"
        page.fact(str(name), f"{is_} (template {template})" if template else is_)


def _volumes(page: Page, spec: Json) -> None:
    volumes = spec.get("volumes") or ()
    if not volumes:
        return
    page.head("Volumes")
    for volume in volumes:
        kind = next((key for key in volume if key != "name"), "")
        what = volume.get(kind) or {}
        name = next((str(what[key]) for key in _NAMES if what.get(key)), "")
        page.fact(str(volume.get("name")), f"{kind} {name}".rstrip())
