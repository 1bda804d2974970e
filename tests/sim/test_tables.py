"""What a plain `kubectl get` shows. The expected rows of pods and nodes were seen on a real API server."""

import pytest

from k8sai.ages import stamp
from k8sai.sim import kinds
from k8sai.sim.store import Store
from k8sai.sim.tables import layout, row, table
from tests.sim.apiserver import NOW, Client, Json, served

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
BORN = stamp(NOW - 600)
PODS = kinds.find("", "pods")


def _pod(status: Json, **more: Json) -> Json:
    spec: Json = {"nodeName": "n1", "containers": [{"name": "a"}, {"name": "b"}]}
    meta = {"name": "p", "creationTimestamp": BORN}
    pod = {"metadata": meta, "spec": spec, "status": status}
    for key, value in more.items():
        pod[key] = {**pod.get(key, {}), **value}
    return pod


def _state(name: str, state: Json, *, ready: bool = False, restarts: int = 0, last: Json | None = None) -> Json:
    return {"name": name, "ready": ready, "restartCount": restarts, "state": state, "lastState": last or {}}


RUNNING: Json = {"running": {"startedAt": BORN}}
INIT = {"initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}]}


@pytest.mark.parametrize(
    ("pod", "shown"),
    [
        (_pod({"phase": "Pending"}), ["0/2", "Pending", "0"]),
        (
            _pod({"phase": "Running", "containerStatuses": [_state("a", RUNNING, ready=True), _state("b", RUNNING)]}),
            ["1/2", "Running", "0"],
        ),
        (
            _pod({"phase": "Pending", "containerStatuses": [_state("a", {"waiting": {"reason": "ImagePullBackOff"}})]}),
            ["0/2", "ImagePullBackOff", "0"],
        ),
        (
            _pod(
                {
                    "phase": "Running",
                    "containerStatuses": [
                        _state(
                            "a",
                            {"waiting": {"reason": "CrashLoopBackOff"}},
                            restarts=3,
                            last={"terminated": {"finishedAt": stamp(NOW - 65)}},
                        )
                    ],
                }
            ),
            ["0/2", "CrashLoopBackOff", "3 (65s ago)"],
        ),
        (
            _pod({"phase": "Succeeded", "containerStatuses": [_state("a", {"terminated": {"reason": "Completed"}})]}),
            ["0/2", "Completed", "0"],
        ),
        (
            _pod({"phase": "Failed", "containerStatuses": [_state("a", {"terminated": {"exitCode": 7}})]}),
            ["0/2", "ExitCode:7", "0"],
        ),
        (_pod({"phase": "Failed", "reason": "Evicted"}), ["0/2", "Evicted", "0"]),
        (_pod({"phase": "Running"}, metadata={"deletionTimestamp": BORN}), ["0/2", "Terminating", "0"]),
        (
            _pod({"phase": "Pending", "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]}),
            ["0/2", "SchedulingGated", "0"],
        ),
        (
            _pod({"phase": "Pending", "initContainerStatuses": [_state("i", RUNNING)]}, spec=INIT),
            ["0/3", "Init:0/2", "0"],
        ),
        (
            _pod(
                {
                    "phase": "Running",
                    "initContainerStatuses": [
                        _state("i", {"terminated": {"exitCode": 0}}),
                        {**_state("s", RUNNING, ready=True), "started": True},
                    ],
                    "containerStatuses": [_state("a", RUNNING, ready=True), _state("b", RUNNING, ready=True)],
                },
                spec=INIT,
            ),
            ["3/3", "Running", "0"],
        ),
    ],
)
def test_pods_say_their_most_telling_reason(pod: Json, shown: list[str]) -> None:
    assert layout(PODS).cells(pod, NOW)[1:4] == shown


@pytest.mark.parametrize(
    ("group", "plural", "obj", "shown"),
    [
        (
            "",
            "nodes",
            {
                "metadata": {"labels": {"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/gpu": ""}},
                "spec": {"unschedulable": True},
                "status": {
                    "conditions": [{"type": "Ready", "status": "True"}],
                    "nodeInfo": {"kubeletVersion": "v1.37.0"},
                    "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
                },
            },
            ["Ready,SchedulingDisabled", "gpu,worker", "10m", "v1.37.0", "10.0.0.1", "<none>"],
        ),
        ("", "nodes", {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}, ["NotReady", "<none>"]),
        ("", "nodes", {}, ["Unknown"]),
        ("", "configmaps", {"data": {"a": "1", "b": "2"}}, [2, "10m"]),
        (
            "",
            "services",
            {"spec": {"type": "ClusterIP", "clusterIP": "10.0.0.9", "ports": [{"port": 80, "protocol": "TCP"}]}},
            ["ClusterIP", "10.0.0.9", "<none>", "80/TCP", "10m", "<none>"],
        ),
        (
            "",
            "resourcequotas",
            {"spec": {"hard": {"pods": "9", "limits.cpu": "4"}}, "status": {"used": {"pods": "1"}}},
            ["pods: 1/9", "limits.cpu: 0/4"],
        ),
        (
            "apps",
            "deployments",
            {
                "spec": {"replicas": 3, "selector": {"matchLabels": {"a": "b"}}},
                "status": {"readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 1},
            },
            ["1/3", 2, 1, "10m", "", "", "a=b"],
        ),
        ("apps", "statefulsets", {"spec": {"replicas": 2}}, ["0/2", "10m"]),
        ("apps", "replicasets", {"spec": {"replicas": 2}, "status": {"replicas": 1}}, [2, 1, 0, "10m"]),
        ("apps", "daemonsets", {"status": {"desiredNumberScheduled": 4, "numberReady": 3}}, [4, 0, 3, 0, 0, "<none>"]),
        (
            "batch",
            "jobs",
            {
                "spec": {"completions": 4},
                "status": {"succeeded": 1, "startTime": stamp(NOW - 90)},
            },
            ["Running", "1/4", "90s", "10m"],
        ),
        ("batch", "jobs", {"status": {"conditions": [{"type": "Failed", "status": "True"}]}}, ["Failed", "0/1"]),
        ("policy", "poddisruptionbudgets", {"spec": {"maxUnavailable": "20%"}}, ["N/A", "20%", 0, "10m"]),
        ("coordination.k8s.io", "leases", {"spec": {"holderIdentity": "me"}}, ["me", "10m"]),
        (
            "resource.k8s.io",
            "resourceslices",
            {"spec": {"nodeName": "n", "driver": "d", "pool": {"name": "p"}}},
            ["n", "d", "p", "10m"],
        ),
        (
            "resource.k8s.io",
            "resourceclaims",
            {"status": {"allocation": {}, "reservedFor": [{"name": "p"}]}},
            ["pending,reserved", "10m"],
        ),
        ("resource.k8s.io", "deviceclasses", {}, ["10m"]),
        (
            "jobset.x-k8s.io",
            "jobsets",
            {"spec": {"suspend": True}, "status": {"restarts": 2}},
            [None, "2", None, "true", "10m"],
        ),
        ("scheduling.k8s.io", "priorityclasses", {"value": 5}, [5, False, "10m", ""]),
    ],
)
def test_cells(group: str, plural: str, obj: Json, shown: list[object]) -> None:
    resource = kinds.find(group, plural)
    named = {**obj, "metadata": {"name": "x", "creationTimestamp": BORN, **obj.get("metadata", {})}}
    cells = layout(resource).cells(named, NOW)
    assert cells[0] == "x"
    assert cells[1 : 1 + len(shown)] == shown


def test_events_are_about_something() -> None:
    event = {
        "metadata": {"name": "e", "creationTimestamp": BORN},
        "involvedObject": {"kind": "Pod", "name": "p"},
        "type": "Warning",
        "reason": "FailedScheduling",
        "message": "no room\n",
        "count": 3,
        "firstTimestamp": BORN,
        "lastTimestamp": stamp(NOW - 5),
        "source": {"component": "scheduler"},
    }
    cells = layout(kinds.find("", "events")).cells(event, NOW)
    assert cells == ["5s", "Warning", "FailedScheduling", "pod/p", "", "scheduler", "no room", "10m", 3, "e"]


def test_every_kind_has_as_many_cells_as_columns() -> None:
    bare = {"metadata": {"name": "x", "creationTimestamp": BORN}}
    for resource in kinds.BUILTIN:
        shown = layout(resource)
        assert len(shown.cells(bare, NOW)) == len(shown.columns), resource.title


def test_rows_carry_as_much_of_the_object_as_is_asked_for() -> None:
    pod = _pod({"phase": "Running"})
    assert row(PODS, pod, NOW, "None")["object"] is None
    assert set(row(PODS, pod, NOW, "Metadata")["object"]) == {"kind", "apiVersion", "metadata"}
    assert row(PODS, pod, NOW, "Object")["object"] is pod
    found = table(PODS, [pod], {"resourceVersion": "1"}, NOW, "None")
    assert [column["name"] for column in found["columnDefinitions"] if not column["priority"]] == [
        "Name",
        "Ready",
        "Status",
        "Restarts",
        "Age",
    ]


def test_tables_are_served_where_they_are_accepted() -> None:
    async def test(store: Store, api: Client) -> None:
        one = (await api.get("/api/v1/namespaces/default", Accept=TABLE)).body
        assert (one["kind"], one["rows"][0]["cells"]) == ("Table", ["default", "Active", "0s"])
        many = (await api.get("/api/v1/namespaces?limit=2", Accept=TABLE)).body
        assert len(many["rows"]) == 2
        assert many["metadata"]["continue"]
        partial = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
        bare = (await api.get("/api/v1/namespaces", Accept=partial)).body
        assert bare["kind"] == "PartialObjectMetadataList"
        assert all(set(item) == {"kind", "apiVersion", "metadata"} for item in bare["items"])

    served(test)
