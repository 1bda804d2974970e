"""`queue why` on a real Kueue: each situation it can be brought into, our word for it, and Kueue's beside it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from k8sai.cluster.connect import connect
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.cluster.reading import Reading, holds
from k8sai.errors import Exit, Forbidden
from k8sai.queues.positions import read as read_positions
from k8sai.queues.setting import read_by
from k8sai.queues.why.answer import explain
from k8sai.queues.why.look import Look
from k8sai.queues.why.result import Why
from k8sai.why.kinds import asked
from k8sai.why.queueing import asked_of
from k8sai.why.subject import find
from tests.contract.api import Json
from tests.controlplane.gpu_nodes import add_nodes, gpu_node
from tests.controlplane.ours import k8sai
from tests.controlplane.queue_cases import KUEUE, Place, classes, job
from tests.controlplane.server import ControlPlane
from tests.queues.simulate_objects import GPU, cluster_queue, cohort, flavor, group, local_queue, made

pytestmark = pytest.mark.controlplane
JOBS = "/apis/batch/v1/namespaces/{ns}/jobs"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


class Case(Place):
    """A namespace with a LocalQueue `main`; everything of the cluster that it makes is called like the namespace."""

    @property
    def cq(self) -> str:
        return self.namespace

    def name(self, word: str) -> str:
        return f"{self.namespace}-{word}"

    def queue(self, nominal: int = 8, cohort: str = "", **more: Any) -> None:
        """A flavor, a ClusterQueue of so many GPUs and the way to it."""
        self.put(
            flavor(self.name("f")),
            cluster_queue(self.cq, nominal, cohort, self.name("f"), **more),
            local_queue(self.namespace, self.cq),
        )

    def quota(self, *flavors: Json, nominal: int = 8, **more: Any) -> None:
        """The same with these flavors, so many GPUs each."""
        quotas = group(*((one["metadata"]["name"], {"nominalQuota": nominal}) for one in flavors))
        spec = {"namespaceSelector": {}, "resourceGroups": quotas, **more}
        self.put(*flavors, made("ClusterQueue", self.cq, spec), local_queue(self.namespace, self.cq))

    def why(self, what: str, user: str = "admin") -> Why:
        connection = connect(Options(kubeconfig=str(self.plane.kubeconfig(user)), namespace=self.namespace))
        objects = LiveObjects(connection)
        reading = Reading(objects)
        kind, name = asked((what,))
        subject = find(reading, kind, self.namespace, name)
        setting = read_by(reading, self.namespace)
        look = Look(setting, reading, asked_of(subject, name if what.startswith("workload/") else ""))
        positions = (
            read_positions(objects.ask, setting, [look.queue_title]) if look.queue_title and look.waits else None
        )
        return explain(look, positions.of(look.workload) if positions and look.workload else None)

    def agreed(self, name: str, code: str, exit: Exit) -> Why:
        """The answer once Kueue has said something: with that code, and both agree."""
        self.decided(name)
        why = self.why(f"job/{name}")
        assert (why.code, why.exit) == (code, exit), why.sentence
        assert why.quoted is not None and why.quoted.agreement == "agrees", why.quoted
        return why

    def workload(self, owner: str, reached: Callable[[Json], bool]) -> Json:
        """Its Workload as soon as it is so."""
        return self.decided(owner, reached)

    def patch(self, path: str, body: Json, **query: str) -> None:
        self.api.patch(path.replace("{ns}", self.namespace), body, query=query).ok()

    def patch_status(self, path: str, status: Json) -> None:
        """As a controller does."""
        self.api.patch(f"{path}/status", {"status": status}).ok()


@pytest.fixture(scope="module")
def kueue(plane: ControlPlane, addon: Callable[..., None]) -> ControlPlane:
    addon("kueue")
    plane.apply(*classes(**{"why-high": 100, "why-low": -5}))
    return plane


@pytest.fixture
def case(kueue: ControlPlane) -> Case:
    return Case(kueue, "why")


def _bound(pod: Json) -> bool:
    return bool(pod["spec"].get("nodeName"))


def condition(obj: Json, kind: str) -> Json:
    found = [one for one in (obj.get("status") or {}).get("conditions") or () if one["type"] == kind]
    return found[0] if found else {}


# --- quota ------------------------------------------------------------------------------------------------------------


def test_short_of_quota(case: Case) -> None:
    case.queue()
    case.run(job("old", 5))
    case.create(job("train", 6))
    why = case.agreed("train", "WaitingForQuota", Exit.WAITING)
    first = why.blockers[0]
    assert (first.need, first.have, first.deficit) == (6, 3, 3)
    assert "3 more needed" in (why.quoted.said.message if why.quoted and why.quoted.said else "")
    assert "wait for job/old to end" in [fix.text for fix in first.fixes]
    assert why.position is not None and (why.position.cluster_queue, why.position.exact) == (1, True)


def test_every_fix_does_what_it_says(case: Case) -> None:
    """The change that is named first is made, and Kueue admits the workload."""
    case.put(cohort(case.name("ai")))
    case.put(flavor(case.name("f")), cluster_queue(case.name("lender"), 32, case.name("ai"), case.name("f")))
    case.queue(8, case.name("ai"), borrow=2)
    case.run(job("old", 8))
    case.create(job("train", 6))
    why = case.agreed("train", "WaitingForQuota", Exit.WAITING)
    first = why.blockers[0].fixes[0]
    assert first.change == f"cq.{case.cq}.borrowingLimit=6"
    quota = {"name": case.name("f"), "resources": [{"name": GPU, "nominalQuota": 8, "borrowingLimit": 6}]}
    groups = [{"coveredResources": [GPU], "flavors": [quota]}]
    case.patch(f"{KUEUE}/clusterqueues/{case.cq}", {"spec": {"resourceGroups": groups}})
    case.workload("train", lambda one: holds(one, "Admitted") is not None)
    assert case.why("job/train").exit in (Exit.OK, Exit.WAITING)  # its pods need nodes


def test_never_fits(case: Case) -> None:
    case.queue()
    case.create(job("train", 9))
    why = case.agreed("train", "ExceedsMaxQuota", Exit.BLOCKED)
    assert why.message.startswith(f"it asks 9 GPU in {case.name('f')} and can never have more than 8")


def test_more_is_used_than_there_is(case: Case) -> None:
    case.queue()
    case.run(job("old", 8))
    quota = {"name": case.name("f"), "resources": [{"name": GPU, "nominalQuota": 6}]}
    case.patch(
        f"{KUEUE}/clusterqueues/{case.cq}",
        {"spec": {"resourceGroups": [{"coveredResources": [GPU], "flavors": [quota]}]}},
    )
    case.create(job("train", 4))
    why = case.agreed("train", "WaitingForQuota", Exit.WAITING)
    assert (why.blockers[0].have, why.blockers[0].deficit) == (-2, 6)
    assert why.quoted is not None and why.quoted.words == "Kueue counts from 0: 6 must really be freed"


# --- flavors ----------------------------------------------------------------------------------------------------------


def test_a_taint(case: Case) -> None:
    case.quota(flavor(case.name("t"), nodeTaints=[{"key": "team", "value": "vision", "effect": "NoSchedule"}]))
    case.create(job("train", 1))
    why = case.agreed("train", "NoMatchingFlavor", Exit.BLOCKED)
    assert why.message.endswith(f"{case.name('t')}: untolerated taint team=vision:NoSchedule")
    assert why.blockers[0].fixes[0].text.startswith("tolerate team=vision:NoSchedule")


def test_an_affinity(case: Case) -> None:
    case.quota(flavor(case.name("lab"), nodeLabels={"site": "lab"}))
    case.create(job("train", 1, nodeSelector={"site": "home"}))
    case.agreed("train", "NoMatchingFlavor", Exit.BLOCKED)


def test_a_resource_that_is_not_covered(case: Case) -> None:
    case.queue()
    asks = job("train", 1)
    asks["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"] = {"cpu": "2"}
    case.create(asks)
    why = case.agreed("train", "ResourceNotCovered", Exit.BLOCKED)
    assert why.message == f"it asks 2 cpu, of which ClusterQueue {case.cq} has no quota at all"


def test_quota_suffices_and_no_host_has_room(case: Case) -> None:
    """Two hosts of eight GPUs: two pods of five must not be on different ones."""
    mine, level = {"case": case.namespace}, "kubernetes.io/hostname"
    ours = [{"key": "case", "value": case.namespace, "effect": "NoSchedule"}]  # pods of other tests stay away
    add_nodes(case.api, [gpu_node(case.name(word), 8, labels=mine, taints=ours) for word in ("a", "b")])
    case.put(made("Topology", case.name("hosts"), {"levels": [{"nodeLabel": level}]}))
    tolerated = [{"key": "case", "operator": "Exists"}]
    hosts = flavor(case.name("f"), nodeLabels=mine, topologyName=case.name("hosts"), tolerations=tolerated)
    case.quota(hosts, nominal=64)
    near = {"annotations": {"kueue.x-k8s.io/podset-required-topology": level}}

    def close_together(name: str, gpus: int) -> Json:
        asks = job(name, gpus, pods=2)
        asks["spec"]["template"]["metadata"] = near
        return asks

    only_one = f'topology "{case.name("hosts")}" allows to fit only 1 out of 2 pod(s)'
    case.create(close_together("large", 5))
    why = case.agreed("large", "ExceedsTopology", Exit.BLOCKED)
    assert why.message.endswith(f"{only_one}, even without anything that Kueue has placed")
    case.run(job("old", 4, pods=3))
    case.api.until(f"/api/v1/namespaces/{case.namespace}/pods", lambda pods: sum(map(_bound, pods.values())) == 3)
    case.create(close_together("train", 4))
    why = case.agreed("train", "TopologyPlacementFailed", Exit.WAITING)
    assert why.message.endswith(only_one)


# --- the namespace ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("selector", [None, {"matchLabels": {"team": "vision"}}])
def test_a_namespace_that_is_not_admitted(case: Case, selector: Json | None) -> None:
    case.queue(namespaceSelector=selector)
    case.create(job("train", 1))
    case.agreed("train", "Misconfigured", Exit.BLOCKED)


def test_a_limit_range(case: Case) -> None:
    case.queue()
    limits = {"limits": [{"type": "Container", "max": {GPU: "2"}}]}
    case.create({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "sizes"}, "spec": limits})
    case.create(job("train", 4))
    why = case.agreed("train", "LimitRange", Exit.FINDINGS)
    assert why.message == "container c of pod set main asks 4 nvidia.com/gpu, LimitRange sizes allows 2"


# --- queues -----------------------------------------------------------------------------------------------------------


def test_no_such_local_queue(case: Case) -> None:
    case.queue()
    case.create(job("train", 1, queue="mian"))
    why = case.agreed("train", "LocalQueueMissing", Exit.FINDINGS)
    assert [fix.text for fix in why.blockers[0].fixes] == ["give it to queue main"]


def test_a_local_queue_that_leads_nowhere(case: Case) -> None:
    case.put(local_queue(case.namespace, case.name("nowhere")))
    case.create(job("train", 1))
    case.agreed("train", "ClusterQueueMissing", Exit.BLOCKED)


def test_a_stopped_local_queue_and_who_stopped_it(case: Case) -> None:
    case.queue()
    queue = f"{KUEUE}/namespaces/{case.namespace}/localqueues/main"
    note = {"annotations": {"k8sai.dev/stop-reason": "driver update"}}
    case.patch(queue, {"metadata": note, "spec": {"stopPolicy": "Hold"}}, fieldManager="an-admin")
    case.api.until_object(
        queue.replace("{ns}", case.namespace), lambda one: condition(one, "Active")["status"] == "False"
    )
    case.create(job("train", 1))
    why = case.agreed("train", "Suspended", Exit.BLOCKED)
    assert why.message.startswith(f"LocalQueue {case.namespace}/main is stopped (Hold) by an-admin ")
    assert why.message.endswith("ago: driver update")


def test_a_stopped_cluster_queue(case: Case) -> None:
    case.queue()
    path = f"{KUEUE}/clusterqueues/{case.cq}"
    case.patch(path, {"spec": {"stopPolicy": "Hold"}}, fieldManager="an-admin")
    case.api.until_object(path, lambda one: condition(one, "Active")["status"] == "False")
    case.create(job("train", 1))
    why = case.agreed("train", "Suspended", Exit.BLOCKED)
    assert why.message.startswith(f"ClusterQueue {case.cq} is stopped (Hold) by an-admin ")


def test_an_inactive_cluster_queue(case: Case) -> None:
    quotas = group((case.name("gone"), {"nominalQuota": 8}))
    spec = {"namespaceSelector": {}, "resourceGroups": quotas}
    case.put(made("ClusterQueue", case.cq, spec), local_queue(case.namespace, case.cq))
    case.create(job("train", 1))
    why = case.agreed("train", "ClusterQueueInactive", Exit.BLOCKED)
    assert f"references missing ResourceFlavor(s): {case.name('gone')}" in why.message


@pytest.fixture
def in_a_cycle(case: Case) -> Iterator[Case]:
    """Its queue goes with the test: Kueue 0.19.2 ends when a namespace's labels change while one is in a cycle."""
    yield case
    case.api.delete(f"{KUEUE}/clusterqueues/{case.cq}").ok()
    case.api.until_gone(f"{KUEUE}/clusterqueues/{case.cq}")


def test_a_cycle_of_cohorts(in_a_cycle: Case) -> None:
    """The reason of the queue's condition says that it is ready all the same."""
    case, a, b = in_a_cycle, in_a_cycle.name("a"), in_a_cycle.name("b")
    case.put(cohort(a, b), cohort(b, a))
    case.queue(8, a)
    found = case.api.get(f"{KUEUE}/clusterqueues/{case.cq}").ok()
    assert condition(found, "Active")["reason"] == "Ready"
    case.create(job("train", 1))
    why = case.agreed("train", "CohortCycle", Exit.BLOCKED)
    assert why.message == f"the cohorts above ClusterQueue {case.cq} are in a cycle: {a} → {b} → {a}"


# --- the line ---------------------------------------------------------------------------------------------------------


def test_behind_a_head_that_never_fits_nothing_is_said(case: Case) -> None:
    case.queue(queueingStrategy="StrictFIFO")
    case.create(job("first", 99, priority="why-high"))
    case.agreed("first", "ExceedsMaxQuota", Exit.BLOCKED)
    case.create(job("train", 1))
    made_one = case.workload("train", lambda one: True)
    why = case.why("job/train")
    assert condition(made_one, "QuotaReserved") == {}
    assert (why.code, why.exit) == ("BehindHead", Exit.WAITING)
    assert why.message.endswith("job/first must go first, though it can never fit")
    assert why.position is not None and why.position.cluster_queue == 2


def test_a_twin_of_one_that_failed_has_no_words_and_is_judged(case: Case) -> None:
    case.queue()
    case.run(job("old", 5))
    case.create(job("first", 6))
    case.agreed("first", "WaitingForQuota", Exit.WAITING)
    case.create(job("train", 6))
    case.workload("train", lambda one: True)
    why = case.why("job/train")
    assert (why.code, why.blockers[0].deficit) == ("WaitingForQuota", 3)
    assert why.quoted is not None and why.quoted.agreement in ("silent", "agrees")


def test_a_victim_is_told_for_whom(case: Case) -> None:
    case.queue(preemption={"withinClusterQueue": "LowerPriority"})
    case.run(job("train", 6, priority="why-low"))
    case.create(job("urgent", 8, priority="why-high"))
    case.workload("urgent", lambda one: holds(one, "QuotaReserved") is not None)
    case.workload("train", lambda one: condition(one, "QuotaReserved").get("status") == "False")
    why = case.why("job/train")
    assert (why.code, why.exit) == ("WaitingForQuota", Exit.WAITING)
    assert why.history is not None
    assert [(one.reason, one.by, one.why) for one in why.history.evictions] == [
        ("Preempted", f"job/urgent in {case.namespace}", "prioritization in the ClusterQueue")
    ]
    assert why.judged is not None and [one.workload.title for one in why.judged.spared] == ["job/urgent"]


# --- its own state ----------------------------------------------------------------------------------------------------


def test_deactivated_by_whom(case: Case) -> None:
    case.queue()
    case.run(job("old", 8))
    case.create(job("train", 8))
    name = case.decided("train")["metadata"]["name"]
    path = f"{KUEUE}/namespaces/{{ns}}/workloads/{name}"
    case.patch(path, {"spec": {"active": False}}, fieldManager="a-person")
    case.workload("train", lambda one: holds(one, "Evicted") is not None)
    why = case.why("job/train")
    assert (why.code, why.exit) == ("Deactivated", Exit.FINDINGS)
    assert why.message.startswith("it was deactivated by a-person ")
    assert why.quoted is not None and why.quoted.agreement == "agrees"


def test_gated(case: Case) -> None:
    case.queue()
    gated = job("train", 1)
    gated["metadata"]["annotations"] = {"kueue.x-k8s.io/admission-gated-by": "example.com/gate"}
    case.create(gated)
    why = case.agreed("train", "AdmissionGated", Exit.WAITING)
    assert "example.com/gate" in why.message


def test_runs_and_finishes(case: Case) -> None:
    case.queue()
    ours = {"key": "case", "value": case.namespace, "effect": "NoSchedule"}
    add_nodes(case.api, [gpu_node(case.name("node"), 1, labels={"case": case.namespace}, taints=[ours])])
    all_of_it = [{"key": "case", "operator": "Exists"}]
    quick = job("train", 1, nodeSelector={"case": case.namespace}, tolerations=all_of_it)
    quick["spec"]["template"]["metadata"] = {"annotations": {"test.k8sai.dev/complete-after": "1ms"}}
    case.create(quick)
    case.workload("train", lambda one: holds(one, "Finished") is not None)
    why = case.why("job/train")
    assert (why.code, why.exit, why.verdict) == ("Finished", Exit.OK, "finished")


def test_admitted_and_no_node_is_there(case: Case) -> None:
    case.queue(1000)
    case.run(job("train", 999))
    case.api.until(f"/api/v1/namespaces/{case.namespace}/pods", bool)
    why = case.why("job/train")
    assert (why.code, why.exit, why.verdict) == ("NotReady", Exit.WAITING, "admitted")
    assert why.message.endswith("0 of 1 pods run: 1 not scheduled")


# --- checks -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def checked(case: Case) -> tuple[Case, str]:
    """A queue with a check that nobody answers but the test; and a workload that waits for it."""
    check = case.name("chk")
    path = f"{KUEUE}/admissionchecks"
    case.put(made("AdmissionCheck", check, {"controllerName": "example.com/check"}))
    active = {"type": "Active", "status": "True", "reason": "Active", "message": ""}
    active["lastTransitionTime"] = "2026-01-01T00:00:00Z"
    case.patch_status(f"{path}/{check}", {"conditions": [active]})
    case.queue(admissionChecksStrategy={"admissionChecks": [{"name": check}]})
    case.create(job("train", 1))
    case.workload("train", lambda one: bool((one.get("status") or {}).get("admissionChecks")))
    return case, check


def answer(case: Case, check: str, state: str, **more: Any) -> None:
    """As the check's controller writes it."""
    workload = case.decided("train")
    now = condition(workload, "QuotaReserved")["lastTransitionTime"]
    said = {"name": check, "state": state, "lastTransitionTime": now, "message": "", **more}
    case.patch_status(
        f"{KUEUE}/namespaces/{case.namespace}/workloads/{workload['metadata']['name']}", {"admissionChecks": [said]}
    )


def test_a_check_that_has_not_answered(checked: tuple[Case, str]) -> None:
    case, check = checked
    why = case.agreed("train", "UnsatisfiedAdmissionChecks", Exit.WAITING)
    assert f"AdmissionCheck {check} has not answered" in why.message


def test_a_check_that_wants_a_retry(checked: tuple[Case, str]) -> None:
    case, check = checked
    answer(case, check, "Retry", message="no capacity", requeueAfterSeconds=3600)
    case.workload("train", lambda one: bool((one["status"].get("requeueState") or {}).get("requeueAt")))
    why = case.why("job/train")
    assert (why.code, why.exit) == ("RequeueBackoff", Exit.WAITING)
    assert why.message.startswith("it backs off until ")


def test_a_check_that_rejects(checked: tuple[Case, str]) -> None:
    case, check = checked
    answer(case, check, "Rejected", message="quota denied by cloud")
    case.workload("train", lambda one: one["spec"].get("active") is False)
    why = case.why("job/train")
    assert (why.code, why.exit) == ("AdmissionCheckRejected", Exit.BLOCKED)
    assert "quota denied by cloud" in why.sentence


# --- rights -----------------------------------------------------------------------------------------------------------


def allow(case: Case, user: str, *rules: Json) -> None:
    """In the namespace; returns when the server allows it."""
    role = {"metadata": {"name": "reader"}, "rules": list(rules)}
    case.api.post(f"{RBAC}/namespaces/{case.namespace}/roles", role).ok()
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    binding = {"metadata": {"name": "reader"}, "roleRef": reference, "subjects": [subject]}
    case.api.post(f"{RBAC}/namespaces/{case.namespace}/rolebindings", binding).ok()
    attributes = {"verb": "list", "resource": "jobs", "group": "batch", "namespace": case.namespace}
    review = {"spec": {"resourceAttributes": attributes, "user": user}}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    case.plane.processes.wait("the right", lambda: case.api.post(path, review).ok()["status"]["allowed"], 30)


READ = ["get", "list", "watch"]
IN_NAMESPACE = (
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": READ},
    {"apiGroups": [""], "resources": ["pods", "events", "limitranges"], "verbs": READ},
    {"apiGroups": ["kueue.x-k8s.io"], "resources": ["workloads", "localqueues"], "verbs": READ},
)


def test_with_rights_in_the_namespace_kueue_is_quoted(case: Case) -> None:
    case.queue()
    case.run(job("old", 5))
    case.create(job("train", 6))
    case.decided("train")
    allow(case, "alice", *IN_NAMESPACE)
    why = case.why("job/train", "alice")
    assert (why.code, why.exit) == ("WaitingForQuota", Exit.PARTIAL)
    assert why.message.startswith("Kueue said at ") and "3 more needed" in why.message
    hidden = {gap.what for gap in why.hidden}
    assert {"clusterqueues.kueue.x-k8s.io", "resourceflavors.kueue.x-k8s.io"} <= hidden


def test_who_may_not_read_the_job_is_told_so(case: Case) -> None:
    case.queue()
    case.create(job("train", 6))
    with pytest.raises(Forbidden):
        case.why("job/train", "bob")


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_as_it_is_installed(case: Case) -> None:
    case.queue()
    case.run(job("old", 5))
    case.create(job("train", 6))
    case.decided("train")
    kubeconfig = case.plane.kubeconfig()
    asking = ("queue", "why", "job/train", "-n", case.namespace)
    document = k8sai(*asking, "-o", "json", kubeconfig=kubeconfig).document(10)
    assert document["kind"] == "QueueWhy" and document["complete"] is True
    assert document["position"] == {
        "clusterQueue": 1, "localQueue": 1, "exact": True, "ofClusterQueue": 1, "ofLocalQueue": 1
    }  # fmt: skip
    first = document["blockers"][0]
    assert {key: first[key] for key in ("code", "flavor", "resource", "need", "have", "deficit")} == {
        "code": "WaitingForQuota", "flavor": case.name("f"), "resource": GPU, "need": 6, "have": 3, "deficit": 3
    }  # fmt: skip
    shown = k8sai(*asking, kubeconfig=kubeconfig)
    assert shown.out.splitlines()[0] == (
        f"WAITING, will fit · short 3 of 6 GPU in {case.name('f')}; ClusterQueue {case.cq} has 3 of 8 left"
    )
