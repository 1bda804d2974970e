"""What stands behind a Service or an InferencePool: its pods, and the one workload that makes them.

The pods are those its selector selects; the workload is the Deployment or StatefulSet whose pod template it selects.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from k8sai.canary.backends.routes.destinations import Destination
from k8sai.canary.checks.gitops_keeper import managed_by
from k8sai.canary.facts import Json, Side
from k8sai.canary.pods import Pods, counted

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

_WORKLOADS: Final = ("deployments.apps", "statefulsets.apps")
_SLICES: Final = "endpointslices.discovery.k8s.io"
_SCALERS: Final = "horizontalpodautoscalers.autoscaling"
_RESTARTED: Final = "kubectl.kubernetes.io/restartedAt"


@dataclass(frozen=True, slots=True)
class Behind:
    """`labels` select its pods, None where nothing does; `ready` are pods, None where nobody may know."""

    object: Json | None  # the Service or InferencePool itself
    labels: Mapping[str, str] | None
    workloads: tuple[Json, ...]
    ready: int | None
    trouble: str
    keeper: str = ""  # who sets the workload's replicas: "hpa/chat", "Argo CD application chat", its owner
    unknown: bool = False  # workloads may not be read

    @property
    def replicas(self) -> int | None:
        """Wanted by the workloads; None where there are none to ask."""
        return sum(wanted(one) for one in self.workloads) if self.workloads else None

    @property
    def one(self) -> Json | None:
        """The only workload there is."""
        return self.workloads[0] if len(self.workloads) == 1 else None

    @property
    def ours(self) -> Json | None:
        """The only workload, where nobody else sets its replicas: two who do would fight."""
        return None if self.keeper else self.one


def look_behind(to: Destination, read: "Reading", of_subset: Mapping[str, str] | None = None) -> Behind:
    """What there is now; of a Service's pods only those with the labels of a subset."""
    found = read.get(to.plural, to.namespace, to.name)
    if found is None:
        unread = read.blind(to.plural) or not read.served(to.plural)
        return Behind(None, None, (), None, "" if unread else f"{to.title} does not exist", unknown=unread)
    labels = _selector(found)
    if not labels:
        return Behind(found, None, (), _endpoints(to, read), "")
    labels |= of_subset or {}
    pods, workloads = _pods(labels, to.namespace, read), _workloads(labels, to.namespace, read)
    ready = pods.ready if pods else _reported(workloads)
    trouble, unknown = pods.trouble if pods else "", any(read.blind(kind) for kind in _WORKLOADS)
    return Behind(found, labels, workloads, ready, trouble, _keeper(workloads, to.namespace, read), unknown)


def side(to: Destination, behind: Behind, percent: float, home: str) -> Side:
    """As one of the two versions of a route in namespace `home`. Requests that nobody can answer are trouble; pods that
    only come up are not.
    """
    trouble = behind.trouble
    if not trouble and percent and behind.ready == 0:
        trouble = f"{to.title} has no ready endpoints"
    elsewhere = to.namespace if to.namespace != home else ""
    return Side(
        to.subset or to.name,
        behind.labels,
        behind.replicas,
        behind.ready,
        trouble=trouble,
        percent=percent,
        namespace=elsewhere,
    )


def fingerprint(behind: Behind) -> str:
    """Of the version behind it; "" where it cannot be told. Restarts and replicas do not change it."""
    if behind.object is None or behind.unknown:
        return ""
    templates = sorted((one["kind"], one["metadata"]["name"], _version(one)) for one in behind.workloads)
    text = json.dumps([behind.labels, templates], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def template(workload: Json) -> Json:
    """Its PodTemplateSpec."""
    found: Json = workload["spec"]["template"]
    return found


def wanted(workload: Json) -> int:
    """Its replicas; a server stores 1 where nobody says."""
    found = workload["spec"].get("replicas")
    return 1 if found is None else int(found)


def _version(workload: Json) -> Json:
    made = template(workload)
    meta = made.get("metadata") or {}
    notes = {key: value for key, value in (meta.get("annotations") or {}).items() if key != _RESTARTED}
    return {**made, "metadata": {"labels": meta.get("labels") or {}, "annotations": notes}}


def _selector(obj: Json) -> Json:
    """A Service selects by labels; an InferencePool by matchLabels, in its first versions by labels too."""
    found = (obj.get("spec") or {}).get("selector") or {}
    return dict(found.get("matchLabels", found) or {})


def _pods(labels: Mapping[str, str], namespace: str, read: "Reading") -> Pods | None:
    found = read.list("pods", namespace, labels=",".join(f"{key}={value}" for key, value in sorted(labels.items())))
    return None if read.blind("pods") else counted(found)


def _workloads(labels: Mapping[str, str], namespace: str, read: "Reading") -> tuple[Json, ...]:
    found = (one for kind in _WORKLOADS for one in read.list(kind, namespace))
    return tuple(
        one for one in found if labels.items() <= ((template(one).get("metadata") or {}).get("labels") or {}).items()
    )


def _reported(workloads: tuple[Json, ...]) -> int | None:
    counts = [int((one.get("status") or {}).get("readyReplicas") or 0) for one in workloads]
    return sum(counts) if counts else None


def _endpoints(to: Destination, read: "Reading") -> int | None:
    """Ready addresses of a Service whose endpoints somebody else writes."""
    slices = read.list(_SLICES, to.namespace, labels=f"kubernetes.io/service-name={to.name}")
    if read.blind(_SLICES) or to.kind != "Service":
        return None
    found = (end for one in slices for end in one.get("endpoints") or ())
    return sum(1 for end in found if (end.get("conditions") or {}).get("ready", True))


def _keeper(workloads: tuple[Json, ...], namespace: str, read: "Reading") -> str:
    names = {(one["kind"], one["metadata"]["name"]) for one in workloads}
    for scaler in read.list(_SCALERS, namespace) if names else ():
        aim = scaler["spec"].get("scaleTargetRef") or {}
        if (aim.get("kind"), aim.get("name")) in names:
            return f"hpa/{scaler['metadata']['name']}"
    return next((who for one in workloads if (who := _above(one))), "")


def _above(workload: Json) -> str:
    for owner in workload["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            return f"{str(owner['kind']).lower()}/{owner['name']}"
    gitops = managed_by(workload)
    return gitops.title if gitops is not None and gitops.watches else ""
