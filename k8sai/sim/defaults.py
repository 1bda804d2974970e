"""Defaults of every kind, as the API server fills them in.

Source: `pkg/apis/*/v1/defaults.go` and the registry strategies' PrepareForCreate.
"""

import base64
from collections.abc import Callable

from k8sai.sim import defaults_gateway, defaults_rules, definition_rules, podspec, rights
from k8sai.sim.kinds import Resource
from k8sai.sim.memory import Memory
from k8sai.sim.objects import Obj

_ADMISSION = "admissionregistration.k8s.io"
_TEMPLATES = "deprecated.daemonset.template.generation"
_ROLLING = {"maxUnavailable": "25%", "maxSurge": "25%"}


def fill(store: Memory, resource: Resource, obj: Obj) -> None:
    """Complete a new object in place."""
    if resource.kind == "Pod":
        podspec.fill_pod(store, obj)
    elif resource.kind == "Job":
        _job(obj)
        _job_labels(obj)
    elif resource.kind == "Service" and resource.builtin:
        _service(store, obj)
    else:
        _fill_kind(resource, obj)
    if resource.kind == "DaemonSet":
        _count_templates(obj, None)
    if resource.kind in _FIRST_STATUS:
        obj["status"] = dict(_FIRST_STATUS[resource.kind])


def refill(store: Memory, resource: Resource, obj: Obj, old: Obj) -> None:
    """Complete an object that replaces another, in place."""
    if resource.kind == "Pod":
        _keep_missing(obj, old, ("nodeName", "priority", "preemptionPolicy", "serviceAccountName", "serviceAccount"))
        podspec.fill_spec(obj.setdefault("spec", {}), "Pod", "v1")
        obj["spec"].setdefault("enableServiceLinks", True)
    elif resource.kind == "Job":
        _keep_missing(obj, old, ("selector",))
        _job(obj)
    elif resource.kind == "Service" and resource.builtin:
        _keep_missing(obj, old, ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"))
        _service(store, obj)
    elif resource.kind == "PersistentVolumeClaim":
        _keep_missing(obj, old, ("volumeName", "storageClassName"))
        _fill_kind(resource, obj)
    else:
        _fill_kind(resource, obj)
        if resource.kind in ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"):
            _keep_missing(obj, old, ("selector",))
        if resource.kind == "DaemonSet":
            _count_templates(obj, old)


def _keep_missing(obj: Obj, old: Obj, keys: tuple[str, ...]) -> None:
    spec = obj.setdefault("spec", {})
    for key in keys:
        if key not in spec and key in old.get("spec", {}):
            spec[key] = old["spec"][key]


def _fill_kind(resource: Resource, obj: Obj) -> None:
    rule = _KINDS.get((resource.group, resource.kind))
    if rule is not None:
        rule(obj)


def _namespace(obj: Obj) -> None:
    meta = obj["metadata"]
    meta.setdefault("labels", {})["kubernetes.io/metadata.name"] = meta.get("name", "")
    obj.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])


def _node(obj: Obj) -> None:
    obj.setdefault("spec", {})
    status = obj.setdefault("status", {})
    podspec.canonical_amounts(status.get("capacity"), "Node", "v1")
    if "allocatable" not in status and "capacity" in status:
        status["allocatable"] = dict(status["capacity"])
    podspec.canonical_amounts(status.get("allocatable"), "Node", "v1")
    for taint in obj["spec"].get("taints") or ():
        if taint.get("effect") == "NoExecute":
            taint.setdefault("timeAdded", obj["metadata"]["creationTimestamp"])


def _deployment(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        strategy["rollingUpdate"] = {**_ROLLING, **(strategy.get("rollingUpdate") or {})}
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    podspec.fill_template(spec.get("template"), "Deployment", "v1")


def _replicaset(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    podspec.fill_template(spec.get("template"), "ReplicaSet", "v1")


def _statefulset(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        strategy["rollingUpdate"] = {"partition": 0, "maxUnavailable": 1, **(strategy.get("rollingUpdate") or {})}
    spec.setdefault("revisionHistoryLimit", 10)
    keep = {"whenDeleted": "Retain", "whenScaled": "Retain"}
    spec["persistentVolumeClaimRetentionPolicy"] = {**keep, **(spec.get("persistentVolumeClaimRetentionPolicy") or {})}
    podspec.fill_template(spec.get("template"), "StatefulSet", "v1")


def _daemonset(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        strategy["rollingUpdate"] = {"maxUnavailable": 1, "maxSurge": 0, **(strategy.get("rollingUpdate") or {})}
    spec.setdefault("revisionHistoryLimit", 10)
    podspec.fill_template(spec.get("template"), "DaemonSet", "v1")


def _count_templates(obj: Obj, old: Obj | None) -> None:
    """An annotation that counts the templates a DaemonSet has had, kept for clients of old."""
    before = old["metadata"].get("annotations", {}).get(_TEMPLATES, "1") if old else "0"
    changed = old is None or obj["spec"].get("template") != old.get("spec", {}).get("template")
    count = str(int(before) + changed) if before.isdigit() else before
    obj["metadata"]["annotations"] = {**(obj["metadata"].get("annotations") or {}), _TEMPLATES: count}


def _job(obj: Obj) -> None:
    _job_spec(obj.setdefault("spec", {}), "Job")
    obj["spec"].setdefault("podReplacementPolicy", "TerminatingOrFailed")


def _job_spec(spec: Obj, kind: str) -> None:
    if "parallelism" not in spec and "completions" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 2**31 - 1 if "backoffLimitPerIndex" in spec else 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("manualSelector", False)
    podspec.fill_template(spec.get("template"), kind, "v1")


def _job_labels(obj: Obj) -> None:
    """The selector and pod labels that tie pods to this very Job, unless the Job brings its own."""
    spec, meta = obj["spec"], obj["metadata"]
    if spec.get("manualSelector") or not isinstance(spec.get("template"), dict):
        return
    uid, name = meta["uid"], meta.get("name", "")
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    labels.update({"controller-uid": uid, "job-name": name})
    labels.update({"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name})
    spec.setdefault("selector", {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}})
    meta.setdefault("labels", dict(labels))


def _cronjob(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    job = spec.setdefault("jobTemplate", {}).setdefault("spec", {})
    podspec.fill_template(job.get("template"), "CronJob", "v1")


def _service(store: Memory, obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port.get("port"))
    if spec["type"] != "ExternalName":
        if "clusterIP" not in spec:
            number = store.version % 65_000 + 2
            spec["clusterIP"] = f"10.97.{number // 256}.{number % 256}"
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        spec.setdefault("internalTrafficPolicy", "Cluster")
    obj.setdefault("status", {"loadBalancer": {}})


def _claim(obj: Obj) -> None:
    obj.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")


def _volume(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("volumeMode", "Filesystem")
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
    obj.setdefault("status", {"phase": "Available"})


def _storage_class(obj: Obj) -> None:
    obj.setdefault("reclaimPolicy", "Delete")
    obj.setdefault("volumeBindingMode", "Immediate")


def _priority_class(obj: Obj) -> None:
    obj.setdefault("preemptionPolicy", "PreemptLowerPriority")
    obj.setdefault("value", 0)


def _secret(obj: Obj) -> None:
    obj.setdefault("type", "Opaque")
    clear = obj.pop("stringData", None)
    if isinstance(clear, dict):
        encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in clear.items()}
        obj["data"] = {**(obj.get("data") or {}), **encoded}


def _device_claim(obj: Obj) -> None:
    _requests(obj.setdefault("spec", {}))


def _device_claim_template(obj: Obj) -> None:
    _requests(obj.setdefault("spec", {}).setdefault("spec", {}))


def _requests(spec: Obj) -> None:
    for request in spec.get("devices", {}).get("requests") or ():
        for one in (request.get("exactly"), *(request.get("firstAvailable") or ())):
            if isinstance(one, dict) and one.setdefault("allocationMode", "ExactCount") == "ExactCount":
                one.setdefault("count", 1)


_KINDS: dict[tuple[str, str], Callable[[Obj], None]] = {
    ("", "Namespace"): _namespace,
    ("", "Node"): _node,
    ("", "PersistentVolume"): _volume,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "PodTemplate"): lambda obj: podspec.fill_template(obj.get("template"), "PodTemplate", "v1"),
    ("", "ReplicationController"): _replicaset,
    ("", "Secret"): _secret,
    (_ADMISSION, "MutatingWebhookConfiguration"): defaults_rules.mutating_webhooks,
    (_ADMISSION, "ValidatingAdmissionPolicy"): defaults_rules.policy,
    (_ADMISSION, "ValidatingAdmissionPolicyBinding"): defaults_rules.policy_binding,
    (_ADMISSION, "ValidatingWebhookConfiguration"): defaults_rules.validating_webhooks,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): definition_rules.fill,
    ("apps", "DaemonSet"): _daemonset,
    ("apps", "Deployment"): _deployment,
    ("apps", "ReplicaSet"): _replicaset,
    ("apps", "StatefulSet"): _statefulset,
    ("autoscaling", "HorizontalPodAutoscaler"): defaults_rules.autoscaler,
    ("batch", "CronJob"): _cronjob,
    ("gateway.networking.k8s.io", "HTTPRoute"): defaults_gateway.http_route,
    ("networking.k8s.io", "IngressClass"): defaults_rules.ingress_class,
    ("networking.k8s.io", "NetworkPolicy"): defaults_rules.network_policy,
    (rights.GROUP, "ClusterRoleBinding"): rights.fill,
    (rights.GROUP, "RoleBinding"): rights.fill,
    ("resource.k8s.io", "ResourceClaim"): _device_claim,
    ("resource.k8s.io", "ResourceClaimTemplate"): _device_claim_template,
    ("scheduling.k8s.io", "PriorityClass"): _priority_class,
    ("storage.k8s.io", "StorageClass"): _storage_class,
}
_FIRST_STATUS: dict[str, Obj] = {
    "CronJob": {},
    "DaemonSet": {"currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0},
    "Deployment": {},
    "HorizontalPodAutoscaler": {"desiredReplicas": 0},
    "Ingress": {"loadBalancer": {}},
    "Job": {},
    "Namespace": {"phase": "Active"},
    "PersistentVolumeClaim": {"phase": "Pending"},
    "PodDisruptionBudget": {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0},
    "ReplicaSet": {"replicas": 0},
    "ReplicationController": {"replicas": 0},
    "ResourceClaim": {},
    "StatefulSet": {"replicas": 0, "availableReplicas": 0},
    "ValidatingAdmissionPolicy": {},
}
