"""The roles and bindings that every cluster with RBAC starts with, and roles that gather others by their labels.

Source: `plugin/pkg/auth/authorizer/rbac/bootstrappolicy`, kube-controller-manager's clusterroleaggregation.
"""

from k8sai.sim.label_selectors import label_test
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, name_of
from k8sai.sim.rights import CLUSTER_BINDINGS, CLUSTER_ROLES, GROUP
from k8sai.sim.store import Store

_AGGREGATE = f"{GROUP}/aggregate-to-"
_BOOTSTRAP = {"kubernetes.io/bootstrapping": "rbac-defaults"}
_READ = "get list watch"
_WRITE = "create delete deletecollection patch update"
_SCALED = "deployments deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale"
_LIVE = "pods/attach pods/exec pods/portforward pods/proxy"
# A role: rules of groups ("core" is the group without a name), resources, verbs.
_PARTS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "view": (
        (
            "core",
            "bindings configmaps endpoints limitranges namespaces namespaces/status persistentvolumeclaims "
            "persistentvolumeclaims/status pods pods/log pods/status replicationcontrollers "
            "replicationcontrollers/scale replicationcontrollers/status resourcequotas resourcequotas/status "
            "serviceaccounts services services/status",
            _READ,
        ),
        ("core events.k8s.io", "events", _READ),
        ("discovery.k8s.io", "endpointslices", _READ),
        (
            "apps",
            f"controllerrevisions daemonsets daemonsets/status deployments/status replicasets/status "
            f"statefulsets/status {_SCALED}",
            _READ,
        ),
        ("autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status", _READ),
        ("batch", "cronjobs cronjobs/status jobs jobs/status", _READ),
        ("policy", "poddisruptionbudgets poddisruptionbudgets/status", _READ),
        ("networking.k8s.io", "ingresses ingresses/status networkpolicies", _READ),
        ("resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates", _READ),
    ),
    "edit": (
        ("core", f"{_LIVE} secrets services/proxy", _READ),
        ("core", "serviceaccounts", "impersonate"),
        ("core", f"pods {_LIVE}", _WRITE),
        ("core", "pods/eviction serviceaccounts/token", "create"),
        (
            "core",
            "configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets "
            "serviceaccounts services services/proxy",
            _WRITE,
        ),
        ("core events.k8s.io", "events", _WRITE),
        ("apps", f"daemonsets deployments/rollback {_SCALED}", _WRITE),
        ("autoscaling", "horizontalpodautoscalers", _WRITE),
        ("batch", "cronjobs jobs", _WRITE),
        ("policy", "poddisruptionbudgets", _WRITE),
        ("networking.k8s.io", "ingresses networkpolicies", _WRITE),
        ("coordination.k8s.io", "leases", f"{_READ} {_WRITE}"),
        ("resource.k8s.io", "resourceclaims resourceclaimtemplates", _WRITE),
    ),
    "admin": (
        ("authorization.k8s.io", "localsubjectaccessreviews", "create"),
        (GROUP, "rolebindings roles", f"{_READ} {_WRITE}"),
    ),
}
_WHOLE = {"view": "edit", "edit": "admin", "admin": ""}  # a role, and the one that gathers it
_PATHS = "/healthz /livez /readyz /version /version/"
_API_PATHS = f"/api /api/* /apis /apis/* /openapi /openapi/* {_PATHS}"
_SYSTEM: dict[str, list[Obj]] = {
    "cluster-admin": [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["*"]},
    ],
    "system:basic-user": [
        {
            "apiGroups": ["authorization.k8s.io"],
            "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
            "verbs": ["create"],
        },
        {"apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"], "verbs": ["create"]},
    ],
    "system:discovery": [{"nonResourceURLs": _API_PATHS.split(), "verbs": ["get"]}],
    "system:public-info-viewer": [{"nonResourceURLs": _PATHS.split(), "verbs": ["get"]}],
}
_GROUPS = {
    "cluster-admin": ("system:masters",),
    "system:basic-user": ("system:authenticated",),
    "system:discovery": ("system:authenticated",),
    "system:public-info-viewer": ("system:authenticated", "system:unauthenticated"),
}


def furnish(store: Store) -> None:
    """Make the default roles and bindings; those that are there stay as they are."""
    for name, rules in _SYSTEM.items():
        _role(store, name, {}, {"rules": rules})
        _bind(store, name)
    for name, parts in _PARTS.items():
        rules = [_rule(*part) for part in parts]
        _role(store, f"system:aggregate-to-{name}", {f"{_AGGREGATE}{name}": "true"}, {"rules": rules})
        selector = {"matchLabels": {f"{_AGGREGATE}{name}": "true"}}
        above = {f"{_AGGREGATE}{_WHOLE[name]}": "true"} if _WHOLE[name] else {}
        _role(store, name, above, {"aggregationRule": {"clusterRoleSelectors": [selector]}, "rules": []})


def _rule(groups: str, resources: str, verbs: str) -> Obj:
    named = ["" if one == "core" else one for one in groups.split()]
    return {"apiGroups": named, "resources": resources.split(), "verbs": verbs.split()}


def _role(store: Store, name: str, labels: dict[str, str], body: Obj) -> None:
    if store.find(CLUSTER_ROLES, "", name) is None:
        meta = {
            "name": name,
            "labels": {**_BOOTSTRAP, **labels},
            "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
        }
        store.create(CLUSTER_ROLES, {"metadata": meta, **body})


def _bind(store: Store, name: str) -> None:
    if store.find(CLUSTER_BINDINGS, "", name) is None:
        subjects = [{"kind": "Group", "apiGroup": GROUP, "name": group} for group in _GROUPS[name]]
        reference = {"apiGroup": GROUP, "kind": "ClusterRole", "name": name}
        meta = {"name": name, "labels": dict(_BOOTSTRAP)}
        store.create(CLUSTER_BINDINGS, {"metadata": meta, "subjects": subjects, "roleRef": reference})


class Aggregation:
    """Keeps the rules of roles that gather others: those of all roles their selectors match, each rule once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def on_event(self, event: Event) -> None:
        """Follow one write to a cluster role."""
        if event.resource is not CLUSTER_ROLES:
            return
        for role in self._store.list(CLUSTER_ROLES):
            selectors = (role.get("aggregationRule") or {}).get("clusterRoleSelectors")
            if selectors:
                rules = self._gathered(role, selectors)
                if rules != (role.get("rules") or []):
                    self._store.update(CLUSTER_ROLES, {**role, "rules": rules})

    def _gathered(self, own: Obj, selectors: list[Obj]) -> list[Obj]:
        rules: list[Obj] = []
        for selector in selectors:
            fits = label_test(_text(selector))
            for role in self._store.list(CLUSTER_ROLES):
                if name_of(role) != name_of(own) and fits(role["metadata"].get("labels") or {}):
                    rules += [rule for rule in role.get("rules") or () if rule not in rules]
        return rules


def _text(selector: Obj) -> str:
    """A label selector as a request writes it."""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for one in selector.get("matchExpressions") or ():
        values, key = ",".join(one.get("values") or ()), one.get("key", "")
        words = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}
        parts.append(words.get(one.get("operator", ""), f"!{key}"))
    return ",".join(parts)
