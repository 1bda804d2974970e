"""Role-based access control: what is refused and in which words, what somebody may, and whom one may be."""

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.contract.api import APPLY, Api, Json
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.session import kubectl

RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1"
PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Secured:
    """A server on which rights are enforced. `admin` may do everything, other users nothing at first."""

    admin: Api
    user: Callable[[str], Api]
    kubeconfig: Path


@pytest.fixture(scope="module", params=["sim", pytest.param("real", marks=pytest.mark.controlplane)])
def secured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Each in turn."""
    if request.param == "real":
        plane = request.getfixturevalue("controlplanes").get()
        yield Secured(plane.api, lambda name: Api.of(plane.kubeconfig(name)), plane.kubeconfig())
        return
    from k8sai.sim.cluster import Sim

    kubeconfig = tmp_path_factory.mktemp("secured") / "config"
    with Sim("empty", rbac=True) as sim:
        sim.write_kubeconfig(kubeconfig)
        yield Secured(Api.of(kubeconfig), lambda name: Api(sim.server, token=name), kubeconfig)


@pytest.fixture
def admin(secured: Secured) -> Api:
    return secured.admin


@pytest.fixture
def alice(secured: Secured) -> Api:
    return secured.user("alice")


@pytest.fixture
def home(admin: Api) -> Iterator[str]:
    """A namespace of the test's own; what it granted in the whole cluster goes when it ends."""
    name = new_namespace(admin, "rights")
    yield name
    admin.delete(f"/api/v1/namespaces/{name}")
    for plural in ("clusterrolebindings", "clusterroles"):
        admin.delete(f"{RBAC}/{plural}", query={"labelSelector": f"test={name}"})


def grant(admin: Api, home: str, *rules: Json, user: str = "alice", everywhere: bool = False) -> str:
    """A role with these rules, bound to a user; its name."""
    name = f"grant-{next(_numbers)}"
    meta = {"name": name, "labels": {"test": home}}
    place, kind = (RBAC, "ClusterRole") if everywhere else (f"{RBAC}/namespaces/{home}", "Role")
    admin.post(f"{place}/{kind.lower()}s", {"metadata": meta, "rules": list(rules)}).ok()
    bind(admin, home, kind, name, {"kind": "User", "name": user}, everywhere=everywhere)
    return name


def bind(admin: Api, home: str, kind: str, name: str, subject: Json, *, everywhere: bool = False) -> Json:
    place = f"{RBAC}/clusterrolebindings" if everywhere else f"{RBAC}/namespaces/{home}/rolebindings"
    meta = {"name": name, "labels": {"test": home}}
    return admin.post(place, {"metadata": meta, "roleRef": {"kind": kind, "name": name}, "subjects": [subject]}).ok()


def may(api: Api, **about: str) -> Json:
    """The answer of a review, as soon as it is yes; or after two seconds, whatever it is."""
    end = time.monotonic() + 2
    while True:
        found = api.post(f"{REVIEWS}/selfsubjectaccessreviews", {"spec": {"resourceAttributes": about}}).ok()["status"]
        if found["allowed"] or time.monotonic() > end:
            return dict(found)


def test_nothing_is_allowed_at_first(alice: Api, home: str) -> None:
    body = alice.get(f"/api/v1/namespaces/{home}/pods").refused(403, "Forbidden")
    assert body["message"] == (
        f'pods is forbidden: User "alice" cannot list resource "pods" in API group "" in the namespace "{home}"'
    )
    assert body["details"] == {"kind": "pods"}
    one = alice.get(f"/apis/apps/v1/namespaces/{home}/deployments/web").refused(403, "Forbidden")
    assert one["message"] == (
        'deployments.apps "web" is forbidden: User "alice" cannot get resource "deployments" in API group "apps" in '
        f'the namespace "{home}"'
    )
    everywhere = alice.get("/api/v1/nodes").refused(403, "Forbidden")
    assert everywhere["message"].endswith('cannot list resource "nodes" in API group "" at the cluster scope')
    space = alice.delete(f"/api/v1/namespaces/{home}").refused(403, "Forbidden")
    assert space["message"].endswith(f'cannot delete resource "namespaces" in API group "" in the namespace "{home}"')
    assert alice.get("/apis").status == 200
    path = alice.get("/nowhere").refused(403, "Forbidden")
    assert (path["message"], path["details"]) == ('forbidden: User "alice" cannot get path "/nowhere"', {})


def test_a_role_grants_what_it_says(admin: Api, alice: Api, home: str) -> None:
    name = grant(admin, home, PODS, {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]})
    found = may(alice, verb="list", resource="pods", namespace=home)
    assert found == {
        "allowed": True,
        "reason": f'RBAC: allowed by RoleBinding "{name}/{home}" of Role "{name}" to User "alice"',
    }
    alice.get(f"/api/v1/namespaces/{home}/pods").ok()
    alice.get(f"/api/v1/namespaces/{home}/pods/ghost/log").refused(404, "NotFound")
    for method, path in (("GET", "/api/v1/namespaces/default/pods"), ("DELETE", f"/api/v1/namespaces/{home}/pods/x")):
        alice.call(method, path).refused(403, "Forbidden")
    alice.get(f"/api/v1/namespaces/{home}/pods", {"watch": "true"}).refused(403, "Forbidden")
    assert alice.get("/api/v1/pods").status == 403
    bound = admin.get(f"{RBAC}/namespaces/{home}/rolebindings/{name}").ok()
    assert bound["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    assert bound["subjects"] == [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "alice"}]
    body = admin.patch(f"{RBAC}/namespaces/{home}/rolebindings/{name}", {"roleRef": {"name": "other"}})
    assert body.refused(422, "Invalid")["message"].endswith("field is immutable")


def test_names_of_objects(admin: Api, alice: Api, home: str) -> None:
    grant(admin, home, {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["one"], "verbs": ["get"]})
    assert may(alice, verb="get", resource="configmaps", namespace=home, name="one")["allowed"]
    alice.get(f"/api/v1/namespaces/{home}/configmaps/one").refused(404, "NotFound")
    alice.get(f"/api/v1/namespaces/{home}/configmaps/two").refused(403, "Forbidden")


def test_an_apply_that_makes_something_takes_the_right_to_create(admin: Api, alice: Api, home: str) -> None:
    grant(admin, home, {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["patch"]})
    assert may(alice, verb="patch", resource="configmaps", namespace=home)["allowed"]
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new"}, "data": {"a": "1"}}
    path, query = f"/api/v1/namespaces/{home}/configmaps/new", {"fieldManager": "me"}
    body = alice.call("PATCH", path, config, query=query, content_type=APPLY).refused(403, "Forbidden")
    assert 'User "alice" cannot create resource "configmaps"' in body["message"]
    admin.call("PATCH", path, config, query=query, content_type=APPLY).ok()
    alice.call("PATCH", path, config, query=query, content_type=APPLY).ok()


def test_a_role_that_is_missing_is_named(admin: Api, alice: Api, home: str) -> None:
    bind(admin, home, "ClusterRole", "nobody-has-it", {"kind": "User", "name": "alice"})
    end = time.monotonic() + 10
    while True:
        body = alice.get(f"/api/v1/namespaces/{home}/secrets").refused(403, "Forbidden")
        if body["message"].endswith(': rbac: RBAC: clusterrole.rbac.authorization.k8s.io "nobody-has-it" not found'):
            return
        assert time.monotonic() < end, body["message"]


def test_the_default_roles(admin: Api, alice: Api, home: str) -> None:
    bind(admin, home, "ClusterRole", "view", {"kind": "User", "name": "alice"})
    assert may(alice, verb="list", resource="pods", namespace=home)["allowed"]
    assert may(alice, verb="get", resource="deployments", group="apps", namespace=home)["allowed"]
    for verb, resource in (("get", "secrets"), ("create", "pods"), ("get", "rolebindings")):
        alice.post(f"{REVIEWS}/selfsubjectaccessreviews", {})
        about = {"verb": verb, "resource": resource, "namespace": home}
        review = alice.post(f"{REVIEWS}/selfsubjectaccessreviews", {"spec": {"resourceAttributes": about}}).ok()
        assert review["status"] == {"allowed": False}
    admins = {one["metadata"]["name"]: one for one in admin.get(f"{RBAC}/clusterroles").ok()["items"]}
    assert {"cluster-admin", "admin", "edit", "view"} <= admins.keys()
    verbs = {
        name: {
            (group, resource, verb)
            for rule in admins[name]["rules"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }
        for name in ("admin", "edit", "view")
    }
    assert verbs["view"] < verbs["edit"] < verbs["admin"]
    assert {("", "secrets", "list"), ("apps", "deployments", "create"), ("batch", "jobs", "delete")} <= verbs["edit"]
    assert ("rbac.authorization.k8s.io", "rolebindings", "create") in verbs["admin"] - verbs["edit"]


def test_roles_gather_others_by_their_labels(admin: Api, alice: Api, home: str) -> None:
    bind(admin, home, "ClusterRole", "view", {"kind": "User", "name": "alice"})
    part = {"apiGroups": ["models.example.com"], "resources": ["models"], "verbs": ["list"]}
    labels = {"test": home, "rbac.authorization.k8s.io/aggregate-to-view": "true"}
    admin.post(f"{RBAC}/clusterroles", {"metadata": {"name": f"part-{home}", "labels": labels}, "rules": [part]}).ok()
    assert may(alice, verb="list", group="models.example.com", resource="models", namespace=home)["allowed"]


def test_groups_and_service_accounts(admin: Api, alice: Api, home: str) -> None:
    bind(admin, home, "ClusterRole", "view", {"kind": "Group", "name": "system:authenticated"})
    assert may(alice, verb="list", resource="pods", namespace=home)["allowed"]
    admin.post(f"/api/v1/namespaces/{home}/serviceaccounts", {"metadata": {"name": "robot"}}).ok()
    grant(admin, home, PODS)
    subject = {"kind": "ServiceAccount", "name": "robot", "namespace": home}
    meta = {"name": "robots", "labels": {"test": home}}
    bound = {"metadata": meta, "roleRef": {"kind": "ClusterRole", "name": "edit"}, "subjects": [subject]}
    admin.post(f"{RBAC}/namespaces/{home}/rolebindings", bound).ok()
    spec = {
        "user": f"system:serviceaccount:{home}:robot",
        "resourceAttributes": {"verb": "create", "resource": "pods", "namespace": home},
    }
    end = time.monotonic() + 10
    while True:
        found = admin.post(f"{REVIEWS}/subjectaccessreviews", {"spec": spec}).ok()["status"]
        if found["allowed"]:
            break
        assert time.monotonic() < end
    assert found["reason"] == (
        f'RBAC: allowed by RoleBinding "robots/{home}" of ClusterRole "edit" to ServiceAccount "robot/{home}"'
    )


def test_nobody_grants_what_he_does_not_hold(admin: Api, alice: Api, home: str) -> None:
    roles = {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": ["create"]}
    grant(admin, home, roles, PODS)
    group = "rbac.authorization.k8s.io"
    assert may(alice, verb="create", group=group, resource="rolebindings", namespace=home)["allowed"]
    own = {"metadata": {"name": "own"}, "rules": [{**PODS, "verbs": ["get"]}]}
    alice.post(f"{RBAC}/namespaces/{home}/roles", own).ok()
    more = {
        "metadata": {"name": "more"},
        "rules": [{**PODS, "resources": ["pods", "secrets"], "apiGroups": ["", "apps"]}],
    }
    body = alice.post(f"{RBAC}/namespaces/{home}/roles", more).refused(403, "Forbidden")
    assert body["message"] == (
        'roles.rbac.authorization.k8s.io "more" is forbidden: user "alice" (groups=["system:authenticated"]) is '
        "attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}\n'
        '{APIGroups:["apps"], Resources:["pods"], Verbs:["get" "list"]}\n'
        '{APIGroups:["apps"], Resources:["secrets"], Verbs:["get" "list"]}'
    )
    for name, code, reason in (("edit", 403, "Forbidden"), ("nobody-has-it", 404, "NotFound")):
        wanted = {"metadata": {"name": "b"}, "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name}}
        alice.post(f"{RBAC}/namespaces/{home}/rolebindings", wanted).refused(code, reason)


def test_whom_one_may_be(admin: Api, alice: Api, home: str) -> None:
    path = f"/api/v1/namespaces/{home}/pods"
    as_bob = {"Impersonate-User": "bob", "Impersonate-Group": "devs"}
    body = alice.call("GET", path, headers=as_bob).refused(403, "Forbidden")
    assert body["message"] == (
        'pods is forbidden: User "alice" cannot impersonate-on:user-info:list resource "pods" in API group "" in the '
        f'namespace "{home}"'
    )
    by_admin = admin.call("GET", path, headers=as_bob).refused(403, "Forbidden")
    assert by_admin["message"].startswith('pods is forbidden: User "bob" cannot list')
    nameless = admin.call("GET", path, headers={"Impersonate-Group": "devs"}).refused(400, "BadRequest")
    assert nameless["message"].endswith("without impersonating a user name")
    grant(admin, home, {"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"]}, everywhere=True)
    assert may(alice, verb="impersonate", resource="users")["allowed"]
    only = alice.call("GET", path, headers={"Impersonate-User": "bob"}).refused(403, "Forbidden")
    assert only["message"].startswith('pods is forbidden: User "bob" cannot list')
    alice.call("GET", path, headers=as_bob).refused(403, "Forbidden")
    who = {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}
    reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    found = admin.call("POST", reviews, who, headers=as_bob).ok()["status"]["userInfo"]
    assert found == {"username": "bob", "groups": ["devs", "system:authenticated"]}
    robot = {"Impersonate-User": f"system:serviceaccount:{home}:robot"}
    assert admin.call("POST", reviews, who, headers=robot).ok()["status"]["userInfo"]["groups"] == [
        "system:serviceaccounts",
        f"system:serviceaccounts:{home}",
        "system:authenticated",
    ]


def test_the_list_of_ones_rights(admin: Api, alice: Api, home: str) -> None:
    def rules(api: Api) -> tuple[list[Json], list[Json]]:
        status = api.post(f"{REVIEWS}/selfsubjectrulesreviews", {"spec": {"namespace": home}}).ok()["status"]
        assert status["incomplete"] is False
        return status["resourceRules"], status["nonResourceRules"]

    grant(admin, home, PODS)
    may(alice, verb="get", resource="pods", namespace=home)
    resources, paths = rules(alice)
    assert {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]} in resources
    assert any("selfsubjectaccessreviews" in one["resources"] for one in resources)
    assert any("/apis" in one["nonResourceURLs"] for one in paths)
    everything, _ = rules(admin)
    assert {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]} in everything


@pytest.mark.kubectl
def test_kubectl_auth_can_i(secured: Secured, admin: Api, alice: Api, home: str, tmp_path: Path) -> None:
    grant(admin, home, PODS)
    may(alice, verb="get", resource="pods", namespace=home)

    def ask(*arguments: str) -> tuple[int, str]:
        command = [str(kubectl()), f"--kubeconfig={secured.kubeconfig}", f"--cache-dir={tmp_path}", "-n", home]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    can = ("auth", "can-i")
    assert ask(*can, "list", "pods") == (0, "yes\n")
    assert ask(*can, "list", "pods", "--as", "alice") == (0, "yes\n")
    assert ask(*can, "delete", "pods", "--as", "alice") == (1, "no\n")
    assert ask(*can, "list", "deployments.apps", "--as", "bob") == (1, "no\n")
    assert ask(*can, "get", "/apis", "--as", "alice") == (0, "yes\n")
    code, listed = ask(*can, "--list", "--as", "alice")
    rows = {tuple(line.split()) for line in listed.splitlines()}
    assert code == 0 and ("pods", "[]", "[]", "[get", "list]") in rows
    code, said = ask("get", "secrets", "--as", "alice")
    assert (code, said) == (
        1,
        'Error from server (Forbidden): secrets is forbidden: User "alice" cannot list resource "secrets" in API group '
        f'"" in the namespace "{home}"\n',
    )
    code, who = ask("auth", "whoami", "--as", "alice")
    assert code == 0 and "alice" in who


@pytest.mark.parametrize(("verb", "words"), [("get", 'pods "p" is forbidden: '), ("create", "cannot get resource")])
def test_an_upgrade_takes_the_right_to_get_and_to_create(
    admin: Api, alice: Api, home: str, verb: str, words: str
) -> None:
    """A websocket begins with a GET; who may only create, or only get, may not."""
    path = f"/api/v1/namespaces/{home}/pods/p/exec"
    grant(admin, home, {"apiGroups": [""], "resources": ["pods/exec"], "verbs": [verb]})
    may(alice, namespace=home, verb=verb, resource="pods", subresource="exec", name="p")
    assert words in alice.get(path, {"command": "ls", "stdout": "true"}).refused(403, "Forbidden")["message"]
    grant(admin, home, {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get", "create"]})
    for both in ("get", "create"):
        may(alice, namespace=home, verb=both, resource="pods", subresource="exec", name="p")
    alice.get(path, {"command": "ls", "stdout": "true"}).refused(404, "NotFound")
