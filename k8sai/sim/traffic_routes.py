"""Where the requests to a target go, as the routes have it at this moment: to which pods, in which shares.

Requests to a share without ready pods are lost, as a gateway answers them itself.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj
from k8sai.sim.store import Store

Place = tuple[str, str]  # namespace, name
Shares = dict[tuple[str, str], float]  # (pod, model) -> share of all requests; model "" unless one is chosen by name
_POOLS: Final = (("inference.networking.k8s.io", "inferencepools"),)
_REWRITES: Final = ("llm-d.ai", "inference.networking.x-k8s.io")


def shares(store: Store, kind: str, place: Place) -> Shares:
    """Of every pod that can be reached, be it with 0."""
    found: Shares = {}
    for pods, share, model in _KINDS.get(kind, _nothing)(store, place):
        names = [pod["metadata"]["name"] for pod in pods if serves(pod)]
        for name in names:
            found[name, model] = found.get((name, model), 0.0) + share / len(names)
    return found


def serves(pod: Obj) -> bool:
    """It is ready and not told to end."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    return ready and not pod["metadata"].get("deletionTimestamp")


Target = tuple[list[Obj], float, str]  # pods, share, model


def _nothing(store: Store, place: Place) -> Iterator[Target]:
    yield from ()


def _service(store: Store, place: Place) -> Iterator[Target]:
    yield _behind(store, "", "services", place), 1.0, ""


def _httproute(store: Store, place: Place) -> Iterator[Target]:
    """By the first rule that takes requests without special headers."""
    rules = _rules(store, place)
    rule = next((one for one in rules if one.get("backendRefs") and not _special(one)), {})
    yield from _by_weight(store, place[0], rule.get("backendRefs") or [])


def _rules(store: Store, place: Place) -> list[Obj]:
    route = _find(store, "gateway.networking.k8s.io", "httproutes", place)
    return ((route or {}).get("spec") or {}).get("rules") or []


def _by_weight(store: Store, home: str, refs: list[Obj]) -> Iterator[Target]:
    total = sum(one.get("weight", 1) for one in refs)
    for one in refs:
        pool = one.get("kind") == "InferencePool"
        group, plural = (one.get("group") or "", "inferencepools") if pool else ("", "services")
        to = one.get("namespace") or home, one["name"]
        yield _behind(store, group, plural, to), one.get("weight", 1) / total if total else 0.0, ""


def _special(rule: Obj) -> bool:
    matches = rule.get("matches") or ()
    return bool(matches) and all(one.get("headers") for one in matches)


def _virtualservice(store: Store, place: Place) -> Iterator[Target]:
    found = _find(store, "networking.istio.io", "virtualservices", place)
    https = ((found or {}).get("spec") or {}).get("http") or ()
    http: Obj = next((one for one in https if not any(m.get("headers") for m in one.get("match") or ())), {})
    targets = http.get("route") or []
    for one in targets:
        share = (one.get("weight", 0) if len(targets) > 1 else 100) / 100
        host, _, space = one["destination"]["host"].partition(".")
        to = space.partition(".")[0] or place[0], host
        subset = _subset(store, to, one["destination"].get("subset", ""))
        yield [pod for pod in _behind(store, "", "services", to) if _carries(pod, subset)], share, ""


def _subset(store: Store, to: Place, name: str) -> dict[str, str]:
    for rule in _all(store, "networking.istio.io", "destinationrules", to[0]) if name else ():
        for one in rule["spec"].get("subsets") or ():
            if one["name"] == name and rule["spec"].get("host", "").partition(".")[0] == to[1]:
                return one.get("labels") or {}
    return {}


def _ksvc(store: Store, place: Place) -> Iterator[Target]:
    service = _find(store, "serving.knative.dev", "services", place)
    for one in ((service or {}).get("status") or {}).get("traffic") or ():
        revision = {"serving.knative.dev/revision": one["revisionName"]}
        yield _labelled(store, place[0], revision), one.get("percent", 0) / 100, ""


def _isvc(store: Store, place: Place) -> Iterator[Target]:
    """In Standard mode its HTTPRoute, its predictor's Service without one; in Knative mode its Knative Service."""
    predictor = place[0], f"{place[1]}-predictor"
    if _find(store, "gateway.networking.k8s.io", "httproutes", place):
        yield from _httproute(store, place)
    elif _find(store, "serving.knative.dev", "services", predictor):
        yield from _ksvc(store, predictor)
    else:
        yield from _service(store, predictor)


def _llmisvc(store: Store, place: Place) -> Iterator[Target]:
    """Requests that name the model: those go to all members of a group, by the route of any of them."""
    space, name = place
    found = _find(store, "serving.kserve.io", "llminferenceservices", place) or {}
    group = _group(found)
    members = [one for one in _all(store, "serving.kserve.io", "llminferenceservices", space) if group]
    names = [name, *(one["metadata"]["name"] for one in members if _group(one) == group)]
    rules = (rule for one in names for rule in _rules(store, (space, f"{one}-kserve-route")))
    rule = next((one for one in rules if one.get("name") == "v1-model-routing"), {})
    yield from _by_weight(store, space, rule.get("backendRefs") or [])


def _group(service: Obj) -> str:
    route = ((service.get("spec") or {}).get("router") or {}).get("route") or {}
    return route.get("group") or ""


def _rollout(store: Store, place: Place) -> Iterator[Target]:
    """By the weights its controller has set; without a router, by how many pods there are."""
    rollout = _find(store, "argoproj.io", "rollouts", place) or {}
    selector = ((rollout.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    pods = _labelled(store, place[0], selector) if selector else []
    weights = ((rollout.get("status") or {}).get("canary") or {}).get("weights") or {}
    if not weights:
        yield pods, 1.0, ""
    for word in ("stable", "canary"):
        if one := weights.get(word):
            version = {"rollouts-pod-template-hash": one.get("podTemplateHash", "")}
            yield [pod for pod in pods if _carries(pod, version)], one.get("weight", 0) / 100, ""


def _modelrewrite(store: Store, place: Place) -> Iterator[Target]:
    found = next(filter(None, (_find(store, group, "inferencemodelrewrites", place) for group in _REWRITES)), {})
    spec = found.get("spec") or {}
    pool = place[0], (spec.get("poolRef") or {}).get("name", "")
    pods = next((pods for group, plural in _POOLS if (pods := _behind(store, group, plural, pool))), [])
    targets: list[Obj] = next((one["targets"] for one in spec.get("rules") or () if one.get("targets")), [])
    total = sum(one.get("weight", 1) for one in targets)
    for one in targets:
        yield pods, one.get("weight", 1) / total, one["modelRewrite"]


_KINDS: Final[dict[str, Callable[[Store, Place], Iterator[Target]]]] = {
    "svc": _service,
    "httproute": _httproute,
    "virtualservice": _virtualservice,
    "ksvc": _ksvc,
    "isvc": _isvc,
    "llmisvc": _llmisvc,
    "rollout": _rollout,
    "modelrewrite": _modelrewrite,
}


def _behind(store: Store, group: str, plural: str, place: Place) -> list[Obj]:
    """Pods that a Service or an InferencePool selects."""
    found = _find(store, group, plural, place)
    selector = ((found or {}).get("spec") or {}).get("selector") or {}
    labels = selector.get("matchLabels", selector)
    return _labelled(store, place[0], labels) if labels else []


def _labelled(store: Store, namespace: str, labels: dict[str, str]) -> list[Obj]:
    return [pod for pod in _all(store, "", "pods", namespace) if _carries(pod, labels)]


def _carries(obj: Obj, labels: dict[str, str]) -> bool:
    return labels.items() <= (obj["metadata"].get("labels") or {}).items()


def _find(store: Store, group: str, plural: str, place: Place) -> Obj | None:
    resource = _resource(store, group, plural)
    return store.find(resource, *place) if resource else None


def _all(store: Store, group: str, plural: str, namespace: str) -> Iterable[Obj]:
    resource = _resource(store, group, plural)
    return store.list(resource, namespace) if resource else ()


def _resource(store: Store, group: str, plural: str) -> Resource | None:
    return store.catalog.get(group, plural)
