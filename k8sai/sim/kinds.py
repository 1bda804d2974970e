"""Every kind the embedded cluster serves: its names, its scope and what may be done with it.

A row a kind. `BUILTIN` is what each cluster starts with; a `Catalog` can take more while it runs, which is where custom
resource definitions join.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from k8sai.schema.crd import Version
from k8sai.schema.lists import Shape

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One served kind. Compared by identity: there is one object for each kind of a catalog."""

    group: str  # "" is the core group
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    builtin: bool = True  # custom kinds refuse strategic merge patches and keep apiVersion and kind in list items
    counts: bool = False  # metadata.generation follows the spec
    shape: Shape | None = None  # how its objects are merged; None: as the table of built-in kinds says
    definition: Version | None = None  # what a CustomResourceDefinition says of this version
    stored_as: "Resource | None" = None  # the version its objects are kept in; None: this one
    storage: Version | None = None  # what the definition says of the version that it stores
    named: str = ""  # the singular, where it is not the kind in small letters

    @property
    def singular(self) -> str:
        """`pod`."""
        return self.named or self.kind.lower()

    @property
    def home(self) -> "Resource":
        """The kind under which the objects are stored."""
        return self.stored_as or self

    @property
    def api_version(self) -> str:
        """`v1` or `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def title(self) -> str:
        """The name error messages use: `pods` or `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def has_status(self) -> bool:
        """Whether status is written through its own subresource only."""
        return "status" in self.subresources


_STATUS = ("status",)
_SCALED = ("scale", "status")
_POD = (
    "attach",
    "binding",
    "ephemeralcontainers",
    "eviction",
    "exec",
    "log",
    "portforward",
    "proxy",
    "resize",
    "status",
)
_CREATE = ("create",)
_RBAC = "rbac.authorization.k8s.io"
_KUEUE = "kueue.x-k8s.io"
_GATEWAY = "gateway.networking.k8s.io"


def _custom(group: str, version: str, plural: str, kind: str, namespaced: bool = True, *short: str) -> Resource:
    return Resource(group, version, plural, kind, namespaced, short, (), _STATUS, builtin=False, counts=True)


def _positions(plural: str, singular: str, namespaced: bool) -> Resource:
    """Of Kueue's visibility API: nothing is stored, only a subresource answers."""
    kind, below = "PendingWorkloadsSummary", ("pendingworkloads",)
    group = f"visibility.{_KUEUE}"
    return Resource(group, "v1beta2", plural, kind, namespaced, (), (), below, (), builtin=False, named=singular)


def _admission(plural: str, kind: str, subresources: tuple[str, ...] = ()) -> Resource:
    group, categories = "admissionregistration.k8s.io", ("api-extensions",)
    return Resource(group, "v1", plural, kind, False, (), categories, subresources, counts=True)


BUILTIN: tuple[Resource, ...] = (
    Resource("", "v1", "bindings", "Binding", verbs=_CREATE),
    Resource("", "v1", "configmaps", "ConfigMap", short=("cm",)),
    Resource("", "v1", "endpoints", "Endpoints", short=("ep",)),
    Resource("", "v1", "events", "Event", short=("ev",)),
    Resource("", "v1", "limitranges", "LimitRange", short=("limits",)),
    Resource("", "v1", "namespaces", "Namespace", False, ("ns",), (), ("finalize", "status")),
    Resource("", "v1", "nodes", "Node", False, ("no",), (), ("proxy", "status")),
    Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", True, ("pvc",), (), _STATUS),
    Resource("", "v1", "persistentvolumes", "PersistentVolume", False, ("pv",), (), _STATUS),
    Resource("", "v1", "pods", "Pod", True, ("po",), ("all",), _POD, counts=True),
    Resource("", "v1", "podtemplates", "PodTemplate", counts=True),
    Resource(
        "", "v1", "replicationcontrollers", "ReplicationController", True, ("rc",), ("all",), _SCALED, counts=True
    ),
    Resource("", "v1", "resourcequotas", "ResourceQuota", True, ("quota",), (), _STATUS),
    Resource("", "v1", "secrets", "Secret"),
    Resource("", "v1", "serviceaccounts", "ServiceAccount", short=("sa",)),
    Resource("", "v1", "services", "Service", True, ("svc",), ("all",), ("proxy", "status")),
    _admission("mutatingwebhookconfigurations", "MutatingWebhookConfiguration"),
    _admission("validatingadmissionpolicies", "ValidatingAdmissionPolicy", _STATUS),
    _admission("validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding"),
    _admission("validatingwebhookconfigurations", "ValidatingWebhookConfiguration"),
    Resource(
        *("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition"),
        *(False, ("crd", "crds"), ("api-extensions",), _STATUS),
        counts=True,
    ),
    Resource("apps", "v1", "controllerrevisions", "ControllerRevision"),
    Resource("apps", "v1", "daemonsets", "DaemonSet", True, ("ds",), ("all",), _STATUS, counts=True),
    Resource("apps", "v1", "deployments", "Deployment", True, ("deploy",), ("all",), _SCALED, counts=True),
    Resource("apps", "v1", "replicasets", "ReplicaSet", True, ("rs",), ("all",), _SCALED, counts=True),
    Resource("apps", "v1", "statefulsets", "StatefulSet", True, ("sts",), ("all",), _SCALED, counts=True),
    Resource("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", False, verbs=_CREATE),
    Resource("authorization.k8s.io", "v1", "localsubjectaccessreviews", "LocalSubjectAccessReview", verbs=_CREATE),
    Resource("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", False, verbs=_CREATE),
    Resource("authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", False, verbs=_CREATE),
    Resource("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", False, verbs=_CREATE),
    Resource(
        "autoscaling",
        "v2",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        True,
        ("hpa",),
        ("all",),
        _STATUS,
        counts=True,
    ),
    Resource("batch", "v1", "cronjobs", "CronJob", True, ("cj",), ("all",), _STATUS, counts=True),
    Resource("batch", "v1", "jobs", "Job", True, (), ("all",), _STATUS, counts=True),
    Resource("coordination.k8s.io", "v1", "leases", "Lease"),
    Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", counts=True),
    Resource("events.k8s.io", "v1", "events", "Event", short=("ev",)),
    Resource("networking.k8s.io", "v1", "ingressclasses", "IngressClass", False, counts=True),
    Resource("networking.k8s.io", "v1", "ingresses", "Ingress", True, ("ing",), (), _STATUS, counts=True),
    Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", True, ("netpol",), counts=True),
    Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", True, ("pdb",), (), _STATUS, counts=True),
    Resource(_RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", False),
    Resource(_RBAC, "v1", "clusterroles", "ClusterRole", False),
    Resource(_RBAC, "v1", "rolebindings", "RoleBinding"),
    Resource(_RBAC, "v1", "roles", "Role"),
    Resource("resource.k8s.io", "v1", "deviceclasses", "DeviceClass", False, counts=True),
    Resource("resource.k8s.io", "v1", "devicetaintrules", "DeviceTaintRule", False, (), (), _STATUS, counts=True),
    Resource("resource.k8s.io", "v1", "resourceclaims", "ResourceClaim", True, (), (), _STATUS),
    Resource("resource.k8s.io", "v1", "resourceclaimtemplates", "ResourceClaimTemplate"),
    Resource("resource.k8s.io", "v1", "resourceslices", "ResourceSlice", False, counts=True),
    Resource("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", False, ("pc",), counts=True),
    Resource("storage.k8s.io", "v1", "storageclasses", "StorageClass", False, ("sc",)),
    _custom("argoproj.io", "v1alpha1", "rollouts", "Rollout", True, "ro"),
    _custom("scheduling.k8s.io", "v1beta1", "podgroups", "PodGroup"),  # in JSON only: no typed client writes them
    _custom("jobset.x-k8s.io", "v1alpha2", "jobsets", "JobSet"),
    _custom(_GATEWAY, "v1", "gateways", "Gateway", True, "gtw"),
    _custom(_GATEWAY, "v1", "httproutes", "HTTPRoute"),
    _custom(_GATEWAY, "v1beta1", "referencegrants", "ReferenceGrant", True, "refgrant"),
    _custom("inference.networking.k8s.io", "v1", "inferencepools", "InferencePool", True, "infpool"),
    _custom("flagger.app", "v1beta1", "canaries", "Canary"),
    _custom("inference.networking.x-k8s.io", "v1alpha2", "inferencemodelrewrites", "InferenceModelRewrite"),
    Resource(
        *("leaderworkerset.x-k8s.io", "v1", "leaderworkersets", "LeaderWorkerSet", True, ("lws",), (), _SCALED),
        builtin=False,
        counts=True,
    ),
    _custom("llm-d.ai", "v1alpha2", "inferencemodelrewrites", "InferenceModelRewrite"),
    _custom("networking.istio.io", "v1", "destinationrules", "DestinationRule", True, "dr"),
    _custom("networking.istio.io", "v1", "virtualservices", "VirtualService", True, "vs"),
    _custom(_KUEUE, "v1beta2", "admissionchecks", "AdmissionCheck", False, "ac"),
    _custom(_KUEUE, "v1beta2", "clusterqueues", "ClusterQueue", False, "cq"),
    _custom(_KUEUE, "v1beta2", "cohorts", "Cohort", False, "co"),
    _custom(_KUEUE, "v1beta2", "localqueues", "LocalQueue", True, "queue", "queues", "lq"),
    _custom(_KUEUE, "v1beta2", "resourceflavors", "ResourceFlavor", False, "flavor", "flavors", "rf"),
    _custom(_KUEUE, "v1beta2", "topologies", "Topology", False, "topo"),
    _custom(_KUEUE, "v1beta2", "workloadpriorityclasses", "WorkloadPriorityClass", False, "wpc"),
    _custom(_KUEUE, "v1beta2", "workloads", "Workload", True, "kwl", "kueueworkload", "kueueworkloads"),
    _custom("serving.knative.dev", "v1", "revisions", "Revision", True, "rev"),
    _custom("serving.knative.dev", "v1", "services", "Service", True, "kservice", "ksvc"),
    _custom("serving.kserve.io", "v1beta1", "inferenceservices", "InferenceService", True, "isvc"),
    _custom("trainer.kubeflow.org", "v1alpha1", "clustertrainingruntimes", "ClusterTrainingRuntime", False),
    _custom("trainer.kubeflow.org", "v1alpha1", "trainingruntimes", "TrainingRuntime"),
    _custom("trainer.kubeflow.org", "v1alpha1", "trainjobs", "TrainJob"),
    _custom("serving.kserve.io", "v1alpha2", "llminferenceservices", "LLMInferenceService", True, "llmisvc"),
    _positions("clusterqueues", "clusterqueue", False),
    _positions("localqueues", "localqueue", True),
)


class Catalog:
    """The kinds of one cluster, found by group and plural or by group and kind.

    Each kind has one home, under which its objects are stored. It is served as itself, or in the versions that a
    CustomResourceDefinition gives it; a definition of a built-in kind stands before it for as long as it exists.
    """

    def __init__(self, resources: tuple[Resource, ...] = BUILTIN) -> None:
        self._homes: dict[tuple[str, str], Resource] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        self._defined: dict[tuple[str, str], tuple[Resource, ...]] = {}
        self._builtin = frozenset((resource.group, resource.plural) for resource in resources)
        for resource in resources:
            self.add(resource)

    def add(self, resource: Resource) -> None:
        """Serve one more kind from now on."""
        self._homes[resource.group, resource.plural] = resource
        self._by_kind[resource.group, resource.kind] = resource

    def define(self, versions: tuple[Resource, ...], home: Resource) -> None:
        """Serve a kind in these versions; its objects live under the home, which is added where it is new."""
        if (home.group, home.plural) not in self._homes:
            self.add(home)
        self._defined[home.group, home.plural] = versions

    def forget(self, group: str, plural: str) -> None:
        """Serve the versions of a definition no more; a built-in kind is served as itself again."""
        self._defined.pop((group, plural), None)
        if (group, plural) not in self._builtin and (group, plural) in self._homes:
            home = self._homes.pop((group, plural))
            self._by_kind.pop((group, home.kind), None)

    def __iter__(self) -> Iterator[Resource]:
        """Everything that is served, each version by itself."""
        return iter([one for key, home in self._homes.items() for one in self._defined.get(key, (home,))])

    def homes(self) -> tuple[Resource, ...]:
        """Everything that is stored."""
        return tuple(self._homes.values())

    def served(self, group: str, version: str, plural: str) -> Resource | None:
        """The kind of that plural in that version, or None where it is not served."""
        home = self._homes.get((group, plural))
        found = self._defined.get((group, plural), (home,) if home else ())
        return next((one for one in found if one.version == version), None)

    def versions(self, resource: Resource) -> tuple[Resource, ...]:
        """The versions in which a kind is served, the best first."""
        return self._defined.get((resource.group, resource.plural), (resource,))

    def get(self, group: str, plural: str) -> Resource | None:
        """The home of the kind with that plural, or None."""
        return self._homes.get((group, plural))

    def of_kind(self, group: str, kind: str) -> Resource | None:
        """The home of a kind as an ownerReference or a manifest names it."""
        return self._by_kind.get((group, kind))

    def of(self, obj: dict[str, object]) -> Resource | None:
        """The home of a manifest's kind, by its apiVersion's group and its kind."""
        group, _, _ = str(obj.get("apiVersion", "")).rpartition("/")
        return self.of_kind(group, str(obj.get("kind", "")))


_TABLE = Catalog()


def find(group: str, plural: str) -> Resource:
    """The built-in kind. KeyError where there is none: a mistake of the caller, not of a user."""
    resource = _TABLE.get(group, plural)
    if resource is None:
        raise KeyError(f"{plural}.{group}" if group else plural)
    return resource
