"""Table output: what a plain `kubectl get` shows is decided by the server, here.

Each kind has its columns and a function that fills them from an object; kinds without get NAME and AGE.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from functools import partial as bound
from typing import Any, NamedTuple

from k8sai.schema.crd import Version
from k8sai.sim import cells_core, cells_devices, cells_rules, cells_workloads, columns
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj

Cells = Callable[[Obj, float], list[Any]]


class Column(NamedTuple):
    """`priority` 0 is shown always, 1 with `-o wide`."""

    name: str
    type: str = "string"
    format: str = ""
    priority: int = 0
    text: str = ""  # what it is about, where that is not known by its name

    def document(self) -> dict[str, Any]:
        """As a Table defines it."""
        text = self.text or _DESCRIPTIONS.get(self.name, self.name)
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": text,
            "priority": self.priority,
        }


_DESCRIPTIONS = {
    "Name": "Name is unique within the namespace",
    "Age": "Time since the object was created",
}


class Layout(NamedTuple):
    """The columns of a kind and what fills them."""

    columns: tuple[Column, ...]
    cells: Cells

    def definitions(self) -> list[dict[str, Any]]:
        """The columns as a Table defines them."""
        return [column.document() for column in self.columns]


def layout(resource: Resource) -> Layout:
    """How a kind is shown: as its definition says, where it has one."""
    if resource.definition is not None:
        return _defined(resource.definition)
    return _LAYOUTS.get((resource.group, resource.kind), _PLAIN)


@lru_cache(maxsize=512)
def _defined(version: Version) -> Layout:
    if not version.columns:
        return _PLAIN
    found = (Column(**columns.heading(one)) for one in version.columns)
    return Layout((Column("Name", "string", "name"), *found), bound(columns.cells, version.columns))


def row(resource: Resource, obj: Obj, now: float, include: str) -> dict[str, Any]:
    """One line. `include` is None, Metadata or Object: what of the object goes with it."""
    shown = layout(resource)
    if include == "None":
        carried: Any = None
    elif include == "Object":
        carried = obj
    else:
        carried = partial(obj)
    return {"cells": shown.cells(obj, now), "object": carried}


def partial(obj: Obj) -> Obj:
    """The metadata alone."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def table(
    resource: Resource, objects: Iterable[Obj], metadata: dict[str, Any], now: float, include: str
) -> dict[str, Any]:
    """A Table of objects; `metadata` is the list's."""
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": layout(resource).definitions(),
        "rows": [row(resource, obj, now, include) for obj in objects],
    }


def _columns(text: str) -> tuple[Column, ...]:
    """`Ready, Up-to-date:integer, +Images`: name and age aside, `+` is wide, `:` names a type."""
    found: list[Column] = []
    for part in text.split(","):
        name, _, kind = part.strip().partition(":")
        wide = name.startswith("+")
        name = name.lstrip("+")
        found.append(Column(name, kind or "string", "name" if name == "Name" else "", int(wide)))
    return tuple(found)


def _plain(obj: Obj, now: float) -> list[Any]:
    return [obj["metadata"].get("name", ""), cells_core.age(obj, now)]


_PLAIN = Layout(_columns("Name, Age"), _plain)
_CONTAINERS = "+Containers, +Images, +Selector"
_RBAC = "rbac.authorization.k8s.io"
_SETS = f"Name, Desired:integer, Current:integer, Ready:integer, Age, {_CONTAINERS}"
_NODES = "Name, Status, Roles, Age, Version, +Internal-IP, +External-IP, +OS-Image, +Kernel-Version, +Container-Runtime"
_EVENTS = "Last Seen, Type, Reason, Object, +Subobject, +Source, Message, +First Seen, +Count, +Name"
_VOLUMES = (
    "Name, Capacity, Access Modes, Reclaim Policy, Status, Claim, StorageClass, VolumeAttributesClass, Reason, Age, "
    "+VolumeMode"
)
_VOLUME_CLAIMS = "Name, Status, Volume, Capacity, Access Modes, StorageClass, VolumeAttributesClass, Age, +VolumeMode"
_CRONJOBS = f"Name, Schedule, Timezone, Suspend:boolean, Active:integer, Last Schedule, Age, {_CONTAINERS}"
_DAEMONSETS = (
    "Name, Desired:integer, Current:integer, Ready:integer, Up-to-date:integer, Available:integer, Node Selector, Age, "
    + _CONTAINERS
)
_BINDINGS = "Name, Role, Age, +Users, +Groups, +ServiceAccounts"

_ADMISSION, _NETWORK = "admissionregistration.k8s.io", "networking.k8s.io"
_AUTOSCALERS = "Name, Reference, Targets, MinPods, MaxPods, Replicas, Age"

_LAYOUTS: dict[tuple[str, str], Layout] = {
    (group, kind): Layout(_columns(columns), cells)
    for group, kind, columns, cells in (
        ("", "ConfigMap", "Name, Data, Age", cells_core.config_map),
        ("", "Endpoints", "Name, Endpoints, Age", cells_core.endpoints),
        ("", "Event", _EVENTS, cells_core.event),
        ("events.k8s.io", "Event", _EVENTS, cells_core.event),
        ("", "LimitRange", "Name, Created At:date", cells_core.created),
        ("", "Namespace", "Name, Status, Age", cells_core.namespace),
        ("", "Node", _NODES, cells_core.node),
        ("", "PersistentVolume", _VOLUMES, cells_core.volume),
        ("", "PersistentVolumeClaim", _VOLUME_CLAIMS, cells_core.volume_claim),
        (
            "",
            "Pod",
            "Name, Ready, Status, Restarts, Age, +IP, +Node, +Nominated Node, +Readiness Gates",
            cells_workloads.pod,
        ),
        ("", "PodTemplate", "Name, Containers, Images, Pod Labels", cells_workloads.pod_template),
        ("", "ReplicationController", _SETS, cells_workloads.replica_set),
        ("", "ResourceQuota", "Name, Request, Limit, Age", cells_core.quota),
        ("", "Secret", "Name, Type, Data, Age", cells_core.secret),
        ("", "Service", "Name, Type, Cluster-IP, External-IP, Port(s), Age, +Selector", cells_core.service),
        (_ADMISSION, "MutatingWebhookConfiguration", "Name, Webhooks:integer, Age", cells_rules.webhooks),
        (_ADMISSION, "ValidatingAdmissionPolicy", "Name, Validations:integer, ParamKind, Age", cells_rules.policy),
        (_ADMISSION, "ValidatingAdmissionPolicyBinding", "Name, PolicyName, ParamRef, Age", cells_rules.policy_binding),
        (_ADMISSION, "ValidatingWebhookConfiguration", "Name, Webhooks:integer, Age", cells_rules.webhooks),
        ("apiextensions.k8s.io", "CustomResourceDefinition", "Name, Created At:date", cells_core.created),
        ("apps", "ControllerRevision", "Name, Controller, Revision, Age", cells_workloads.revision),
        ("apps", "DaemonSet", _DAEMONSETS, cells_workloads.daemon_set),
        (
            "apps",
            "Deployment",
            f"Name, Ready, Up-to-date:integer, Available:integer, Age, {_CONTAINERS}",
            cells_workloads.deployment,
        ),
        ("apps", "ReplicaSet", _SETS, cells_workloads.replica_set),
        ("apps", "StatefulSet", "Name, Ready, Age, +Containers, +Images", cells_workloads.stateful_set),
        ("autoscaling", "HorizontalPodAutoscaler", _AUTOSCALERS, cells_rules.autoscaler),
        ("batch", "CronJob", _CRONJOBS, cells_workloads.cron_job),
        ("batch", "Job", f"Name, Status, Completions, Duration, Age, {_CONTAINERS}", cells_workloads.job),
        ("coordination.k8s.io", "Lease", "Name, Holder, Age", cells_core.lease),
        ("discovery.k8s.io", "EndpointSlice", "Name, AddressType, Ports, Endpoints, Age", cells_core.endpoint_slice),
        (_NETWORK, "Ingress", "Name, Class, Hosts, Address, Ports, Age", cells_rules.ingress),
        (_NETWORK, "IngressClass", "Name, Controller, Parameters, Age", cells_rules.ingress_class),
        (_NETWORK, "NetworkPolicy", "Name, Pod-Selector, Age", cells_rules.network_policy),
        (
            "policy",
            "PodDisruptionBudget",
            "Name, Min Available, Max Unavailable, Allowed Disruptions:integer, Age",
            cells_workloads.budget,
        ),
        (_RBAC, "ClusterRole", "Name, Created At:date", cells_core.created),
        (_RBAC, "Role", "Name, Created At:date", cells_core.created),
        (_RBAC, "ClusterRoleBinding", _BINDINGS, cells_core.role_binding),
        (_RBAC, "RoleBinding", _BINDINGS, cells_core.role_binding),
        ("resource.k8s.io", "DeviceTaintRule", "Name, Key, Value, Effect, TimeAdded, Age", cells_devices.taint_rule),
        ("resource.k8s.io", "ResourceClaim", "Name, State, Age", cells_devices.claim),
        ("resource.k8s.io", "ResourceSlice", "Name, Node, Driver, Pool, Age", cells_devices.slice_),
        (
            "scheduling.k8s.io",
            "PriorityClass",
            "Name, Value:integer, Global-Default:boolean, Age, PreemptionPolicy",
            cells_core.priority_class,
        ),
        (
            "storage.k8s.io",
            "StorageClass",
            "Name, Provisioner, ReclaimPolicy, VolumeBindingMode, AllowVolumeExpansion, Age",
            cells_core.storage_class,
        ),
        (
            "jobset.x-k8s.io",
            "JobSet",
            "Name, TerminalState, Restarts, Completed, Suspended, Age:date",
            cells_devices.job_set,
        ),
        ("kueue.x-k8s.io", "AdmissionCheck", "Name, Controller, Age:date", cells_devices.admission_check),
        ("kueue.x-k8s.io", "ClusterQueue", "Name, Cohort, Pending Workloads:integer", cells_devices.cluster_queue),
        (
            "kueue.x-k8s.io",
            "LocalQueue",
            "Name, ClusterQueue, Pending Workloads:integer, Admitted Workloads:integer",
            cells_devices.local_queue,
        ),
        ("kueue.x-k8s.io", "WorkloadPriorityClass", "Name, Value:integer", cells_devices.workload_priority),
        (
            "kueue.x-k8s.io",
            "Workload",
            "Name, Queue, Reserved In, Admitted, Finished, Age:date",
            cells_devices.workload,
        ),
    )
}
