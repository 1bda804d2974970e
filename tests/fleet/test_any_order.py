"""Whatever happens in whatever order, the fleet answers as one that was told only how things are now."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from k8sai.cluster.sources import KINDS, Kind
from k8sai.facts import Object
from k8sai.fleet.chart import GROUPINGS
from k8sai.fleet.index import Fleet
from k8sai.fleet.query import NodeQuery
from tests.fleet import facts_by_hand as make
from tests.fleet.glances import told, told_by_row

NODES = ("n1", "n2")
AMOUNTS: tuple[int | str, ...] = (0, 1, 3, "many")
names = st.sampled_from(("a", "b", "c"))
uids = st.sampled_from(("u1", "u2"))
places = st.sampled_from(("", *NODES))
flags = st.booleans()


@st.composite
def nodes(draw: st.DrawFn) -> Object:
    labels = draw(
        st.sampled_from(
            (
                {},
                {"nvidia.com/gpu.product": make.H100, "nvidia.com/gpu.memory": "81559"},
                {"nvidia.com/gpu.product": f"{make.H100}-SHARED", "nvidia.com/gpu.replicas": "4"},
            )
        )
    )
    capacity: dict[str, Any] = draw(
        st.sampled_from(
            (
                dict[str, Any](),
                {"nvidia.com/gpu": 8},
                {"nvidia.com/gpu": "eight"},
                {"nvidia.com/mig-3g.40gb": 4, "nvidia.com/gpu": 4},
                {"aws.amazon.com/neuron": 16, "aws.amazon.com/neuroncore": 32},
            )
        )
    )
    fewer = {name: amount // 2 for name, amount in capacity.items() if isinstance(amount, int)}
    return make.node(
        draw(st.sampled_from(NODES)),
        capacity,
        draw(st.sampled_from((None, fewer))),
        labels=labels,
        ready=draw(flags),
        cordoned=draw(flags),
        uid=draw(uids),
    )


@st.composite
def pods(draw: st.DrawFn) -> Object:
    name, namespace = draw(names), draw(st.sampled_from(("x", "y")))
    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}
    annotations: dict[str, str] = {}
    labels: dict[str, str] = {}
    gpus: int | str = draw(st.sampled_from(AMOUNTS))
    kind = draw(st.sampled_from(("plain", "claims", "extended", "fraction", "reservation", "unmade")))
    if kind == "claims":
        used = draw(st.lists(names, min_size=1, max_size=2, unique=True))
        spec["resourceClaims"] = [{"name": f"c-{one}", "resourceClaimName": one} for one in used]
    elif kind == "unmade":
        spec["resourceClaims"] = [{"name": "c", "resourceClaimTemplateName": "t"}]
    elif kind == "extended":
        served = draw(st.sampled_from(("nvidia.com/gpu", "nvidia.com/mig-3g.40gb")))
        status["extendedResourceClaimStatus"] = {
            "resourceClaimName": draw(names),
            "requestMappings": [{"containerName": "main", "resourceName": served, "requestName": "r"}],
        }
    elif kind == "fraction":
        annotations, gpus = draw(st.sampled_from(({"gpu-fraction": "0.3"}, {"gpu-memory": "40960"}))), 0
        labels = draw(st.sampled_from(({}, {"runai-gpu-group": "g1"}, {"runai-gpu-group": "g2"})))
    elif kind == "reservation":
        labels, gpus = {"runai-gpu-group": "g1", "app": "kai-resource-reservation"}, 1
    node = draw(places)
    return make.pod(
        name,
        gpus,
        node,
        namespace=namespace,
        resource=draw(st.sampled_from(("nvidia.com/gpu", "nvidia.com/mig-3g.40gb", "aws.amazon.com/neuroncore"))),
        uid=f"{namespace}-{draw(uids)}-{name}",  # no two objects of a cluster share one
        phase=draw(st.sampled_from(("", "", "Failed"))),
        terminating=draw(flags),
        nominated="" if node else draw(places),
        labels={**labels, **draw(st.sampled_from(({}, {"kueue.x-k8s.io/queue-name": "q"})))},
        owners=draw(st.sampled_from(((), ({"kind": "Job", "name": "j", "controller": True},)))),
        annotations=annotations,
        spec=spec,
        status=status,
    )


@st.composite
def slices(draw: st.DrawFn) -> Object:
    devices = draw(
        st.sampled_from(
            (
                [make.card(0), make.card(1)],
                [make.card(0, taints=[{"key": "bad", "effect": "NoExecute"}])],
                [make.card(0, allowMultipleAllocations=True)],
                make.partitionable(),
                [{"name": "gpu-1", "consumesCounters": make.draws(1, 1)}],
            )
        )
    )
    node = draw(places)
    return make.resource_slice(
        devices,
        name=draw(names),
        node=node,
        pool=draw(st.sampled_from(NODES)),
        generation=draw(st.sampled_from((1, 2))),
        count=draw(st.sampled_from((1, 2))),
        driver=draw(st.sampled_from((make.DRIVER, make.DRIVER, "dra.net"))),
        shared=draw(st.sampled_from(([], [make.counters()]))),
        **({} if node else {"allNodes": True}),
    )


@st.composite
def claims(draw: st.DrawFn) -> Object:
    device = st.sampled_from(("gpu-0", "gpu-1", "gpu-0-mig-3g-0", "gpu-0-mig-1g-4"))
    consumed = st.sampled_from(({}, {"consumedCapacity": {"memory": "20Gi"}}, {"adminAccess": True}))
    one = st.builds(lambda name, more: {"device": name, **more}, device, consumed)
    held: Any = draw(st.none() | st.lists(one, max_size=2))
    return make.claim(
        draw(names),
        held,
        asks=draw(st.sampled_from((1, 2))),
        device_class=draw(st.sampled_from((make.DRIVER, "rdma"))),
        namespace=draw(st.sampled_from(("x", "y"))),
        reserved=draw(st.lists(names, max_size=2, unique=True).map(tuple)),
        pool=draw(st.sampled_from(NODES)),
        driver=draw(st.sampled_from((make.DRIVER, make.DRIVER, "dra.net"))),
        node=draw(places),
        uid=draw(uids),
        annotations=draw(st.sampled_from(({}, {"resource.kubernetes.io/extended-resource-claim": "true"}))),
    )


classes = st.builds(make.device_class, st.just("rdma"), st.sampled_from((None, "nvidia.com/gpu")))
taints = st.builds(
    lambda name, effect, selector: make.taint_rule(name, effect, **selector),
    names,
    st.sampled_from(("NoSchedule", "None")),
    st.sampled_from(({}, {"pool": "n1"}, {"device": "gpu-0"}, {"pool": "n2", "device": "gpu-1"})),
)
OBJECTS = st.one_of(nodes(), pods(), slices(), claims(), classes, taints)


def answers(fleet: Fleet) -> dict[str, object]:
    """Everything a fleet can be asked."""
    every = fleet.node_names(NodeQuery(gpu_only=False))
    return {
        "totals": fleet.totals(),
        "kinds": fleet.by_kind(),
        "products": fleet.products(),
        "namespaces": fleet.namespaces(),
        "queues": fleet.queues(),
        "workloads": fleet.workloads(),
        "gpu nodes": fleet.node_names(),
        "nodes": [fleet.node(name) for name in every],
        "on": [fleet.pods_on(name) for name in every],
        "pods": fleet.pods(),
        "pending": fleet.pending(),
        "counts": fleet.counts(),
        "glances": fleet.glances(every),
        "charts": [fleet.chart(by) for by in GROUPINGS],
        "priorities": fleet.priorities(),
        "problems": fleet.problems(),
    }


class Events(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.fleet = Fleet()
        self.now: dict[tuple[Kind, str, str], Object] = {}

    def key(self, obj: Object) -> tuple[Kind, str, str]:
        return (make.kind_of(obj), obj.metadata.namespace, obj.metadata.name)

    @rule(obj=OBJECTS)
    def put(self, obj: Object) -> None:
        self.fleet.put(make.kind_of(obj), obj)
        self.now[self.key(obj)] = obj

    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        if self.now:
            key = data.draw(st.sampled_from(sorted(self.now)))
            self.fleet.drop(key[0], self.now.pop(key))

    @rule(obj=OBJECTS)
    def drop_a_predecessor(self, obj: Object) -> None:
        """Late news of the end of an object that another of the same name has replaced."""
        known = self.now.get(self.key(obj))
        has_uid = known is not None and known.metadata.uid and obj.metadata.uid
        if known is None or (has_uid and known.metadata.uid != obj.metadata.uid):
            self.fleet.drop(make.kind_of(obj), obj)

    @rule(kind=st.sampled_from(KINDS), objects=st.lists(OBJECTS, max_size=3))
    def replace(self, kind: Kind, objects: list[Object]) -> None:
        listed = {self.key(obj): obj for obj in objects if make.kind_of(obj) == kind}
        self.fleet.replace(kind, listed.values())
        self.now = {key: obj for key, obj in self.now.items() if key[0] != kind} | listed

    @invariant()
    def answers_as_if_told_only_this(self) -> None:
        for order in (sorted(self.now), sorted(self.now, reverse=True)):
            fresh = Fleet()
            for key in order:
                fresh.put(key[0], self.now[key])
            assert answers(self.fleet) == answers(fresh)

    @invariant()
    def a_glance_says_what_the_row_says(self) -> None:
        every = self.fleet.node_names(NodeQuery(gpu_only=False))
        for name, glance in zip(every, self.fleet.glances(every), strict=True):
            assert glance is not None
            assert told(glance) == told_by_row(self.fleet.node(name))

    @invariant()
    def sums_agree(self) -> None:
        totals = self.fleet.totals()
        rows = [self.fleet.node(name).figures for name in self.fleet.node_names(NodeQuery(gpu_only=False))]
        by_product = [total.figures for total in self.fleet.products()]
        for field in ("used", "capacity", "free"):
            assert abs(getattr(totals, field) - sum(getattr(figures, field) for figures in by_product)) < 1e-4
        assert abs(totals.pending - sum(total.figures.pending for total in self.fleet.namespaces())) < 1e-4
        assert sum(figures.used for figures in rows) <= totals.used + 1e-4
        workloads = self.fleet.workloads()
        assert sum(one.pods for one in workloads) == sum(total.pods for total in self.fleet.namespaces())
        assert sum(one.pending_pods for one in workloads) == sum(one.pending_pods for one in self.fleet.namespaces())
        assert abs(totals.pending - sum(one.pending for one in workloads)) < 1e-4
        by_namespace = sum(total.figures.used for total in self.fleet.namespaces())
        assert sum(one.used for one in workloads) <= by_namespace + 1e-4, "less what no pod may use"

    def teardown(self) -> None:
        """When all is gone, nothing is left."""
        for kind in KINDS:
            self.fleet.replace(kind, [])
        assert answers(self.fleet) == answers(Fleet())


TestAnyOrder = Events.TestCase
TestAnyOrder.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
