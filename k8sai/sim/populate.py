"""A scenario put into a store: nodes, what they publish, and who is at work on them."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from k8sai.ages import stamp
from k8sai.errors import Usage
from k8sai.scheduling.nodes import pod_info
from k8sai.sim import kinds
from k8sai.sim.controllers.crew import Crew
from k8sai.sim.controllers.deployments import DEPLOYMENTS, template_hash
from k8sai.sim.controllers.desk import JOBS, NODES, PODS, from_template, own
from k8sai.sim.controllers.devices import UNHEALTHY, allocatable
from k8sai.sim.controllers.gangs import PODGROUPS
from k8sai.sim.controllers.jobs import pod_of_job
from k8sai.sim.controllers.jobsets import JOBSETS, child_job
from k8sai.sim.controllers.kueue_book import WORKLOADS
from k8sai.sim.controllers.replicasets import REPLICASETS
from k8sai.sim.controllers.statefulsets import STATEFULSETS
from k8sai.sim.controllers.tenants import Habit
from k8sai.sim.durations import between
from k8sai.sim.hardware import INSTANCE, PRODUCTS, Fitting, clique_of, device_resources, labels, lost, node_object
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj
from k8sai.sim.placing import Placing
from k8sai.sim.queues import Quotas, held, queue_objects
from k8sai.sim.scenario import Fill, NodeGroup, Scenario, Workload
from k8sai.sim.slices import DEVICE_CLASSES, slices
from k8sai.sim.status import ApiFailure
from k8sai.sim.store import Store
from k8sai.sim.workloads import claim_template, pod_group, top_object

NAMESPACES = kinds.find("", "namespaces")
PRIORITIES = kinds.find("scheduling.k8s.io", "priorityclasses")
SLICES = kinds.find("resource.k8s.io", "resourceslices")
CLASSES = kinds.find("resource.k8s.io", "deviceclasses")
TEMPLATES = kinds.find("resource.k8s.io", "resourceclaimtemplates")
_NODE_AGE = 30 * 86400.0
_TOP = {"Pod": PODS, "Job": JOBS, "JobSet": JOBSETS, "Deployment": DEPLOYMENTS, "StatefulSet": STATEFULSETS}


@dataclass(slots=True)
class Population:
    """One load. `said` hears what is being done and how far it is (done, of)."""

    store: Store
    crew: Crew
    scenario: Scenario
    now: float
    said: Callable[[str, int, int], None] = lambda what, done, of: None
    placing: Placing = field(default_factory=Placing)
    chance: random.Random = field(init=False)
    quotas: Quotas = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.scenario.seed)

    def load(self) -> Iterator[None]:
        """Put everything into the store, in slices so that a server stays responsive between them. Raises Usage."""
        self._namespaces()
        for group in self.scenario.nodes:
            yield from self._group(group)
        if any(group.dra for group in self.scenario.nodes):
            for device_class in DEVICE_CLASSES:
                self._make(CLASSES, device_class)
        for kind, obj in queue_objects(self.scenario):
            self._make(kind, obj)
        self.quotas = Quotas(self.scenario, self.store)
        for workload in self.scenario.workloads:
            for number in range(1, workload.count + 1):
                self._workload(workload, number)
                yield
        for fill in self.scenario.fill:
            yield from self._fill(fill)
        for position, obj in enumerate(self.scenario.objects):
            resource = self.store.catalog.of(obj)
            if resource is None:
                raise Usage(f"objects[{position}]: {obj['apiVersion']} {obj['kind']} is not served here")
            self._make(resource, obj)

    def _make(self, resource: Resource, obj: Obj) -> Obj:
        """Create it as a user would; what is there already stays. Raises Usage."""
        try:
            return self.store.create(resource, obj)
        except ApiFailure as failure:
            if failure.reason == "AlreadyExists":
                meta = obj["metadata"]
                return self.store.get(resource, meta.get("namespace", ""), meta["name"])
            raise Usage(f"the scenario's {resource.kind} is refused: {failure.message}") from failure

    def _namespaces(self) -> None:
        wanted = [*self.scenario.namespaces, *(w.namespace for w in self.scenario.workloads)]
        wanted += [name for fill in self.scenario.fill for name in fill.namespaces]
        for name in dict.fromkeys(wanted):
            self._make(NAMESPACES, {"metadata": {"name": name}})
        for priority in self.scenario.priority_classes:
            self._make(
                PRIORITIES,
                {
                    "metadata": {"name": priority.name},
                    "value": priority.value,
                    "preemptionPolicy": priority.preemption_policy,
                    "globalDefault": priority.default,
                },
            )

    # nodes

    def _group(self, group: NodeGroup) -> Iterator[None]:
        fitting = _fitting(group)
        created = stamp(self.now - _NODE_AGE)
        width = max(2, len(str(group.count - 1)))
        for number in range(group.count):
            node = self._node(group, fitting, number, f"{group.name}-{number:0{width}}", created)
            stored = self.store.restore(NODES, node)
            if number not in group.not_ready:
                self.placing.add(group.name, stored)
            if group.dra and fitting.product:
                name, uid = stored["metadata"]["name"], stored["metadata"]["uid"]
                ill = set(group.unhealthy.get(number, ()))
                for piece in slices(
                    name, uid, fitting.product, fitting.cards, partitions=group.dra == "partitions", ill=ill
                ):
                    self.store.restore(SLICES, piece)
            if number % 50 == 49:
                self.said("nodes", number + 1, group.count)
                yield

    def _node(self, group: NodeGroup, fitting: Fitting, number: int, name: str, created: str) -> Obj:
        product = fitting.product
        devices = device_resources(fitting)
        capacity = {
            "cpu": str(group.cpu or (product.cpu if product else 32)),
            "ephemeral-storage": "1843200Mi",
            "hugepages-1Gi": "0",
            "hugepages-2Mi": "0",
            "memory": group.memory or (product.host_memory if product else "128Gi"),
            "pods": str(group.pods),
            **devices,
            **group.extra,
        }
        zone = group.zones[number % len(group.zones)]
        marks = {
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/os": "linux",
            "kubernetes.io/hostname": name,
            INSTANCE: group.name,
            "topology.kubernetes.io/region": zone.rpartition("-")[0] or zone,
            "topology.kubernetes.io/zone": zone,
            **labels(fitting, name, clique_of(group.name, number // group.clique) if group.clique else ""),
            **group.labels,
        }
        address = f"10.{(hash_of(group.name) % 60) + 1}.{number >> 8 & 255}.{number & 255}"
        taints = [_taint(text) for text in group.taints]
        node = node_object(name, capacity=capacity, labels=marks, taints=taints, created=created, address=address)
        if number in group.unhealthy and devices:
            ill = ",".join(map(str, group.unhealthy[number]))
            node["metadata"]["annotations"][UNHEALTHY] = f"{next(iter(devices))}={ill}"
            node["status"]["allocatable"] |= allocatable(node)
        if number in group.cordoned:
            node["spec"]["unschedulable"] = True
        return lost(node, stamp(self.now - 900)) if number in group.not_ready else node

    # workloads

    def _workload(self, workload: Workload, number: int) -> None:
        age = between(workload.age, self.chance)
        template = claim_template(workload, number)
        if template is not None:
            self._make(TEMPLATES, template)
        group = pod_group(workload, number)
        if group is not None:
            self._make(PODGROUPS, group)
        first = self._next(workload, number)
        if workload.kind == "Pod" and age:
            self._place(workload, first, age)
            return
        top = self._aged(_TOP[workload.kind], first, age, workload)
        if workload.again:
            self.crew.tenants.follow(top, self._habit(workload, number))
        if age and workload.kind != "StatefulSet" and not workload.suspend:
            self._place(workload, top, age)

    def _next(self, workload: Workload, number: int) -> Obj:
        return top_object(workload, number, between(workload.run_for, self.chance) if workload.run_for else 0.0)

    def _habit(self, workload: Workload, number: int) -> Habit:
        """The next runs are numbered on, so that one can tell them apart."""
        following = iter(range(number + workload.count, 1_000_000, workload.count))

        def objects() -> list[tuple[Resource, Obj]]:
            upcoming = next(following)
            template = claim_template(workload, upcoming)
            group = pod_group(workload, upcoming)
            made: list[tuple[Resource, Obj]] = [(TEMPLATES, template)] if template else []
            made += [(PODGROUPS, group)] if group else []
            return [*made, (_TOP[workload.kind], self._next(workload, upcoming))]

        return Habit(objects, lambda: between(workload.again, self.chance))

    def _aged(self, resource: Resource, obj: Obj, age: float, workload: Workload | None = None) -> Obj:
        """Made by the rules of the API server, but some time ago; with the quota it has by now. Raises Usage."""
        try:
            made = self.store.create(resource, obj, dry_run=True)
        except ApiFailure as failure:
            raise Usage(f"the scenario's {resource.kind} is refused: {failure.message}") from failure
        made["metadata"]["creationTimestamp"] = stamp(self.now - age)
        if workload is not None and age and held(self.scenario, workload):
            made = self._queued(workload, made, resource, age)
        if resource is JOBS and not made["spec"].get("suspend"):
            made["status"] = {"startTime": stamp(self.now - age)}
        return self.store.restore(resource, made)

    def _queued(self, workload: Workload, made: Obj, resource: Resource, age: float) -> Obj:
        """A job as old as its Workload, running where that has quota."""
        found = self.quotas.workload(workload, made, resource, self.now - age)
        if found is None:
            return made
        self.store.restore(WORKLOADS, found)
        return made if workload.suspend else self.quotas.unsuspended(made, found)

    def _place(self, workload: Workload, top: Obj, age: float) -> None:
        """The pods of the workload, as old as it is; running if it is `placed` and they fit, else waiting."""
        for pod in self._pods_of(workload, top, age):
            made = self.store.create(PODS, pod, dry_run=True)
            made["metadata"]["creationTimestamp"] = stamp(self.now - age)
            running = self.placing.place(workload.group, made, self.now - age + 5) if workload.placed else None
            placed = running or made
            stored = self.store.restore(PODS, placed)
            if workload.kind == "Pod" and workload.again:
                self.crew.tenants.follow(stored, self._habit(workload, 1))
            if workload.ending and stored["spec"].get("nodeName"):
                meta = stored["metadata"]
                self.store.delete(PODS, meta["namespace"], meta["name"])

    def _pods_of(self, workload: Workload, top: Obj, age: float) -> list[Obj]:
        if workload.kind == "Job":
            return [pod_of_job(top, index) for index in range(workload.pods)]
        if workload.kind == "JobSet":
            replicated = top["spec"]["replicatedJobs"][0]
            jobs = [self._aged(JOBS, child_job(top, replicated, i, i, 0), age) for i in range(workload.jobs)]
            return [pod_of_job(job, index) for job in jobs for index in range(workload.pods)]
        if workload.kind == "Pod":
            return [top]
        return self._pods_of_deployment(workload, top, age)

    def _pods_of_deployment(self, workload: Workload, top: Obj, age: float) -> list[Obj]:
        template = top["spec"]["template"]
        digest = template_hash(template)
        marks = {**template["metadata"]["labels"], "pod-template-hash": digest}
        name, namespace = f"{top['metadata']['name']}-{digest}", workload.namespace
        replicaset = {
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": marks,
                "annotations": {"deployment.kubernetes.io/revision": "1"},
                "ownerReferences": [own(top, DEPLOYMENTS)],
            },
            "spec": {
                "replicas": workload.pods,
                "selector": {"matchLabels": {**top["spec"]["selector"]["matchLabels"], "pod-template-hash": digest}},
                "template": {**template, "metadata": {**template["metadata"], "labels": marks}},
            },
        }
        made = self._aged(REPLICASETS, replicaset, age)
        owner = own(made, REPLICASETS)
        return [
            from_template(made["spec"]["template"], namespace, owner, prefix=f"{name}-") for _ in range(workload.pods)
        ]

    # many pods at once

    def _fill(self, fill: Fill) -> Iterator[None]:
        """Node after node, uneven but right on the whole; one prototype per namespace and size keeps it fast."""
        prototypes: dict[tuple[str, int], Obj] = {}
        resource = next(r for g in self.scenario.nodes if g.name == fill.group for r in device_resources(_fitting(g)))
        spaces, sizes = list(fill.namespaces), sorted(fill.sizes)
        names = self.placing.groups.get(fill.group, [])
        cards = held = 0
        for position, node in enumerate(names):
            info = self.placing.view.nodes[node]
            free = info.allocatable.get(resource, 0)
            cards += free
            wanted = cards * fill.share + self.chance.uniform(-0.5, 0.5) * free
            while free and held < wanted:
                size = min(free, self.chance.choices(sizes, [fill.sizes[s] for s in sizes])[0])
                namespace = self.chance.choices(spaces, [fill.namespaces[s] for s in spaces])[0]
                if (namespace, size) not in prototypes:
                    prototypes[namespace, size] = self._prototype(namespace, size, resource, fill.group)
                self._clone(prototypes[namespace, size], node)
                held += size
                free = info.allocatable[resource] - info.used.get(resource, 0)
            if position % 50 == 49:
                self.said("pods", position + 1, len(names))
                yield

    def _prototype(self, namespace: str, size: int, resource: str, group: str) -> Obj:
        plain = Workload(
            namespace=namespace, name="run", kind="Pod", gpus=size, resource=resource, group=group, queue=namespace
        )
        return self.store.create(PODS, top_object(plain, 1, 0.0), dry_run=True)

    def _clone(self, prototype: Obj, node: str) -> None:
        at = self.now - self.chance.uniform(60, 6 * 86400)
        uid = self.store.names.uid()
        meta = prototype["metadata"]
        name = f"run-{uid[:8]}"
        metadata = {**meta, "name": name, "uid": uid, "creationTimestamp": stamp(at)}
        pod = {**prototype, "metadata": metadata}
        self.store.restore(PODS, self.placing.running(pod, node, pod_info(pod), at))


def _fitting(group: NodeGroup) -> Fitting:
    product = PRODUCTS.get(group.product)
    slicing = group.time_slicing
    return Fitting(
        product=product,
        cards=(product.cards if group.gpus is None else group.gpus) if product else 0,
        mig_strategy=group.mig.strategy if group.mig else "",
        mig=tuple(group.mig.devices.items()) if group.mig else (),
        replicas=slicing.replicas if slicing else 1,
        renamed=bool(slicing and slicing.rename),
        dra=group.dra,
    )


def hash_of(text: str) -> int:
    """A small number that stays the same from run to run."""
    return sum(ord(c) * (i + 1) for i, c in enumerate(text))


def _taint(text: str) -> Obj:
    pair, _, effect = text.rpartition(":")
    key, equals, value = pair.partition("=")
    return {"key": key, "effect": effect} | ({"value": value} if equals else {})
