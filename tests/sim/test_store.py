"""The store: versions, preconditions, defaults, rules, deletion and what follows it."""

from typing import Any

import pytest

from k8sai.sim import kinds
from k8sai.sim.binding import bind
from k8sai.sim.eviction import evict
from k8sai.sim.founding import founded
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, copied
from k8sai.sim.status import ApiFailure
from k8sai.sim.store import Store

PODS = kinds.find("", "pods")
NODES = kinds.find("", "nodes")
MAPS = kinds.find("", "configmaps")
NAMESPACES = kinds.find("", "namespaces")
JOBS = kinds.find("batch", "jobs")
DEPLOYMENTS = kinds.find("apps", "deployments")
BUDGETS = kinds.find("policy", "poddisruptionbudgets")
NOW = 1_800_000_000.0


@pytest.fixture
def store() -> Store:
    return founded(now=lambda: NOW)


def a_pod(name: str = "p", *, node: str = "", labels: dict[str, str] | None = None, **limits: str) -> Obj:
    amounts = {key.replace("__", "/").replace("_", "."): value for key, value in limits.items()}
    container = {"name": "main", "image": "train:1", "resources": {"limits": amounts}}
    spec: Obj = {"containers": [container], **({"nodeName": node} if node else {})}
    return {"metadata": {"name": name, **({"labels": labels} if labels else {})}, "spec": spec}


def a_map(name: str = "m", **meta: Any) -> Obj:
    return {"metadata": {"name": name, **meta}, "data": {"a": "1"}}


def refused(code: int, reason: str, call: Any, *args: Any, **options: Any) -> ApiFailure:
    with pytest.raises(ApiFailure) as caught:
        call(*args, **options)
    assert (caught.value.code, caught.value.reason) == (code, reason), caught.value.message
    return caught.value


def owned_by(owner: Obj, *, blocks: bool = False) -> list[Obj]:
    meta = owner["metadata"]
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": meta["name"], "uid": meta["uid"]}
    return [{**reference, "controller": True, "blockOwnerDeletion": blocks}]


def test_a_subscriber_that_fails_keeps_nothing_from_the_others(store: Store) -> None:
    heard: list[str] = []

    def fail(event: Event) -> None:
        raise ValueError(event.obj["metadata"]["name"])

    store.subscribe(fail)
    store.subscribe(lambda event: heard.append(event.obj["metadata"]["name"]))
    for name in ("a", "b"):
        with pytest.raises(ValueError, match=name):
            store.create(MAPS, a_map(name))
    assert heard == ["a", "b"]


def test_each_write_has_the_next_version_and_no_change_has_none(store: Store) -> None:
    before = store.version
    made = store.create(MAPS, a_map())
    assert made["metadata"]["resourceVersion"] == str(before + 1)
    assert store.update(MAPS, made) is made
    changed = store.update(MAPS, {**made, "data": {"a": "2"}})
    assert changed["metadata"]["resourceVersion"] == str(before + 2) == str(store.version)


def test_a_stale_version_or_another_uid_is_a_conflict(store: Store) -> None:
    made = store.create(MAPS, a_map())
    store.update(MAPS, {**made, "data": {"a": "2"}})
    refused(409, "Conflict", store.update, MAPS, {**made, "data": {"a": "3"}})
    other = {**made, "metadata": {"name": "m", "namespace": "default", "uid": "other"}}
    assert "Precondition failed" in refused(409, "Conflict", store.update, MAPS, other).message
    refused(409, "Conflict", store.delete, MAPS, "default", "m", uid="other")
    refused(409, "Conflict", store.delete, MAPS, "default", "m", resource_version="1")
    assert store.get(MAPS, "default", "m")["data"] == {"a": "2"}


def test_dry_run_decides_everything_and_keeps_nothing(store: Store) -> None:
    version = store.version
    shown = store.create(MAPS, a_map(), dry_run=True)
    assert shown["metadata"]["uid"]
    assert store.find(MAPS, "default", "m") is None
    made = store.create(MAPS, a_map())
    assert store.update(MAPS, {**made, "data": {}}, dry_run=True)["data"] == {}
    assert store.delete(MAPS, "default", "m", dry_run=True).gone
    assert store.get(MAPS, "default", "m")["data"] == {"a": "1"}
    assert store.version == version + 1
    refused(409, "AlreadyExists", store.create, MAPS, a_map(), dry_run=True)


def test_generated_names_differ_and_repeat_with_the_seed() -> None:
    def names() -> list[str]:
        store = founded(seed=7)
        pod = {"metadata": {"generateName": "p-"}, "spec": a_pod()["spec"]}
        return [store.create(PODS, pod)["metadata"]["name"] for _ in range(50)]

    first = names()
    assert len(set(first)) == 50
    assert first == names()


def test_what_goes_in_is_copied(store: Store) -> None:
    mine = a_map()
    store.create(MAPS, mine)
    mine["data"]["a"] = "changed"
    assert store.get(MAPS, "default", "m")["data"] == {"a": "1"}


def test_subscribers_hear_commits_in_order_also_their_own(store: Store) -> None:
    heard: list[tuple[str, str]] = []

    def echo(event: Event) -> None:
        if event.resource is MAPS:
            heard.append((event.type, event.obj["metadata"]["name"]))
            if event.obj["metadata"]["name"] == "first":
                store.create(MAPS, a_map("second"))

    stop = store.subscribe(echo)
    store.create(MAPS, a_map("first"))
    assert heard == [("ADDED", "first"), ("ADDED", "second")]
    stop()
    store.create(MAPS, a_map("third"))
    assert len(heard) == 2


def test_listing_follows_keys_and_namespaces(store: Store) -> None:
    for namespace in ("b", "a"):
        store.create(NAMESPACES, {"metadata": {"name": namespace}})
        for name in ("y", "x"):
            store.create(MAPS, a_map(name, namespace=namespace))
    found = [(o["metadata"]["namespace"], o["metadata"]["name"]) for o in store.list(MAPS)]
    mine = [key for key in found if key[0] in ("a", "b") and key[1] in ("x", "y")]
    assert mine == [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]
    assert found == sorted(found)
    assert [o["metadata"]["name"] for o in store.list(MAPS, "a")] == ["kube-root-ca.crt", "x", "y"]


def test_the_past_can_be_listed_until_it_is_forgotten(store: Store) -> None:
    first = store.create(MAPS, a_map("one"))
    store.create(MAPS, a_map("two"))
    version = store.version
    store.delete(MAPS, "default", "one")
    store.update(MAPS, {**a_map("two"), "metadata": {"name": "two", "namespace": "default"}, "data": {"a": "9"}})
    store.create(MAPS, a_map("three"))
    past = {e.obj["metadata"]["name"]: e.obj["data"] for e in store.entries_at(MAPS, version, "default")}
    assert past["one"] == {"a": "1"}
    assert past["two"] == {"a": "1"}
    assert "three" not in past
    assert first["metadata"]["name"] == "one"
    store.compact()
    refused(410, "Expired", store.entries_at, MAPS, version)
    assert store.history(MAPS, store.version) == []


def test_the_window_is_bounded() -> None:
    store = founded(window=3)
    start = store.version
    for at in range(5):
        store.create(MAPS, a_map(f"m{at}"))
    refused(410, "Expired", store.history, MAPS, start)
    assert [e.obj["metadata"]["name"] for e in store.history(MAPS, start + 2)] == ["m2", "m3", "m4"]


# defaults and rules


def test_pods_are_completed(store: Store) -> None:
    spec = store.create(PODS, a_pod(cpu="0.5", nvidia_com__gpu="2"))["spec"]
    assert spec["restartPolicy"] == "Always"
    assert spec["containers"][0]["resources"]["requests"] == {"cpu": "500m", "nvidia.com/gpu": "2"}
    assert spec["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    assert {t["key"]: t["tolerationSeconds"] for t in spec["tolerations"]} == {
        "node.kubernetes.io/not-ready": 300,
        "node.kubernetes.io/unreachable": 300,
    }
    assert (spec["priority"], spec["schedulerName"]) == (0, "default-scheduler")


def test_the_global_default_priority_is_taken(store: Store) -> None:
    priorities = kinds.find("scheduling.k8s.io", "priorityclasses")
    store.create(priorities, {"metadata": {"name": "usual"}, "value": 7, "globalDefault": True})
    spec = store.create(PODS, a_pod())["spec"]
    assert (spec["priorityClassName"], spec["priority"]) == ("usual", 7)
    lost = a_pod("q")
    lost["spec"]["priorityClassName"] = "none-such"
    assert "no PriorityClass" in refused(403, "Forbidden", store.create, PODS, lost).message


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"containers": []}, "spec.containers"),
        ({"containers": [{"name": "Bad", "image": "i"}]}, "spec.containers[0].name"),
        ({"containers": [{"name": "c"}]}, "spec.containers[0].image"),
        ({"restartPolicy": "Sometimes"}, "spec.restartPolicy"),
        (
            {"containers": [{"name": "c", "image": "i", "resources": {"requests": {"nvidia.com/gpu": "1"}}}]},
            "spec.containers[0].resources.limits",
        ),
        (
            {"containers": [{"name": "c", "image": "i", "resources": {"limits": {"nvidia.com/gpu": "1500m"}}}]},
            "spec.containers[0].resources.limits[nvidia.com/gpu]",
        ),
        (
            {
                "containers": [
                    {
                        "name": "c",
                        "image": "i",
                        "resources": {"limits": {"nvidia.com/gpu": "2"}, "requests": {"nvidia.com/gpu": "1"}},
                    }
                ]
            },
            "spec.containers[0].resources.requests",
        ),
        (
            {"containers": [{"name": "c", "image": "i", "resources": {"claims": [{"name": "g"}]}}]},
            "spec.containers[0].resources.claims[0]",
        ),
    ],
)
def test_refused_pods_name_the_field(store: Store, change: Obj, field: str) -> None:
    pod = a_pod()
    pod["spec"].update(change)
    failure = refused(422, "Invalid", store.create, PODS, pod)
    assert field in [cause["field"] for cause in failure.details["causes"]]


def test_quantities_that_are_none_are_a_bad_request(store: Store) -> None:
    assert "quantities must match" in refused(400, "BadRequest", store.create, PODS, a_pod(cpu="lots")).message


def test_names_and_labels_have_rules(store: Store) -> None:
    refused(422, "Invalid", store.create, MAPS, {"metadata": {}})
    failure = refused(422, "Invalid", store.create, MAPS, a_map("No_Good", labels={"bad key": "-"}))
    fields = [cause["field"] for cause in failure.details["causes"]]
    assert fields == ["metadata.name", "metadata.labels", "metadata.labels"]


def test_generation_follows_the_spec_alone(store: Store) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": a_pod()["spec"]}
    made = store.create(
        DEPLOYMENTS,
        {"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}},
    )
    assert made["metadata"]["generation"] == 1
    labelled = store.update(DEPLOYMENTS, {**made, "metadata": {**made["metadata"], "labels": {"x": "y"}}})
    counted = store.update(DEPLOYMENTS, {**labelled, "status": {"replicas": 1}}, "status")
    assert counted["metadata"]["generation"] == 1
    scaled = store.update(DEPLOYMENTS, {**counted, "spec": {**counted["spec"], "replicas": 3}, "status": {}})
    assert scaled["metadata"]["generation"] == 2
    assert scaled["status"] == {"replicas": 1}
    other = {**scaled["spec"], "selector": {"matchLabels": {"c": "d"}}}
    refused(422, "Invalid", store.update, DEPLOYMENTS, {**scaled, "spec": other})


def test_status_and_spec_do_not_touch_each_other(store: Store) -> None:
    pod = store.create(PODS, a_pod())
    running = copied(pod)
    running["status"] = {"phase": "Running"}
    running["spec"]["nodeName"] = "elsewhere"
    done = store.update(PODS, running, "status")
    assert (done["status"]["phase"], "nodeName" in done["spec"]) == ("Running", False)
    image = copied(done)
    image["spec"]["containers"][0]["image"] = "train:2"
    image["status"] = {"phase": "Failed"}
    assert store.update(PODS, image)["status"]["phase"] == "Running"
    fixed = copied(store.get(PODS, "default", "p"))
    fixed["spec"]["containers"][0]["env"] = [{"name": "A", "value": "b"}]
    refused(422, "Invalid", store.update, PODS, fixed)


def test_a_binding_gives_a_node_once(store: Store) -> None:
    store.create(PODS, a_pod())
    bound = bind(store, "default", "p", "n1")
    assert bound["spec"]["nodeName"] == "n1"
    assert [(c["type"], c["status"]) for c in bound["status"]["conditions"]] == [("PodScheduled", "True")]
    assert 'already assigned to node "n1"' in refused(409, "Conflict", bind, store, "default", "p", "n2").message
    gated = a_pod("g")
    gated["spec"]["schedulingGates"] = [{"name": "x"}]
    store.create(PODS, gated)
    refused(409, "Conflict", bind, store, "default", "g", "n1")


# going


def test_unbound_pods_go_at_once_and_bound_ones_wait_for_their_kubelet(store: Store) -> None:
    store.create(PODS, a_pod("free"))
    assert store.delete(PODS, "default", "free").gone
    store.create(PODS, a_pod("bound", node="n1"))
    waiting = store.delete(PODS, "default", "bound")
    assert not waiting.gone
    assert waiting.obj["metadata"]["deletionGracePeriodSeconds"] == 30
    again = store.delete(PODS, "default", "bound", grace=60)
    assert again.obj["metadata"]["deletionGracePeriodSeconds"] == 30
    sooner = store.delete(PODS, "default", "bound", grace=5)
    assert sooner.obj["metadata"]["deletionGracePeriodSeconds"] == 5
    assert store.delete(PODS, "default", "bound", grace=0).gone
    assert store.find(PODS, "default", "bound") is None


def test_finalizers_hold_an_object_and_none_can_join_late(store: Store) -> None:
    store.create(MAPS, a_map(finalizers=["x/y"]))
    held = store.delete(MAPS, "default", "m")
    assert not held.gone
    late = {**held.obj, "metadata": {**held.obj["metadata"], "finalizers": ["x/y", "z/z"]}}
    failure = refused(422, "Invalid", store.update, MAPS, late)
    assert failure.details["causes"][0]["field"] == "metadata.finalizers"
    store.update(MAPS, {**held.obj, "metadata": {**held.obj["metadata"], "finalizers": []}})
    assert store.find(MAPS, "default", "m") is None


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_dependents_follow_their_owner(store: Store, propagation: str) -> None:
    owner = store.create(MAPS, a_map("owner"))
    child = store.create(MAPS, a_map("child", ownerReferences=owned_by(owner)))
    store.create(MAPS, a_map("grandchild", ownerReferences=owned_by(child)))
    store.delete(MAPS, "default", "owner", propagation=propagation)
    for name in ("owner", "child", "grandchild"):
        assert store.find(MAPS, "default", name) is None, name


def test_foreground_waits_for_those_that_block(store: Store) -> None:
    owner = store.create(MAPS, a_map("owner"))
    blocking = a_pod("held", node="n1")
    blocking["metadata"]["ownerReferences"] = owned_by(owner, blocks=True)
    store.create(PODS, blocking)
    store.delete(MAPS, "default", "owner", propagation="Foreground")
    assert store.get(MAPS, "default", "owner")["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert "deletionTimestamp" in store.get(PODS, "default", "held")["metadata"]
    store.delete(PODS, "default", "held", grace=0)
    assert store.find(MAPS, "default", "owner") is None


def test_orphans_stay_without_their_owner(store: Store) -> None:
    owner = store.create(MAPS, a_map("owner"))
    store.create(MAPS, a_map("child", ownerReferences=owned_by(owner)))
    store.delete(MAPS, "default", "owner", propagation="Orphan")
    assert store.find(MAPS, "default", "owner") is None
    assert "ownerReferences" not in store.get(MAPS, "default", "child")["metadata"]


def test_one_of_two_owners_is_enough(store: Store) -> None:
    first, second = store.create(MAPS, a_map("first")), store.create(MAPS, a_map("second"))
    store.create(MAPS, a_map("child", ownerReferences=[*owned_by(first), *owned_by(second)]))
    store.delete(MAPS, "default", "first")
    left = store.get(MAPS, "default", "child")["metadata"]["ownerReferences"]
    assert [one["name"] for one in left] == ["second"]
    store.delete(MAPS, "default", "second")
    assert store.find(MAPS, "default", "child") is None


def test_an_owner_that_never_was_is_missed_only_where_it_is_not_believed(store: Store) -> None:
    ghost = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "ghost", "uid": "ghost"}]
    store.create(MAPS, a_map("missed", ownerReferences=ghost))
    assert store.find(MAPS, "default", "missed") is None
    store.restore(MAPS, a_map("believed", namespace="default", ownerReferences=ghost))
    assert store.find(MAPS, "default", "believed") is not None


def test_a_namespace_is_emptied_before_it_goes(store: Store) -> None:
    store.create(NAMESPACES, {"metadata": {"name": "team"}})
    pod = a_pod(node="n1")
    pod["metadata"]["namespace"] = "team"
    store.create(PODS, pod)
    store.create(MAPS, a_map(namespace="team"))
    store.delete(NAMESPACES, "", "team")
    assert store.get(NAMESPACES, "", "team")["status"]["phase"] == "Terminating"
    assert [o["metadata"]["name"] for o in store.list(MAPS, "team")] == []
    failure = refused(403, "Forbidden", store.create, MAPS, a_map(namespace="team"))
    assert failure.details["causes"][0]["reason"] == "NamespaceTerminating"
    store.delete(PODS, "team", "p", grace=0)
    assert store.find(NAMESPACES, "", "team") is None
    refused(404, "NotFound", store.create, MAPS, a_map(namespace="team"))
    refused(403, "Forbidden", store.delete, NAMESPACES, "", "default")


# eviction


def _budget(store: Store, allowed: int, **spec: Any) -> None:
    selector = {"matchLabels": {"app": "web"}}
    made = store.create(
        BUDGETS, {"metadata": {"name": "web"}, "spec": {"minAvailable": 1, "selector": selector, **spec}}
    )
    numbers = {"disruptionsAllowed": allowed, "currentHealthy": 1, "desiredHealthy": 1, "observedGeneration": 1}
    store.update(BUDGETS, {**made, "status": numbers}, "status")


def _running(store: Store, *, ready: bool = True) -> None:
    pod = store.create(PODS, a_pod(node="n1", labels={"app": "web"}))
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    store.update(PODS, {**pod, "status": {"phase": "Running", "conditions": conditions}}, "status")


def test_a_budget_refuses_and_a_budget_is_spent(store: Store) -> None:
    _budget(store, 0)
    _running(store)
    failure = refused(429, "TooManyRequests", evict, store, "default", "p", {})
    assert failure.message == "Cannot evict pod as it would violate the pod's disruption budget."
    assert failure.details["causes"] == [
        {
            "reason": "DisruptionBudget",
            "message": "The disruption budget web needs 1 healthy pods and has 1 currently",
        }
    ]
    budget = store.get(BUDGETS, "default", "web")
    store.update(BUDGETS, {**budget, "status": {**budget["status"], "disruptionsAllowed": 1}}, "status")
    evict(store, "default", "p", {"dryRun": ["All"]})
    assert store.get(BUDGETS, "default", "web")["status"]["disruptionsAllowed"] == 1
    evict(store, "default", "p", {})
    spent = store.get(BUDGETS, "default", "web")["status"]
    assert (spent["disruptionsAllowed"], list(spent["disruptedPods"])) == (0, ["p"])
    assert "deletionTimestamp" in store.get(PODS, "default", "p")["metadata"]


def test_unhealthy_pods_go_where_the_policy_says(store: Store) -> None:
    _budget(store, 0, unhealthyPodEvictionPolicy="AlwaysAllow")
    _running(store, ready=False)
    evict(store, "default", "p", {})
    assert "deletionTimestamp" in store.get(PODS, "default", "p")["metadata"]


def test_a_budget_that_is_not_observed_yet_says_when_to_come_back(store: Store) -> None:
    selector = {"matchLabels": {"app": "web"}}
    store.create(BUDGETS, {"metadata": {"name": "web"}, "spec": {"minAvailable": 1, "selector": selector}})
    _running(store)
    assert refused(429, "TooManyRequests", evict, store, "default", "p", {}).retry_after == 10


def test_jobs_know_their_pods(store: Store) -> None:
    spec = {"restartPolicy": "Never", **a_pod()["spec"]}
    job = store.create(JOBS, {"metadata": {"name": "j"}, "spec": {"template": {"spec": spec}}})
    uid = job["metadata"]["uid"]
    assert job["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    assert job["spec"]["template"]["metadata"]["labels"]["batch.kubernetes.io/job-name"] == "j"
    assert (job["spec"]["parallelism"], job["spec"]["completions"], job["spec"]["backoffLimit"]) == (1, 1, 6)
