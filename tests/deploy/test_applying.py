"""Carrying a plan out: order, what fails, what stands; and a set that converges whatever was interrupted."""

from collections.abc import Callable

import pytest

from k8sai.cluster.api_errors import ApiConflict, ApiForbidden, Cause, Unavailable
from k8sai.cluster.writing import Target
from k8sai.deploy.applying import Run
from k8sai.deploy.applyset import ApplySet, Contents
from k8sai.deploy.placing import place
from k8sai.deploy.plan import Choices, Plan
from k8sai.deploy.planning import draft
from k8sai.deploy.pruning import Inventory, contents_of
from k8sai.errors import Drift
from k8sai.manifests import Manifest
from tests.deploy.objects import Json, Server, manifest

NAMESPACE = manifest("Namespace", "ml")
CONFIG, SECRET = manifest("ConfigMap", "conf", data={"a": "1"}), manifest("Secret", "token")
WEB, WORKER = manifest("Deployment", "web"), manifest("Deployment", "worker")


def planned(server: Server, *manifests: Manifest, **labels: str) -> Plan:
    return draft(place(manifests, server, "ml"), server, Choices(), labels).plan  # type: ignore[arg-type]


def run_of(server: Server, plan: Plan) -> Run:
    return Run(server, plan, sleep=lambda _: None)  # type: ignore[arg-type]


def failing(server: Server, number: int, error: Exception) -> Callable[[str, Target, Json], None]:
    """The write of this number, from 1, fails; and all that come after it, where a server is gone."""
    tries = [0]

    def refuse(verb: str, _target: Target, _body: Json) -> None:
        if verb in ("apply", "force", "delete"):
            tries[0] += 1
            if tries[0] == number or (tries[0] > number and isinstance(error, Unavailable)):
                raise error

    server.refuse = refuse
    return refuse


def states(run: Run) -> list[tuple[str, str]]:
    return [(one.change.target.name, one.state) for one in run.outcomes]


def test_phase_by_phase() -> None:
    server = Server()
    run = run_of(server, planned(server, WEB, SECRET, NAMESPACE, CONFIG))
    assert run.write()
    assert [ref for _, ref in server.writes] == [
        "namespace/ml",
        "secret/token",
        "configmap/conf",
        "deployment.apps/web",
    ]


def test_the_second_time_nothing_is_written() -> None:
    server = Server()
    run_of(server, planned(server, WEB, CONFIG)).write()
    before = list(server.writes)
    again = run_of(server, planned(server, WEB, CONFIG))
    assert again.write()
    assert (server.writes, {state for _, state in states(again)}) == (before, {"unchanged"})


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_what_fails_stops_the_phases_after_it(number: int) -> None:
    """Its own phase is tried whole: its objects do not depend on each other."""
    server = Server()
    run = run_of(server, planned(server, CONFIG, SECRET, WEB, WORKER))
    failing(server, number, ApiForbidden("quota"))
    assert not run.write()
    found = dict(states(run))
    names = ["conf", "token", "web", "worker"]
    assert found[names[number - 1]] == "failed"
    assert [one.target.name for one in run.untried] == (["web", "worker"] if number <= 2 else [])
    assert set(found.values()) == {"written", "failed"}


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_server_that_is_gone_stops_everything_and_the_next_run_converges(number: int) -> None:
    server = Server()
    run = run_of(server, planned(server, CONFIG, SECRET, WEB, WORKER))
    failing(server, number, Unavailable("gone"))
    assert not run.write()
    assert [state for _, state in states(run)] == ["written"] * (number - 1) + ["failed"]
    assert len(run.untried) == 4 - number
    server.refuse = lambda *_: None
    again = run_of(server, planned(server, CONFIG, SECRET, WEB, WORKER))
    assert again.write()
    assert [state for _, state in states(again)] == ["unchanged"] * (number - 1) + ["written"] * (5 - number)


# --- fields taken by force --------------------------------------------------------------------------------------------


class Contested(Server):
    """Somebody owns `.data.a`; `others` is how often they write while nobody looks."""

    others = 0

    def apply(self, one: Target, body: Json, *, force: bool = False, dry_run: bool = False):  # type: ignore[no-untyped-def]
        live = self.objects[one.path]
        version = body["metadata"].get("resourceVersion")
        if force and not dry_run:
            assert version, "nothing is forced on an object that nobody has seen"
        if version and version != live["metadata"]["resourceVersion"]:
            raise ApiConflict("the object has been modified")
        if not force and body["data"].get("a", live["data"]["a"]) != live["data"]["a"]:
            causes = (Cause("FieldManagerConflict", ".data.a", 'conflict with "x"'),)
            raise ApiConflict("Apply failed", causes=causes)
        if not dry_run and self.others:
            self.others -= 1
            self.objects[one.path]["metadata"]["resourceVersion"] += "x"
            raise ApiConflict("the object has been modified")
        return super().apply(one, body, force=force, dry_run=dry_run)


def contested(others: int) -> tuple[Server, Run]:
    first = Server()
    run_of(first, planned(first, manifest("ConfigMap", "conf", data={"a": "1"}))).write()
    server = Contested(first.objects)
    choices = Choices(take=(".data.a",))
    placed = place([manifest("ConfigMap", "conf", data={"a": "2"})], server, "ml")  # type: ignore[arg-type]
    plan = draft(placed, server, choices).plan  # type: ignore[arg-type]
    server.others = others
    return server, Run(server, plan, choices)  # type: ignore[arg-type]


@pytest.mark.parametrize("others", [0, 1, 4])
def test_a_field_is_taken_from_the_object_that_was_seen(others: int) -> None:
    server, run = contested(others)
    assert run.write()
    assert server.writes[-1] == ("force", "configmap/conf")


def test_an_object_that_is_written_all_the_time_is_left() -> None:
    _, run = contested(99)
    assert not run.write()
    assert isinstance(run.outcomes[0].error, Drift)


def test_a_conflict_that_came_since_the_plan_is_not_forced() -> None:
    server = Server()
    run_of(server, planned(server, manifest("ConfigMap", "conf", data={"a": "1"}))).write()
    plan = planned(server, manifest("ConfigMap", "conf", data={"a": "2"}))
    run = Run(Contested(server.objects), plan)  # type: ignore[arg-type]
    assert not run.write()
    assert isinstance(run.outcomes[0].error, Drift)
    assert ".data.a" in str(run.outcomes[0].error)


# --- sets -------------------------------------------------------------------------------------------------------------


OWNER = ApplySet("web", "ml")


def applied(server: Server, *manifests: Manifest, prune: bool = True, stop: int = 0, also: tuple[str, ...] = ()) -> Run:
    """An apply of the set as the command does it; `stop`: the process is killed before this write."""
    inventory = Inventory(server, OWNER)  # type: ignore[arg-type]
    placed = place(manifests, server, "ml")  # type: ignore[arg-type]
    plan = draft(placed, server, Choices(), OWNER.labels).plan  # type: ignore[arg-type]
    now, still = contents_of(placed.items), Contents()
    if prune:
        left = inventory.left(placed.items, also)
        plan, still = plan.with_deletes(left.changes, left.kept), left.still
    run = Run(server, plan, remember=lambda: inventory.keep(inventory.had | now), home="ml")  # type: ignore[arg-type]
    if stop:
        failing(server, stop, KeyboardInterrupt())  # type: ignore[arg-type]
    try:
        if run.write() and run.delete() and prune:
            inventory.keep(now | still)
    except KeyboardInterrupt:
        pass
    server.refuse = lambda *_: None
    return run


def there(server: Server) -> list[str]:
    return sorted(path.rsplit("/", 2)[-2] + "/" + path.rsplit("/", 1)[-1] for path in server.objects)


def test_exactly_what_has_left_the_set_goes() -> None:
    server = Server()
    run_of(server, planned(server, manifest("ConfigMap", "strange"))).write()
    applied(server, CONFIG, SECRET, WEB, WORKER)
    applied(server, CONFIG, WEB)
    assert there(server) == ["configmaps/conf", "configmaps/k8sai-apply-web", "configmaps/strange", "deployments/web"]
    assert Inventory(server, OWNER).had == Contents(frozenset({"ConfigMap", "Deployment.apps"}))  # type: ignore[arg-type]


def test_without_prune_the_set_remembers_what_it_had() -> None:
    server = Server()
    applied(server, CONFIG, SECRET)
    applied(server, CONFIG, prune=False)
    assert "secrets/token" in there(server)
    applied(server, CONFIG)
    assert "secrets/token" not in there(server)


def test_claims_stay_and_the_set_goes_on_knowing_them() -> None:
    server, claim = Server(), manifest("PersistentVolumeClaim", "data")
    applied(server, CONFIG, claim)
    run = applied(server, CONFIG)
    assert run.plan.kept == ("persistentvolumeclaim/data in namespace ml",)
    assert "persistentvolumeclaims/data" in there(server)
    applied(server, CONFIG, also=("pvc",))
    assert "persistentvolumeclaims/data" not in there(server)


def test_another_object_of_the_same_name_stays() -> None:
    server = Server()
    applied(server, CONFIG, SECRET)
    inventory = Inventory(server, OWNER)  # type: ignore[arg-type]
    (change,) = inventory.left(place([CONFIG], server, "ml").items, ()).changes  # type: ignore[arg-type]
    server.objects[change.target.path]["metadata"]["uid"] = "another"
    run = run_of(server, Plan((change,)))
    assert run.delete()
    assert states(run) == [("token", "gone")]
    assert "secrets/token" in there(server)


@pytest.mark.parametrize("stop", range(1, 7))
def test_killed_at_any_write_the_next_apply_converges(stop: int) -> None:
    """From {conf, token, web} to {conf, worker}: five writes and a delete, the parent's among them."""
    server, whole = Server(), Server()
    for one in (server, whole):
        applied(one, CONFIG, SECRET, WEB)
    applied(whole, CONFIG, WORKER)
    applied(server, CONFIG, WORKER, stop=stop)
    known = Inventory(server, OWNER).had.kinds  # type: ignore[arg-type]
    assert {"Secret", "Deployment.apps"} <= known or "secrets/token" not in there(server)
    applied(server, CONFIG, WORKER)
    assert there(server) == there(whole)
    assert Inventory(server, OWNER).had == Inventory(whole, OWNER).had  # type: ignore[arg-type]
    assert {state for _, state in states(applied(server, CONFIG, WORKER))} == {"unchanged"}


def test_the_parent_knows_a_kind_before_an_object_of_it_is_there() -> None:
    server = Server()
    applied(server, CONFIG, WEB, stop=2)  # the parent, and nothing else
    assert there(server) == ["configmaps/k8sai-apply-web"]
    assert Inventory(server, OWNER).had.kinds == {"ConfigMap", "Deployment.apps"}  # type: ignore[arg-type]


def test_a_set_that_makes_its_own_namespace_is_remembered_right_after() -> None:
    server = Server()
    applied(server, NAMESPACE, CONFIG)
    assert [ref for _, ref in server.writes] == ["namespace/ml", "configmap/k8sai-apply-web", "configmap/conf"]
