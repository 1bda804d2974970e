"""A rollout in the cluster: the Job's Role is enough for all of it, and for nothing else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from k8sai.canary import detached
from k8sai.canary.checks.rights import driven, lacking
from k8sai.canary.detached import Runner
from k8sai.canary.facts import Phase
from k8sai.canary.keeping import names
from k8sai.cluster.reading import Reading
from k8sai.errors import Forbidden, Locked
from tests.contract.api import Api, Json
from tests.contract.chat_route import GATEWAY, ChatRoute, Operator, needs_routes, with_token
from tests.controlplane.namespaces import new_namespace

SUFFIX = "3f9a1c"


@dataclass(frozen=True, slots=True)
class Secured:
    """A server that enforces rights. `token` is what a service account of a namespace is known by."""

    api: Api
    kubeconfig: Path
    token: Callable[[str, str], str]


@pytest.fixture(scope="module", params=["sim", pytest.param("real", marks=pytest.mark.controlplane)])
def secured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Each in turn."""
    if request.param == "real":
        plane = request.getfixturevalue("controlplanes").get()

        def token(namespace: str, name: str) -> str:
            path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
            found: str = plane.api.post(path, {"spec": {}}).ok()["status"]["token"]
            return found

        yield Secured(plane.api, plane.kubeconfig(), token)
        return
    from k8sai.sim.cluster import Sim

    kubeconfig = tmp_path_factory.mktemp("secured") / "config"
    with Sim("empty", rbac=True) as sim:
        sim.write_kubeconfig(kubeconfig)
        yield Secured(
            Api.of(kubeconfig), kubeconfig, lambda namespace, name: f"system:serviceaccount:{namespace}:{name}"
        )


@pytest.fixture
def route(secured: Secured) -> Iterator[ChatRoute]:
    needs_routes(secured.api)
    namespace = new_namespace(secured.api, "detached")
    yield ChatRoute(secured.api, namespace)
    secured.api.delete(f"/api/v1/namespaces/{namespace}")


@pytest.fixture
def person(secured: Secured, route: ChatRoute) -> Operator:
    """Who has begun the rollout and leaves."""
    operator = Operator(route, secured.kubeconfig)
    operator.begin()
    return operator


@pytest.fixture
def runner(person: Operator) -> Runner:
    state = person.state
    seen = person.backend.see(person.route.live(), state.handle, Reading(person.objects))
    beside = driven(seen.objects.values())
    image = "registry.example.com/k8sai:1"
    return Runner(person.route.ref, state.backend, state.id, image, 3600.0, SUFFIX, driven=beside)


@pytest.fixture
def job(person: Operator, runner: Runner) -> str:
    """It is in the cluster; its name."""
    detached.create(person.writer, runner)
    return runner.name


@pytest.fixture
def inside(secured: Secured, job: str, route: ChatRoute, tmp_path: Path) -> Operator:
    """Who runs in the Job's pod."""
    token = secured.token(route.namespace, job)
    return Operator(route, with_token(secured.kubeconfig, token, tmp_path / "inside"))


def core(route: ChatRoute) -> str:
    return f"/api/v1/namespaces/{route.namespace}"


def jobs(route: ChatRoute) -> str:
    return f"/apis/batch/v1/namespaces/{route.namespace}/jobs"


def test_the_role_carries_a_whole_rollout(inside: Operator, route: ChatRoute, job: str) -> None:
    assert inside.run().state.phase is Phase.PROMOTED
    assert route.weights[-1] == 100 or route.weights == [100]
    history = inside.state.history
    assert {one.by for one in history[-3:]} == {f"system:serviceaccount:{route.namespace}:{job}"}
    assert [one.verb for one in history if one.by.endswith(job)]


def test_nothing_that_it_needs_is_lacking(inside: Operator, runner: Runner, route: ChatRoute) -> None:
    assert list(lacking(inside.writer, runner.rights, route.namespace)) == []
    read = Reading(inside.objects)
    inside.backend.see(route.live(), inside.state.handle, read)
    assert read.hidden == ()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "{core}/secrets"),
        ("GET", "{core}/configmaps"),
        ("GET", "{core}/configmaps/other"),
        ("POST", "{core}/configmaps"),
        ("DELETE", "{core}/configmaps/{stem}"),
        ("PATCH", "{core}/configmaps/{snapshot}"),
        ("POST", "{core}/pods"),
        ("DELETE", "{core}/pods/any"),
        ("GET", "{routes}"),
        ("PATCH", "{routes}/other"),
        ("DELETE", "{routes}/chat"),
        ("PUT", "{routes}/chat"),
        ("PATCH", "{routes}/chat/status"),
        ("GET", "/api/v1/nodes"),
        ("GET", "/api/v1/namespaces"),
        ("PATCH", "/apis/rbac.authorization.k8s.io/v1/namespaces/{home}/roles/{job}"),
        ("GET", "/api/v1/namespaces/default/pods"),
        ("DELETE", "/apis/coordination.k8s.io/v1/namespaces/{home}/leases/{stem}"),
    ],
)
def test_the_role_allows_nothing_else(
    secured: Secured, route: ChatRoute, job: str, runner: Runner, tmp_path: Path, method: str, path: str
) -> None:
    token = secured.token(route.namespace, job)
    api = Api.of(with_token(secured.kubeconfig, token, tmp_path / "inside"))
    where = path.format(
        core=core(route),
        routes=f"{GATEWAY}/namespaces/{route.namespace}/httproutes",
        home=route.namespace,
        job=job,
        stem=names.stem(route.ref),
        snapshot=names.snapshot_at(route.ref, runner.rollout).name,
    )
    body: Json | None = None if method in ("GET", "DELETE") else {}
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    api.call(method, where, body, content_type=kind).refused(403, "Forbidden")


def test_the_job_starts_when_its_rights_are_there(route: ChatRoute, job: str) -> None:
    found = route.admin.get(f"{jobs(route)}/{job}").ok()
    assert not found["spec"].get("suspend")
    for kind in ("serviceaccounts",):
        (owner,) = route.admin.get(f"{core(route)}/{kind}/{job}").ok()["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["uid"]) == ("Job", job, found["metadata"]["uid"])
    fields = {one["manager"] for one in found["metadata"]["managedFields"] if one["operation"] == "Apply"}
    assert fields == {"k8sai"}


def test_everything_goes_with_the_job(route: ChatRoute, job: str) -> None:
    route.admin.delete(f"{jobs(route)}/{job}", {"propagationPolicy": "Background"}).ok()
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{route.namespace}"
    for path in (f"{core(route)}/serviceaccounts", f"{rbac}/roles", f"{rbac}/rolebindings"):
        route.admin.until_gone(f"{path}/{job}")


def test_a_trial_leaves_nothing(person: Operator, runner: Runner, route: ChatRoute) -> None:
    detached.attempt(person.writer, runner)
    assert route.admin.get(f"{jobs(route)}/{runner.name}").status == 404


def test_one_job_at_a_time(person: Operator, job: str, runner: Runner) -> None:
    with pytest.raises(Locked, match=f"job/{job} runs the canary of httproute/chat already"):
        detached.insist_on_none(person.writer, runner.ref)


def test_a_job_that_is_over_stands_in_nobodys_way(person: Operator, job: str, runner: Runner, route: ChatRoute) -> None:
    route.admin.delete(f"{jobs(route)}/{job}", {"propagationPolicy": "Background"}).ok()
    route.admin.until_gone(f"{jobs(route)}/{job}")
    detached.insist_on_none(person.writer, runner.ref)
    detached.create(person.writer, replace(runner, suffix="ffffff"))


def test_what_fails_half_way_leaves_nothing(
    person: Operator, runner: Runner, route: ChatRoute, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply = person.writer.apply

    def refused(target: object, body: Json, **more: bool) -> object:
        if body["kind"] == "RoleBinding":
            raise Forbidden("no")
        return apply(target, body, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(person.writer, "apply", refused)
    with pytest.raises(Forbidden):
        detached.create(person.writer, runner)
    route.admin.until_gone(f"{jobs(route)}/{runner.name}")
    route.admin.until_gone(f"{core(route)}/serviceaccounts/{runner.name}")
