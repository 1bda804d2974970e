"""`queue list`, `describe` and `pending` on a real Kueue: its figures, its places in line beyond a page, rights."""

import json
from typing import Any

import pytest

from k8sai.cluster.connect import connect
from k8sai.cluster.discovery import Resource, Served
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.errors import Exit
from k8sai.queues.positions import Positions
from k8sai.queues.positions import read as read_positions
from k8sai.queues.rows import rows
from k8sai.queues.setting import Setting, read
from k8sai.queues.shown.document import lists
from tests.contract.api import Json
from tests.controlplane.bulk import create_all
from tests.controlplane.namespaces import wait_for_the_ended
from tests.controlplane.ours import k8sai
from tests.controlplane.queue_cases import KUEUE, Place, job
from tests.controlplane.server import ControlPlane
from tests.queues.simulate_objects import GPU, cluster_queue, cohort, flavor, local_queue, pod_spec

pytestmark = pytest.mark.controlplane
RBAC = "/apis/rbac.authorization.k8s.io/v1"
READ = ["get", "list", "watch"]
PLACES = {"apiGroups": ["visibility.kueue.x-k8s.io"], "verbs": ["get"]}


class Site(Place):
    """A namespace with a LocalQueue `main`; its flavor and its ClusterQueue are called like the namespace."""

    def queue(self, nominal: int = 8, cohort: str = "", **more: Any) -> None:
        self.put(
            flavor(self.namespace),
            cluster_queue(self.namespace, nominal, cohort, self.namespace, **more),
            local_queue(self.namespace, self.namespace),
        )

    def see(self, user: str = "admin") -> tuple[LiveObjects, Setting]:
        objects = LiveObjects(connect(Options(kubeconfig=str(self.plane.kubeconfig(user)), namespace=self.namespace)))
        return objects, read(objects, self.namespace)

    def places(self, user: str = "admin") -> tuple[Setting, Positions]:
        objects, setting = self.see(user)
        return setting, read_positions(objects.ask, setting, [self.namespace])

    def ask(self, *words: str, user: str = "admin", code: Exit = Exit.OK) -> Any:
        """The document that `queue` prints for this user, in this namespace unless a cohort is asked about."""
        where = () if "--cohort" in words else ("-n", self.namespace)
        ran = k8sai("queue", *words, *where, "-o", "json", kubeconfig=self.plane.kubeconfig(user))
        assert ran.code == code, ran.err
        return json.loads(ran.out)

    def may(self, user: str, *rules: Json, name: str = "reader") -> None:
        """In this namespace alone; returns when it is so."""
        role = {"metadata": {"name": name}, "rules": list(rules)}
        self.api.post(f"{RBAC}/namespaces/{self.namespace}/roles", role).ok()
        binding = {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        }
        self.api.post(f"{RBAC}/namespaces/{self.namespace}/rolebindings", binding).ok()
        resource, _, sub = rules[-1]["resources"][0].partition("/")
        asked = {"verb": "get", "group": rules[-1]["apiGroups"][0], "resource": resource, "namespace": self.namespace}
        review = {"spec": {"resourceAttributes": asked | ({"subresource": sub} if sub else {}), "user": user}}
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        self.plane.processes.wait("the right", lambda: self.api.post(path, review).ok()["status"]["allowed"], 30)


@pytest.fixture(scope="module", autouse=True)
def kueue(addon: Any) -> None:
    addon("kueue")


@pytest.fixture
def site(plane: ControlPlane) -> Site:
    return Site(plane, "list")


def waiting(name: str, **spec: Any) -> Json:
    """A Workload of nobody: Kueue queues it all the same."""
    pod_set = {"name": "main", "count": 1, "template": {"spec": pod_spec(1)}}
    meta = {"name": name}
    return {
        "apiVersion": "kueue.x-k8s.io/v1beta2",
        "kind": "Workload",
        "metadata": meta,
        "spec": {"queueName": "main", "podSets": [pod_set], **spec},
    }


# --- figures ----------------------------------------------------------------------------------------------------------


def test_the_figures_are_those_of_kueues_own_status(site: Site) -> None:
    """Two queues of a cohort, the one borrows from the other; Kueue's status is the witness."""
    pool, lender = f"{site.namespace}-pool", f"{site.namespace}-lender"
    site.queue(4, pool, borrow=4)
    site.put(cluster_queue(lender, 8, pool, site.namespace))
    site.run(job("holds", 6))
    site.create(job("waits", 3))
    site.decided("waits")

    def reported(one: Json) -> bool:
        status = one.get("status") or {}
        return status.get("pendingWorkloads") == 1 and bool(status.get("flavorsReservation"))

    said = site.api.until_object(f"{KUEUE}/clusterqueues/{site.namespace}", reported)["status"]
    found = site.ask("list", "--cohort", pool)
    queues = {one["name"]: one for one in found["clusterQueues"]}
    (share,) = queues[site.namespace]["resources"]
    (theirs,) = said["flavorsReservation"][0]["resources"]
    assert (str(share["used"]), str(share["borrowed"])) == (theirs["total"], theirs["borrowed"]) == ("6", "2")
    assert (share["available"], share["potential"], share["pending"]) == (2, 8, 3)
    assert queues[site.namespace]["workloads"]["pending"] == said["pendingWorkloads"]
    assert (queues[lender]["resources"][0]["available"], queues[lender]["resources"][0]["lent"]) == (6, 2)
    assert queues[site.namespace]["active"] is True
    described = site.ask("describe", f"cq/{site.namespace}")["described"]
    assert described["sums"][0]["available"] == 2
    assert [one["owner"] for one in described["holders"]] == ["job/holds"]


def test_a_cycle_is_inactive_though_kueue_gives_ready_for_the_reason(site: Site) -> None:
    one, two = f"{site.namespace}-one", f"{site.namespace}-two"
    wait_for_the_ended(site.api)
    site.put(cohort(one, two), cohort(two, one))
    site.queue(8, one)
    path = f"{KUEUE}/clusterqueues/{site.namespace}"

    def stopped(obj: Json) -> bool:
        return any(
            each["type"] == "Active" and each["status"] == "False" for each in obj["status"].get("conditions", [])
        )

    condition = site.api.until_object(path, stopped)["status"]["conditions"][0]
    assert condition["reason"] == "Ready"
    try:
        (found,) = site.ask("list")["clusterQueues"]
        assert (found["active"], found["reason"]) == (False, "CohortCycle")
    finally:  # Kueue 0.19.2 ends when a namespace changes while it is there
        site.api.delete(path).ok()
        site.api.until_gone(path)


# --- places -----------------------------------------------------------------------------------------------------------


def test_beyond_a_page_every_workload_has_its_place(site: Site) -> None:
    """1,050 wait: the API gives 1,000 at a time and no total."""
    site.queue(0)
    path = f"{KUEUE}/namespaces/{site.namespace}/workloads"
    create_all(site.api, path, (waiting(f"w{number:04}", priority=number) for number in range(1050)))
    line = f"/apis/visibility.kueue.x-k8s.io/v1beta2/clusterqueues/{site.namespace}/pendingworkloads"

    def all_there() -> bool:
        return len(site.api.get(f"{line}?limit=5000").ok()["items"]) == 1050

    site.plane.processes.wait("the line", all_there, 60)
    setting, found = site.places()
    assert found.unseen == ()
    each = {name: found.of(one) for name, one in setting.workloads.items() if name.startswith(f"{site.namespace}/")}
    assert sorted(one.cluster_queue for one in each.values() if one) == list(range(1, 1051))
    last = each[f"{site.namespace}/w0000"]  # the lowest priority of all
    assert last is not None and (last.cluster_queue, last.exact, last.of_cluster_queue) == (1050, True, 1050)
    listed = site.ask("pending", f"cq/{site.namespace}", "--limit", "1")
    assert (listed["total"], listed["pending"][0]["name"]) == (1050, "w1049")


def test_our_own_order_is_kueues(site: Site) -> None:
    """By priority, then age; workloads of one second are in no order that can be told."""
    site.queue(0)
    for number, priority in enumerate((5, 0, 9, 5)):
        site.api.post(f"{KUEUE}/namespaces/{site.namespace}/workloads", waiting(f"w{number}", priority=priority)).ok()
        site.new_second()
    line = f"/apis/visibility.kueue.x-k8s.io/v1beta2/clusterqueues/{site.namespace}/pendingworkloads"
    site.plane.processes.wait("the line", lambda: len(site.api.get(line).ok()["items"]) == 4, 30)
    setting, theirs = site.places()
    ours = read_positions(None, setting, [site.namespace])
    for name in ("w0", "w1", "w2", "w3"):
        one = setting.workloads[f"{site.namespace}/{name}"]
        their, our = theirs.of(one), ours.of(one)
        assert their is not None and our is not None
        assert (our.cluster_queue, our.local_queue) == (their.cluster_queue, their.local_queue)
        assert (their.exact, our.exact) == (True, False)


# --- rights -----------------------------------------------------------------------------------------------------------


def test_a_user_of_a_namespace_sees_its_queues_and_exact_places(site: Site) -> None:
    site.queue(4)
    site.run(job("holds", 4))
    site.create(job("waits", 4))
    site.decided("waits")
    site.may(
        "alice",
        {"apiGroups": ["kueue.x-k8s.io"], "resources": ["localqueues", "workloads"], "verbs": READ},
        {**PLACES, "resources": ["localqueues/pendingworkloads"]},
    )
    (waits,) = site.ask("pending", user="alice", code=Exit.PARTIAL)["pending"]
    assert (waits["owner"], waits["position"], waits["exact"], waits["gpus"]) == ("job/waits", 1, True, 4)
    assert (waits["code"], waits["fits"]) == ("WaitingForQuota", None)
    assert "short, says Kueue" in waits["blocker"]
    found = site.ask("list", user="alice", code=Exit.PARTIAL)
    (local,) = found["localQueues"]
    assert (local["resources"][0]["used"], local["gpusAsked"], local["active"]) == (4, 4, True)
    assert {gap["what"] for gap in found["hidden"]} == {"clusterqueues.kueue.x-k8s.io", "cohorts.kueue.x-k8s.io"}


def test_without_the_right_to_ask_for_places_they_are_computed_and_the_question_is_named(site: Site) -> None:
    site.queue(0)
    site.create(job("waits", 1))
    site.decided("waits")
    site.may("bob", {"apiGroups": ["kueue.x-k8s.io"], "resources": ["localqueues", "workloads"], "verbs": READ})
    config = site.plane.kubeconfig("bob")
    ran = k8sai("queue", "pending", "-n", site.namespace, kubeconfig=config)
    assert ran.code == Exit.PARTIAL
    assert "≈1" in ran.out
    question = "kubectl auth can-i get localqueues.visibility.kueue.x-k8s.io"
    hidden = site.ask("pending", user="bob", code=Exit.PARTIAL)["hidden"]
    (hint,) = [gap["hint"] for gap in hidden if question in gap["hint"]]
    words = hint.partition("`kubectl ")[2].partition("`")[0].split()
    with pytest.raises(RuntimeError, match="can-i"):  # kubectl says no, and so it ends
        site.plane.kubectl(*words, user="bob")
    site.may("bob", {**PLACES, "resources": ["localqueues/pendingworkloads"]}, name="places")
    assert site.plane.kubectl(*words, user="bob") == "yes\n"
    (waits,) = site.ask("pending", user="bob", code=Exit.PARTIAL)["pending"]
    assert waits["exact"] is True


def test_who_may_read_nothing_is_refused_with_what_to_ask_for(site: Site) -> None:
    site.queue(0)
    ran = k8sai("queue", "list", "-n", site.namespace, kubeconfig=site.plane.kubeconfig("bob"))
    assert (ran.code, ran.out) == (Exit.FORBIDDEN, "")
    assert "kubectl auth can-i list clusterqueues.kueue.x-k8s.io" in ran.err


# --- the older version ------------------------------------------------------------------------------------------------


def test_v1beta1_says_the_same(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kueue converts: what is read in the older version gives the same rows."""
    pool = f"{site.namespace}-pool"
    site.queue(4, pool, borrow=2, preemption={"withinClusterQueue": "LowerPriority"})
    site.put(cluster_queue(f"{site.namespace}-lender", 2, pool, site.namespace))
    site.run(job("holds", 5))
    site.create(job("waits", 4))
    site.decided("waits")
    path = f"{KUEUE}/clusterqueues/{site.namespace}"
    site.api.until_object(path, lambda one: (one.get("status") or {}).get("pendingWorkloads") == 1)
    new = _mine(site)
    whole = Served.find

    def older(self: Served, group: str, resource: str, version: str = "") -> Resource | None:
        found = whole(self, group, resource, "v1beta1") if group == "kueue.x-k8s.io" else None
        return found or whole(self, group, resource, version)

    monkeypatch.setattr(Served, "find", older)
    assert _mine(site) == new
    (share,) = new["clusterQueues"][0]["resources"]
    assert (share["used"], share["borrowed"], share["resource"]) == (5, 1, GPU)


def _mine(site: Site) -> Any:
    _, setting = site.see()
    return lists(row for row in rows(setting) if site.namespace in row.name)
