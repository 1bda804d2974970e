"""The plan: every object as it is and as it would be."""

from typing import Any

import pytest

from k8sai.cluster.api_errors import ApiConflict, ApiForbidden, ApiNotFound, Cause
from k8sai.cluster.writing import Invalid, Target
from k8sai.deploy.applyset import PART_OF
from k8sai.deploy.fields import LAST_APPLIED
from k8sai.deploy.placing import place
from k8sai.deploy.plan import Choices
from k8sai.deploy.planning import Drafted, body_of, draft
from k8sai.errors import Refused, Usage
from k8sai.manifests import Manifest
from tests.deploy.objects import Json, Server, managed, manifest, target


def drafted(
    server: Server, *manifests: Manifest, choices: Choices | None = None, labels: Json | None = None
) -> Drafted:
    placed = place(manifests, server, "ml")  # type: ignore[arg-type]
    return draft(placed, server, choices or Choices(), labels or {})  # type: ignore[arg-type]


def ops(found: Drafted) -> list[tuple[str, str]]:
    return [(change.op, change.target.ref) for change in found.plan.changes]


def config(**data: str) -> Manifest:
    return manifest("ConfigMap", "conf", data=data)


def having(server: Server, *manifests: Manifest) -> Server:
    """The server once these are there."""
    for item in place(manifests, server, "ml").items:  # type: ignore[arg-type]
        server.apply(item.target, body_of(item, {}))
    server.writes.clear()
    return server


def test_what_is_not_there_is_created_and_nothing_is_written() -> None:
    server = Server()
    assert ops(drafted(server, config(a="1"))) == [("create", "configmap/conf")]
    assert (server.writes, server.dry) == ([], ["configmap/conf"])


def test_what_is_as_it_should_be_is_unchanged() -> None:
    assert ops(drafted(having(Server(), config(a="1")), config(a="1"))) == [("unchanged", "configmap/conf")]


def test_what_differs_is_updated_field_by_field() -> None:
    (change,) = drafted(having(Server(), config(a="1", b="2")), config(a="3")).plan.changes
    assert (change.op, [(one.path, one.before, one.after) for one in change.fields]) == (
        "update",
        [(".data.a", "1", "3")],
    )


def test_becoming_an_owner_of_the_same_values_is_a_write_too() -> None:
    server = having(Server(), config(a="1"))

    class Owning(Server):
        def apply(self, one: Target, body: Json, *, force: bool = False, dry_run: bool = False) -> Any:
            written = super().apply(one, body, force=force, dry_run=dry_run)
            written.object["metadata"]["managedFields"] = [managed("k8sai", {"f:data": {"f:a": {}}})]
            return written

    found = drafted(Owning(server.objects), config(a="1"))
    assert ops(found) == [("update", "configmap/conf")]
    assert found.plan.changes[0].fields == ()


def test_objects_come_in_the_order_of_writing() -> None:
    found = drafted(Server(), manifest("Deployment"), manifest("ConfigMap", "conf"), manifest("Namespace", "ml2"))
    assert ops(found) == [("create", "namespace/ml2"), ("create", "configmap/conf"), ("create", "deployment.apps/web")]


def test_the_status_and_the_servers_own_metadata_are_not_sent() -> None:
    written = manifest(
        "ConfigMap",
        "conf",
        metadata={"uid": "u", "resourceVersion": "3", "annotations": {LAST_APPLIED: "{}", "note": "mine"}},
        status={"x": 1},
        data={"a": "1"},
    )
    (change,) = drafted(Server(), written, labels={"app": "x"}).plan.changes
    assert change.body == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "conf", "namespace": "ml", "labels": {"app": "x"}, "annotations": {"note": "mine"}},
        "data": {"a": "1"},
    }


# --- what the server cannot be asked ----------------------------------------------------------------------------------


def test_a_namespace_of_the_set_is_not_asked_about() -> None:
    found = drafted(Server(), manifest("Namespace", "new"), manifest("ConfigMap", "conf", "new"))
    assert [(one.op, bool(one.untried)) for one in found.plan.changes] == [("create", False), ("create", True)]
    assert "namespace new is made by the set itself" in found.plan.changes[1].untried


def test_a_kind_of_the_set_is_not_asked_about() -> None:
    names = {"kind": "CronTab", "plural": "crontabs"}
    versions = [{"name": "v1", "served": True, "storage": True}]
    spec = {"group": "stable.example.com", "names": names, "scope": "Namespaced", "versions": versions}
    definition = manifest("CustomResourceDefinition", "crontabs.stable.example.com", spec=spec)
    own = Manifest({"apiVersion": "stable.example.com/v1", "kind": "CronTab", "metadata": {"name": "c"}}, "c.yaml")
    found = drafted(Server(), own, definition)
    assert ops(found)[1] == ("create", "crontab.stable.example.com/c")
    assert "defined by the set itself" in found.plan.changes[1].untried
    assert found.plan.changes[1].target.path == "/apis/stable.example.com/v1/namespaces/ml/crontabs/c"


@pytest.mark.parametrize(
    "error",
    [
        ApiForbidden("alice may not patch"),
        ApiNotFound('namespaces "ml" not found'),
        Invalid('admission webhook "x" does not support dry run'),
    ],
)
def test_without_a_dry_run_it_is_compared_here(error: Exception) -> None:
    server = having(Server(), config(a="1"))

    def refuse(verb: str, _target: Target, _body: Json) -> None:
        if verb == "dry":
            raise error

    server.refuse = refuse
    (change,) = drafted(server, config(a="2")).plan.changes
    assert (change.op, [(one.path, one.before, one.after) for one in change.fields]) == (
        "update",
        [(".data.a", "1", "2")],
    )
    assert change.untried
    assert ops(drafted(server, config(a="1"))) == [("unchanged", "configmap/conf")]


# --- what stands in the way -------------------------------------------------------------------------------------------


def test_everything_that_the_server_does_not_take_is_said() -> None:
    server = Server()

    def refuse(_verb: str, one: Target, _body: Json) -> None:
        if one.name != "good":
            raise Invalid(f"{one.name} is wrong")

    server.refuse = refuse
    found = drafted(server, *(manifest("ConfigMap", name) for name in ("bad", "good", "worse")))
    assert [str(one.error) for one in found.problems] == ["bad is wrong", "worse is wrong"]
    assert ops(found) == [("create", "configmap/good")]


def test_what_a_webhook_or_a_policy_refuses_is_no_missing_right() -> None:
    server = Server()

    def refuse(_verb: str, _target: Target, _body: Json) -> None:
        raise ApiForbidden('admission webhook "q" denied the request: no', by_admission=True)

    server.refuse = refuse
    (problem,) = drafted(server, config(a="1")).problems
    assert isinstance(problem.error, Refused)


def test_a_member_of_another_set_is_not_taken() -> None:
    server = having(Server(), manifest("ConfigMap", "conf", metadata={"labels": {PART_OF: "applyset-other-v1"}}))
    (problem,) = drafted(server, config(a="1"), labels={PART_OF: "applyset-mine-v1"}).problems
    assert isinstance(problem.error, Refused)
    assert "-l applyset.kubernetes.io/id=applyset-other-v1" in problem.error.hint


def test_what_is_being_deleted_is_not_written() -> None:
    server = having(Server(), config(a="1"))
    server.objects[target("ConfigMap", "conf").path]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    (problem,) = drafted(server, config(a="1")).problems
    assert isinstance(problem.error, Refused) and "it is being deleted" in str(problem.error)


def test_without_a_set_an_object_stays_in_its_own() -> None:
    server = having(Server(), manifest("ConfigMap", "conf", metadata={"labels": {PART_OF: "applyset-other-v1"}}))
    (change,) = drafted(server, config(a="1")).plan.changes
    assert change.body["metadata"]["labels"] == {PART_OF: "applyset-other-v1"}


def contested(server: Server, *paths: str) -> Server:
    """Without force these fields are somebody else's, as long as the manifest has another value."""

    def refuse(verb: str, one: Target, body: Json) -> None:
        live = server.objects.get(one.path, {}).get("data", {})
        causes = tuple(
            Cause("FieldManagerConflict", path, 'conflict with "hpa" using v1')
            for path in paths
            if (name := path.rpartition(".")[2]) in body.get("data", {}) and body["data"][name] != live.get(name)
        )
        if verb in ("dry", "apply") and causes and not server.forced:  # type: ignore[attr-defined]
            raise ApiConflict("Apply failed", causes=causes)

    class Forcing(Server):
        forced = False

        def apply(self, one: Target, body: Json, *, force: bool = False, dry_run: bool = False) -> Any:
            self.forced = force
            return super().apply(one, body, force=force, dry_run=dry_run)

    server = Forcing(server.objects)
    server.refuse = refuse
    return server


def test_a_conflict_that_nobody_decides() -> None:
    server = contested(having(Server(), config(a="1", b="2")), ".data.a", ".data.b")
    found = drafted(server, config(a="3", b="4"))
    (change,) = found.plan.changes
    assert (change.op, [one.path for one in change.open]) == ("conflict", [".data.a", ".data.b"])
    assert found.plan.conflicts


def test_only_what_is_to_be_taken_is_forced() -> None:
    server = contested(having(Server(), config(a="1", b="2", c="3")), ".data.a", ".data.b", ".data.c")
    choices = Choices(take=(".data.a",), leave=(".data.b",), share=(".data.c",))
    found = drafted(server, config(a="9", b="9", c="9"), choices=choices)
    (change,) = found.plan.changes
    assert (change.op, change.force, change.body["data"]) == ("update", True, {"a": "9", "c": "3"})
    assert [(one.path, one.after) for one in change.fields] == [(".data.a", "9")]
    assert found.plan.drastic


def test_giving_everything_up_forces_nothing() -> None:
    server = contested(having(Server(), config(a="1")), ".data.a")
    found = drafted(server, config(a="9"), choices=Choices(leave=("data.a",)))
    assert (ops(found), found.plan.drastic) == ([("unchanged", "configmap/conf")], False)


def test_a_choice_about_nothing_is_told() -> None:
    server = contested(having(Server(), config(a="1")), ".data.a")
    assert drafted(server, config(a="9"), choices=Choices(leave=(".data.z", ".data.a"))).unused == (".data.z",)


# --- places -----------------------------------------------------------------------------------------------------------


def test_a_kind_that_is_not_served_is_named_with_what_is() -> None:
    other = Manifest({"apiVersion": "apps/v2", "kind": "Deployment", "metadata": {"name": "x"}}, "x.yaml")
    (one,) = place([other], Server(), "ml").unserved  # type: ignore[arg-type]
    assert one.versions == ("v1",)


def test_an_object_without_a_namespace_goes_where_it_is_said() -> None:
    placed = place([manifest("ConfigMap", "conf"), manifest("Namespace", "x")], Server(), "ml")  # type: ignore[arg-type]
    assert [one.target for one in placed.items] == [target("Namespace", "x"), target("ConfigMap", "conf", "ml")]


@pytest.mark.parametrize(
    ("manifests", "words"),
    [
        ([manifest("ConfigMap", "conf"), manifest("ConfigMap", "conf", "ml")], "is there twice"),
        ([manifest("ConfigMap", "conf", "other")], "-n says ml"),
        ([manifest("ConfigMap", "../../namespaces/x")], "part of a path"),
        ([manifest("ConfigMap", "conf", "x/../kube-system")], "part of a path"),
        (
            [Manifest({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "x-"}}, "x.yaml")],
            "generateName",
        ),
    ],
)
def test_what_no_server_could_take(manifests: list[Manifest], words: str) -> None:
    with pytest.raises(Usage, match=words):
        place(manifests, Server(), "ml", insisted=True)  # type: ignore[arg-type]
