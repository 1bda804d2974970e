"""Controllers that make pods: Deployments, Jobs and JobSets come to the states people wait for."""

from collections.abc import Callable

import pytest

from tests.contract.api import Api, Json
from tests.contract.conftest import Nodes, Server
from tests.contract.objects import deployment, job, template

DONE = {"test.k8sai.dev/complete-after": "1ms", "sim.k8sai.dev/run-for": "1ms"}  # a short life, to either kubelet
JOBSETS = "/apis/jobset.x-k8s.io/v1alpha2"


@pytest.fixture
def apps(namespace: str) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}"


@pytest.fixture
def jobs(namespace: str) -> str:
    return f"/apis/batch/v1/namespaces/{namespace}/jobs"


def _condition(obj: Json, kind: str) -> Json:
    found = [c for c in obj.get("status", {}).get("conditions", []) if c["type"] == kind]
    return dict(found[0]) if found else {}


def _holds(kind: str) -> Callable[[Json], bool]:
    return lambda obj: _condition(obj, kind).get("status") == "True"


def test_a_deployment_becomes_available(api: Api, apps: str, core: str, nodes: Callable[..., Nodes]) -> None:
    api.post(f"{apps}/deployments", deployment(replicas=3, nodeSelector=nodes().selector)).ok()
    web = api.until_object(f"{apps}/deployments/web", lambda d: d.get("status", {}).get("availableReplicas") == 3)
    status = web["status"]
    assert (status["replicas"], status["readyReplicas"], status["updatedReplicas"]) == (3, 3, 3)
    assert status["observedGeneration"] == web["metadata"]["generation"]
    web = api.until_object(f"{apps}/deployments/web", _holds("Available"))
    assert _condition(web, "Available")["reason"] == "MinimumReplicasAvailable"
    (replica_set,) = api.get(f"{apps}/replicasets").ok()["items"]
    assert replica_set["metadata"]["ownerReferences"][0]["name"] == "web"
    assert replica_set["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    for pod in api.get(f"{core}/pods").ok()["items"]:
        (owner,) = pod["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["controller"]) == (
            "ReplicaSet",
            replica_set["metadata"]["name"],
            True,
        )
        assert pod["metadata"]["labels"]["pod-template-hash"] == replica_set["metadata"]["labels"]["pod-template-hash"]


def test_a_deployment_is_defaulted_and_validated(api: Api, apps: str) -> None:
    made = api.post(f"{apps}/deployments", deployment(replicas=0)).ok()["spec"]
    assert made["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    assert (made["revisionHistoryLimit"], made["progressDeadlineSeconds"]) == (10, 600)
    strange = deployment("other")
    strange["spec"]["selector"] = {"matchLabels": {"app": "someone-else"}}
    body = api.post(f"{apps}/deployments", strange).refused(422, "Invalid")
    assert body["details"]["causes"][0]["field"] == "spec.template.metadata.labels"


def test_a_new_template_replaces_the_pods(api: Api, apps: str, core: str, nodes: Callable[..., Nodes]) -> None:
    api.post(f"{apps}/deployments", deployment(replicas=2, nodeSelector=nodes().selector)).ok()
    api.until_object(f"{apps}/deployments/web", lambda d: d.get("status", {}).get("availableReplicas") == 2)
    image = "registry.example/train:2"
    containers = [{"name": "main", "image": image}]
    api.patch(f"{apps}/deployments/web", {"spec": {"template": {"spec": {"containers": containers}}}}).ok()

    def rolled(pods: dict[str, Json]) -> bool:
        images = [pod["spec"]["containers"][0]["image"] for pod in pods.values()]
        return images == [image, image] and all(pod["status"]["phase"] == "Running" for pod in pods.values())

    api.until(f"{core}/pods", rolled)
    sets = api.until(f"{apps}/replicasets", lambda sets: sorted(s["spec"]["replicas"] for s in sets.values()) == [0, 2])
    revisions = {s["metadata"]["annotations"]["deployment.kubernetes.io/revision"] for s in sets.values()}
    assert revisions == {"1", "2"}


def test_a_deployment_grows_and_shrinks(api: Api, apps: str, core: str, nodes: Callable[..., Nodes]) -> None:
    api.post(f"{apps}/deployments", deployment(replicas=1, nodeSelector=nodes().selector)).ok()

    def scaled(replicas: int) -> None:
        api.patch(f"{apps}/deployments/web/scale", {"spec": {"replicas": replicas}}).ok()
        api.until(f"{core}/pods", lambda pods: len(pods) == replicas)

    scaled(3)
    scaled(1)
    scaled(0)


def test_a_pod_that_is_lost_is_replaced(api: Api, apps: str, core: str, nodes: Callable[..., Nodes]) -> None:
    api.post(f"{apps}/deployments", deployment(replicas=1, nodeSelector=nodes().selector)).ok()
    (first,) = api.until(f"{core}/pods", lambda pods: len(pods) == 1).values()
    api.delete(f"{core}/pods/{first['metadata']['name']}", {"gracePeriodSeconds": 0}).ok()
    uid = first["metadata"]["uid"]
    api.until(f"{core}/pods", lambda pods: len(pods) == 1 and all(p["metadata"]["uid"] != uid for p in pods.values()))


def test_a_job_runs_to_its_end(api: Api, jobs: str, core: str, nodes: Callable[..., Nodes]) -> None:
    where = nodes()
    made = api.post(jobs, job(parallelism=2, annotations=DONE, nodeSelector=where.selector)).ok()
    assert made["spec"]["backoffLimit"] == 6
    done = api.until_object(f"{jobs}/train", _holds("Complete"))
    assert done["status"]["succeeded"] == 2
    assert done["status"]["startTime"] <= done["status"]["completionTime"]
    pods = api.get(f"{core}/pods").ok()["items"]
    assert {pod["status"]["phase"] for pod in pods} == {"Succeeded"}
    assert {pod["metadata"]["labels"]["batch.kubernetes.io/job-name"] for pod in pods} == {"train"}


def test_an_indexed_job_numbers_its_pods(api: Api, jobs: str, core: str, nodes: Callable[..., Nodes]) -> None:
    indexed = job(parallelism=3, nodeSelector=nodes().selector)
    indexed["spec"]["completionMode"] = "Indexed"
    api.post(jobs, indexed).ok()
    pods = api.until(f"{core}/pods", lambda pods: len(pods) == 3)
    indexes = {p["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] for p in pods.values()}
    assert indexes == {"0", "1", "2"}
    assert {p["metadata"]["name"].rsplit("-", 1)[0] for p in pods.values()} == {"train-0", "train-1", "train-2"}


def test_a_suspended_job_has_no_pods(api: Api, jobs: str, core: str, nodes: Callable[..., Nodes]) -> None:
    api.post(jobs, job(parallelism=2, nodeSelector=nodes().selector)).ok()
    api.until(f"{core}/pods", lambda pods: len(pods) == 2)
    api.patch(f"{jobs}/train", {"spec": {"suspend": True}}).ok()
    api.until(f"{core}/pods", lambda pods: not pods)
    held = api.until_object(f"{jobs}/train", _holds("Suspended"))
    assert held["status"].get("active", 0) == 0
    api.patch(f"{jobs}/train", {"spec": {"suspend": False}}).ok()
    api.until_object(f"{jobs}/train", lambda j: j["status"].get("active") == 2)


def test_an_evicted_pod_of_a_job_counts_as_failed_and_is_replaced(
    api: Api, jobs: str, core: str, nodes: Callable[..., Nodes]
) -> None:
    api.post(jobs, job(nodeSelector=nodes().selector)).ok()
    (first,) = api.until(
        f"{core}/pods", lambda pods: any(p["status"]["phase"] == "Running" for p in pods.values())
    ).values()
    name, uid = first["metadata"]["name"], first["metadata"]["uid"]
    assert api.post(f"{core}/pods/{name}/eviction", {"metadata": {"name": name}}).status == 201
    api.until_object(f"{jobs}/train", lambda j: j.get("status", {}).get("failed") == 1)
    api.until(
        f"{core}/pods",
        lambda pods: any(p["metadata"]["uid"] != uid and p["status"]["phase"] == "Running" for p in pods.values()),
    )


def test_a_job_that_fails_too_often_gives_up(api: Api, jobs: str, core: str, nodes: Callable[..., Nodes]) -> None:
    limited = job(nodeSelector=nodes().selector)
    limited["spec"]["backoffLimit"] = 0
    api.post(jobs, limited).ok()
    (only,) = api.until(
        f"{core}/pods", lambda pods: any(p["status"]["phase"] == "Running" for p in pods.values())
    ).values()
    api.delete(f"{core}/pods/{only['metadata']['name']}").ok()
    failed = api.until_object(f"{jobs}/train", _holds("Failed"))
    assert _condition(failed, "Failed")["reason"] == "BackoffLimitExceeded"


def test_a_jobs_template_is_fixed(api: Api, jobs: str) -> None:
    api.post(jobs, job(nodeSelector={"no.such/label": "x"})).ok()
    containers = {
        "spec": {"template": {"spec": {"containers": [{"name": "main", "image": "registry.example/train:2"}]}}}
    }
    body = api.patch(f"{jobs}/train", containers).refused(422, "Invalid")
    assert body["details"]["causes"][0]["field"] == "spec.template"
    always = job("other", nodeSelector={"no.such/label": "x"})
    always["spec"]["template"]["spec"]["restartPolicy"] = "Always"
    body = api.post(jobs, always).refused(422, "Invalid")
    assert body["details"]["causes"][0]["field"] == "spec.template.spec.restartPolicy"


def _jobset(name: str, *, annotations: dict[str, str] | None = None, **spec: object) -> Json:
    def replicated(of: str, replicas: int, parallelism: int) -> Json:
        pods = template({}, annotations, restartPolicy="Never", **spec)
        body = {"parallelism": parallelism, "completions": parallelism, "completionMode": "Indexed", "template": pods}
        return {"name": of, "replicas": replicas, "template": {"spec": body}}

    groups = [replicated("leader", 1, 1), replicated("worker", 2, 2)]
    return {
        "apiVersion": "jobset.x-k8s.io/v1alpha2",
        "kind": "JobSet",
        "metadata": {"name": name},
        "spec": {"replicatedJobs": groups},
    }


def test_a_jobset_makes_its_jobs(
    server: Server, namespace: str, jobs: str, core: str, nodes: Callable[..., Nodes]
) -> None:
    server.needs("jobset")
    api, path = server.api, f"{JOBSETS}/namespaces/{namespace}/jobsets"
    api.post(path, _jobset("gang", nodeSelector=nodes().selector)).ok()
    made = api.until(jobs, lambda found: len(found) == 3)
    assert {j["metadata"]["name"] for j in made.values()} == {"gang-leader-0", "gang-worker-0", "gang-worker-1"}
    assert {j["metadata"]["labels"]["jobset.sigs.k8s.io/jobset-name"] for j in made.values()} == {"gang"}
    pods = api.until(
        f"{core}/pods", lambda pods: len(pods) == 5 and all(p["status"]["phase"] == "Running" for p in pods.values())
    )
    labels = [p["metadata"]["labels"] for p in pods.values()]
    assert {label["jobset.sigs.k8s.io/replicatedjob-name"] for label in labels} == {"leader", "worker"}
    ready = api.until_object(
        f"{path}/gang",
        lambda s: sum(r.get("ready", 0) for r in s.get("status", {}).get("replicatedJobsStatus", [])) == 3,
    )
    assert {r["name"]: r["ready"] for r in ready["status"]["replicatedJobsStatus"]} == {"leader": 1, "worker": 2}
    api.delete(f"{path}/gang").ok()
    api.until(jobs, lambda found: not found, seconds=90)  # a garbage collector looks for new kinds every 30 s
    api.until(f"{core}/pods", lambda pods: not pods)


def test_a_jobset_completes_with_its_jobs(server: Server, namespace: str, nodes: Callable[..., Nodes]) -> None:
    server.needs("jobset")
    path = f"{JOBSETS}/namespaces/{namespace}/jobsets"
    server.api.post(path, _jobset("gang", annotations=DONE, nodeSelector=nodes().selector)).ok()
    server.api.until_object(f"{path}/gang", _holds("Completed"))


def test_a_suspended_jobset_waits(
    server: Server, namespace: str, jobs: str, core: str, nodes: Callable[..., Nodes]
) -> None:
    server.needs("jobset")
    api, path = server.api, f"{JOBSETS}/namespaces/{namespace}/jobsets"
    held = _jobset("gang", nodeSelector=nodes().selector)
    held["spec"]["suspend"] = True
    api.post(path, held).ok()
    api.until_object(f"{path}/gang", _holds("Suspended"))
    assert api.get(f"{core}/pods").ok()["items"] == []
    api.patch(f"{path}/gang", {"spec": {"suspend": False}}).ok()
    api.until(f"{core}/pods", lambda pods: len(pods) == 5)
