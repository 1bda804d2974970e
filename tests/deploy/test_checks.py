"""Is the cluster ready for the set: each check, alone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from k8sai.cluster.api_errors import ApiForbidden
from k8sai.cluster.writing import Target
from k8sai.deploy.check import Check, Look, Needs
from k8sai.deploy.check_kinds import kinds, namespaces, versions
from k8sai.deploy.check_pods import references, volumes
from k8sai.deploy.check_queues import queues
from k8sai.deploy.check_rights import rights
from k8sai.deploy.placing import place
from k8sai.deploy.preflight import preflight, worst
from k8sai.errors import Exit, Forbidden, NotFound, Refused
from k8sai.manifests import Manifest
from k8sai.pod_specs import MOST_PODSETS
from tests.deploy.objects import RESOURCES, Json, Server, manifest, target

LOCAL, CLUSTER = "localqueues.kueue.x-k8s.io", "clusterqueues.kueue.x-k8s.io"


class Objects:
    """Whole objects by kind, namespace and name; kinds that are `forbidden` may not be read."""

    context = "test"

    def __init__(self, *found: tuple[str, str, str, Json], forbidden: tuple[str, ...] = ()) -> None:
        self.found = {(kind, namespace, name): obj for kind, namespace, name, obj in found}
        self.forbidden = forbidden

    def served(self, kind: str) -> bool:
        return any(key[0] == kind for key in self.found)

    def get(self, kind: str, namespace: str, name: str) -> Json:
        if kind in self.forbidden:
            raise ApiForbidden(f"may not get {kind}", "ask")
        if (kind, namespace, name) not in self.found:
            raise NotFound(name)
        return self.found[kind, namespace, name]

    def list(self, kind: str, namespace: str = "", **_: str) -> list[Json]:
        return [
            {"metadata": {"name": name}} for one, space, name in self.found if one == kind and namespace in ("", space)
        ]


def looked(*manifests: Manifest, server: Server | None = None, objects: Objects | None = None, **more: Any) -> Look:
    server = server or Server()
    if server.objects.get("/api/v1/namespaces/ml") is None:
        server.objects["/api/v1/namespaces/ml"] = {"metadata": {"name": "ml", "uid": "u"}}
    placed = place(manifests, server, "ml")  # type: ignore[arg-type]
    return Look(server, objects or Objects(), placed, **more)  # type: ignore[arg-type]


def said(ask: Callable[[Look], Iterator[Check]], look: Look) -> list[tuple[str, str]]:
    return [(one.level, one.text) for one in ask(look)]


def pod(name: str = "web", **spec: Any) -> Manifest:
    return manifest("Pod", name, spec={"containers": [{"name": "main"}], **spec})


# --- kinds ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "have", "level"),
    [
        ("", "v1.34.2", None),
        ("1.34", "v1.34.2", "ok"),
        ("1.9", "v1.34.0", "ok"),
        ("1.35", "v1.34.2", "fail"),
        ("1.3", "", "warn"),
    ],
)
def test_the_version_a_recipe_needs(wanted: str, have: str, level: str | None) -> None:
    found = list(versions(looked(server=Server(version=have), needs=Needs(wanted))))
    assert [one.level for one in found] == ([level] if level else [])


def test_every_kind_is_served() -> None:
    assert said(kinds, looked(manifest("ConfigMap"), pod())) == [("ok", "2 kinds served")]


def test_a_kind_that_is_not_there() -> None:
    other = Manifest({"apiVersion": "x.io/v1", "kind": "Thing", "metadata": {"name": "t"}}, "t.yaml", 7)
    (found,) = kinds(looked(other))
    assert (found.level, found.exit) == ("fail", Exit.NOT_FOUND)
    assert found.text == "t.yaml:7: the cluster has no Thing of x.io/v1"


def test_a_kind_that_a_recipe_needs() -> None:
    look = looked(
        manifest("ConfigMap"), needs=Needs(kinds=("jobset.x-k8s.io/v1alpha2/JobSet", "apps/v2/Deployment", "v1/Pod"))
    )
    assert said(kinds, look) == [
        ("fail", "the recipe needs JobSet of jobset.x-k8s.io/v1alpha2"),
        ("fail", "the recipe needs Deployment of apps/v2, and the cluster has v1"),
        ("ok", "1 kind served"),
    ]


def test_namespaces() -> None:
    server = Server()
    server.objects["/api/v1/namespaces/old"] = {
        "metadata": {"name": "old", "deletionTimestamp": "2026-01-01T00:00:00Z"}
    }
    spaces = [manifest("ConfigMap", name, name) for name in ("ml", "new", "nowhere", "old")]
    assert said(namespaces, looked(*spaces, manifest("Namespace", "new"), server=server)) == [
        ("fail", "there is no namespace nowhere"),
        ("fail", "namespace old is being deleted"),
        ("ok", "ml, new"),
    ]


# --- rights -----------------------------------------------------------------------------------------------------------


def test_every_right_that_is_missing_is_named() -> None:
    server = Server(denied={("patch", "configmaps"), ("create", "configmaps"), ("delete", "secrets")})
    look = looked(manifest("ConfigMap", "a"), pod(), server=server, prunes=((RESOURCES["Secret"], "ml"),))
    found = list(rights(look))
    assert [one.text for one in found] == [
        "you may not patch configmaps in namespace ml",
        "you may not create configmaps in namespace ml",
        "you may not delete secrets in namespace ml",
    ]
    assert {one.exit for one in found} == {Exit.FORBIDDEN}
    assert "`kubectl auth can-i patch configmaps -n ml`" in found[0].hint


def test_a_right_for_one_object_by_its_name_will_do() -> None:
    server = Server(denied={("patch", "configmaps"), ("patch", "a")})
    server.objects[target("ConfigMap", "a").path] = {"metadata": {"name": "a", "uid": "u"}}
    assert [one.level for one in rights(looked(manifest("ConfigMap", "a"), server=server))] == ["ok"]
    assert [one.level for one in rights(looked(manifest("ConfigMap", "b"), server=server))] == ["fail"]


def test_who_only_changes_need_not_be_allowed_to_create() -> None:
    server = Server(denied={("create", "configmaps")})
    server.objects[target("ConfigMap", "a").path] = {"metadata": {"name": "a", "uid": "u"}}
    keeps = target("ConfigMap", "k8sai-apply-x")
    assert [one.level for one in rights(looked(manifest("ConfigMap", "a"), server=server))] == ["ok"]
    assert [one.level for one in rights(looked(server=server, keeps=keeps))] == ["fail"]
    assert [one.level for one in rights(looked(server=server, keeps=keeps, remembered=True))] == ["ok"]


# --- what pods name ---------------------------------------------------------------------------------------------------

NAMING: dict[str, Any] = {
    "serviceAccountName": "robot",
    "imagePullSecrets": [{"name": "pull"}],
    "priorityClassName": "high",
    "volumes": [
        {"name": "a", "secret": {"secretName": "mounted"}},
        {"name": "b", "configMap": {"name": "settings"}},
        {
            "name": "c",
            "projected": {"sources": [{"secret": {"name": "projected"}}, {"configMap": {"name": "settings"}}]},
        },
        {"name": "d", "secret": {"secretName": "maybe", "optional": True}},
    ],
    "containers": [
        {
            "name": "main",
            "env": [
                {"name": "T", "valueFrom": {"secretKeyRef": {"name": "token", "key": "t"}}},
                {"name": "U", "value": "x"},
            ],
            "envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "maybe", "optional": True}}],
        }
    ],
}


def test_everything_that_pods_name_is_looked_for() -> None:
    found = said(references, looked(pod(**NAMING)))
    assert [
        text.split(" names ")[1].split(",")[0] for level, text in found if level == "warn" and " names " in text
    ] == [
        "ConfigMap settings",
        "Secret mounted",
        "Secret projected",
        "Secret pull",
        "Secret token",
        "ServiceAccount robot",
    ]
    assert found[-1] == ("warn", "1 of 7 objects that pods name may not be looked at")  # no priority classes are served


def test_what_the_set_brings_is_there() -> None:
    brought = [manifest("Secret", name) for name in ("mounted", "projected", "pull", "token")]
    brought += [manifest("ConfigMap", "settings"), manifest("ServiceAccount", "robot")]
    naming: dict[str, Any] = {key: value for key, value in NAMING.items() if key != "priorityClassName"}
    assert said(references, looked(pod(**naming), *brought)) == [("ok", "6 objects that pods name are there")]


def test_templates_within_templates_are_pods_too() -> None:
    inner = {"spec": {"template": {"spec": {"containers": [{"name": "main"}], "serviceAccountName": "robot"}}}}
    job = manifest("Job", "x", spec={"replicatedJobs": [{"name": "a", "template": inner}]})
    assert said(references, looked(job))[0][1].startswith("job.batch/x names ServiceAccount robot")


def test_pods_are_found_whatever_holds_them() -> None:
    """A predictor of KServe is a pod spec, and is not called one."""
    predictor = {"containers": [{"name": "main"}], "serviceAccountName": "robot"}
    served = manifest("Job", "x", spec={"predictor": predictor})
    assert said(references, looked(served))[0][1].startswith("job.batch/x names ServiceAccount robot")


def claim(phase: str, storage: str = "") -> Json:
    return {"spec": {"storageClassName": storage} if storage else {}, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("found", "level"),
    [
        (None, "warn"),
        (claim("Bound"), "ok"),
        (claim("Lost"), "warn"),
        (claim("Pending"), "warn"),
        (claim("Pending", "late"), "ok"),
        (claim("Pending", "soon"), "warn"),
    ],
)
def test_volumes(found: Json | None, level: str) -> None:
    classes = [
        ("storageclasses.storage.k8s.io", "", "late", {"volumeBindingMode": "WaitForFirstConsumer"}),
        ("storageclasses.storage.k8s.io", "", "soon", {"volumeBindingMode": "Immediate"}),
    ]
    claims = [("persistentvolumeclaims", "ml", "data", found)] if found else []
    mounting = pod(volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}])
    (check,) = volumes(looked(mounting, objects=Objects(*classes, *claims)))
    assert check.level == level


# --- queues -----------------------------------------------------------------------------------------------------------


def queued(queue: str = "team", sets: int = 1) -> Manifest:
    jobs = [{"name": f"j{number}", "template": {"spec": {"containers": [{"name": "main"}]}}} for number in range(sets)]
    return manifest("Job", "train", metadata={"labels": {"kueue.x-k8s.io/queue-name": queue}}, spec={"jobs": jobs})


def queue(active: str = "True", stop: str = "None", **spec: Any) -> Json:
    conditions = [{"type": "Active", "status": active, "message": "no flavor"}]
    return {"spec": {"stopPolicy": stop, "clusterQueue": "all", **spec}, "status": {"conditions": conditions}}


@pytest.mark.parametrize(
    ("local", "cluster", "level", "text"),
    [
        (queue(), queue(), "ok", "LocalQueue team is active"),
        (queue("False"), queue(), "warn", "LocalQueue team takes no work: no flavor"),
        (queue(stop="Hold"), queue(), "warn", "LocalQueue team takes no work: its stopPolicy is Hold"),
        (queue(), queue("False"), "warn", "ClusterQueue all behind LocalQueue team takes no work: no flavor"),
        (queue(), None, "warn", "LocalQueue team is for ClusterQueue all, which is not there"),
        (None, queue(), "fail", "job.batch/train names LocalQueue team, and there is none in namespace ml"),
    ],
)
def test_the_queue_that_is_named(local: Json | None, cluster: Json | None, level: str, text: str) -> None:
    found = [(LOCAL, "other", "x", queue())]
    found += [(LOCAL, "ml", "team", local)] if local else [(LOCAL, "ml", "teams", queue())]
    found += [(CLUSTER, "", "all", cluster)] if cluster else []
    (check,) = queues(looked(queued(), objects=Objects(*found)))
    assert (check.level, check.text) == (level, text)
    if level == "fail":
        assert check.hint == "did you mean teams?"


def test_more_kinds_of_pods_than_kueue_takes() -> None:
    objects = Objects((LOCAL, "ml", "team", queue()), (CLUSTER, "", "all", queue()))
    assert [one.level for one in queues(looked(queued(sets=MOST_PODSETS), objects=objects))] == ["ok"]
    assert [one.level for one in queues(looked(queued(sets=MOST_PODSETS + 1), objects=objects))] == ["fail", "ok"]


def test_without_kueue_a_queue_holds_nobody() -> None:
    assert said(queues, looked(queued()))[0][0] == "warn"
    assert said(queues, looked(pod())) == []


def test_a_cluster_queue_that_may_not_be_read() -> None:
    objects = Objects((LOCAL, "ml", "team", queue()), forbidden=(CLUSTER,))
    assert said(queues, looked(queued(), objects=objects)) == [
        ("ok", "LocalQueue team (ClusterQueue all may not be looked at)")
    ]


# --- all of them ------------------------------------------------------------------------------------------------------


def test_all_at_once_and_none_hinders_another() -> None:
    strange = manifest("Pod", "odd", spec={"containers": "none", "volumes": "x"})
    mounting = pod(volumes="oops")
    look = looked(
        strange,
        mounting,
        manifest("ConfigMap", "x", "nowhere"),
        fits=lambda items: iter([Check("fit", "ok", str(len(items)))]),
    )
    found = preflight(look)
    assert [one.id for one in found] == ["kinds", "namespaces", "namespaces", "rights", "references", "volumes", "fit"]
    assert found[-1].text == "3"


def test_what_ends_the_run() -> None:
    assert worst([Check("a", "ok", "x"), Check("b", "warn", "y")]) is None
    ours, theirs = Check("q", "fail", "no queue"), Check("k", "fail", "no kind", "install it", Exit.NOT_FOUND)
    right = Check("r", "fail", "no right", "ask", Exit.FORBIDDEN)
    for checks, wanted in (([ours], Refused), ([ours, theirs], NotFound), ([ours, theirs, right], Forbidden)):
        error = worst(checks)
        assert type(error) is wanted
        assert len(error.more) == len(checks) - 1
    assert "--skip-preflight" in str(getattr(worst([ours]), "hint", ""))


def test_an_object_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    look, asked = looked(manifest("ConfigMap", "a")), []
    monkeypatch.setattr(look.writer, "metadata", lambda one: asked.append(one.name))
    preflight(look)
    assert asked.count("a") == 1


def test_what_may_not_be_read_counts_as_new() -> None:
    server = Server()

    def refuse(_: Target) -> None:
        raise ApiForbidden("no")

    look = looked(manifest("ConfigMap", "a"), server=server)
    server.metadata = refuse  # type: ignore[method-assign, assignment]
    assert look.new(look.placed.items[0])
