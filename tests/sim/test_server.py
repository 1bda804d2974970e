"""The embedded API server over HTTP: reading, writing, refusing."""

import asyncio
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from aiohttp import web

from k8sai.errors import Usage
from k8sai.sim import kinds
from k8sai.sim.deny import Denial, Denials
from k8sai.sim.founding import founded
from k8sai.sim.server import serve
from k8sai.sim.store import Store
from tests.sim.apiserver import Client, Json, Reply, served

MAPS = kinds.find("", "configmaps")
PODS = kinds.find("", "pods")
CORE = "/api/v1/namespaces/default"
MERGE = "application/merge-patch+json"


def a_map(name: str, **labels: str) -> Json:
    return {"metadata": {"name": name, "namespace": "default", "labels": labels}, "data": {}}


def a_pod(name: str = "p", node: str = "") -> Json:
    spec: Json = {"containers": [{"name": "main", "image": "train:1"}], **({"nodeName": node} if node else {})}
    return {"metadata": {"name": name, "namespace": "default"}, "spec": spec}


def names(reply: Reply) -> list[str]:
    return [item["metadata"]["name"] for item in reply.body["items"]]


def test_objects_are_made_read_changed_and_deleted() -> None:
    async def test(store: Store, api: Client) -> None:
        made = await api.call("POST", f"{CORE}/configmaps", {"metadata": {"name": "m"}, "data": {"a": "1"}})
        assert (made.code, made.body["kind"]) == (201, "ConfigMap")
        read = await api.get(f"{CORE}/configmaps/m")
        assert read.body == made.body
        put = await api.call("PUT", f"{CORE}/configmaps/m", {**read.body, "data": {"a": "2"}})
        assert put.body["data"] == {"a": "2"}
        (await api.call("PUT", f"{CORE}/configmaps/m", read.body)).refused(409, "Conflict")
        gone = await api.call("DELETE", f"{CORE}/configmaps/m")
        assert (gone.body["status"], gone.body["details"]["kind"]) == ("Success", "configmaps")
        body = (await api.get(f"{CORE}/configmaps/m")).refused(404, "NotFound")
        assert body["message"] == 'configmaps "m" not found'

    served(test)


def test_list_items_of_builtin_kinds_leave_their_kind_to_the_list() -> None:
    async def test(store: Store, api: Client) -> None:
        store.create(MAPS, a_map("m"))
        listed = (await api.get(f"{CORE}/configmaps")).body
        assert (listed["kind"], listed["apiVersion"]) == ("ConfigMapList", "v1")
        assert all("kind" not in item for item in listed["items"])
        jobsets = kinds.find("jobset.x-k8s.io", "jobsets")
        store.create(jobsets, {"metadata": {"name": "js"}, "spec": {}})
        custom = (await api.get("/apis/jobset.x-k8s.io/v1alpha2/jobsets")).body
        assert custom["items"][0]["kind"] == "JobSet"

    served(test)


def test_pages_show_one_moment_until_it_is_forgotten() -> None:
    async def test(store: Store, api: Client) -> None:
        store.delete(MAPS, "default", "kube-root-ca.crt")
        for name in "abcde":
            store.create(MAPS, a_map(name))
        first = await api.get(f"{CORE}/configmaps?limit=2")
        meta = first.body["metadata"]
        assert (names(first), meta["remainingItemCount"]) == (["a", "b"], 3)
        store.delete(MAPS, "default", "d")
        store.create(MAPS, a_map("z"))
        second = await api.get(f"{CORE}/configmaps?limit=2&continue={meta['continue']}")
        assert names(second) == ["c", "d"]
        assert second.body["metadata"]["resourceVersion"] == meta["resourceVersion"]
        store.compact()
        late = await api.get(f"{CORE}/configmaps?limit=2&continue={second.body['metadata']['continue']}")
        body = late.refused(410, "Expired")
        rest = await api.get(f"{CORE}/configmaps?continue={body['metadata']['continue']}")
        assert names(rest) == ["e", "z"]
        (await api.get(f"{CORE}/configmaps?continue=nonsense")).refused(400, "BadRequest")

    served(test)


def test_versions_are_held_against_what_there_is() -> None:
    async def test(store: Store, api: Client) -> None:
        version = store.version
        store.create(MAPS, a_map("m"))
        exact = f"{CORE}/configmaps?resourceVersion={version}&resourceVersionMatch=Exact"
        assert names(await api.get(exact)) == ["kube-root-ca.crt"]
        newer = await api.get(f"{CORE}/configmaps?resourceVersion={version}&resourceVersionMatch=NotOlderThan")
        assert names(newer) == ["kube-root-ca.crt", "m"]
        store.compact()
        (await api.get(exact)).refused(410, "Expired")
        future = (await api.get(f"{CORE}/configmaps?resourceVersion={store.version + 1}")).refused(504, "Timeout")
        assert future["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"
        (await api.get(f"{CORE}/configmaps?resourceVersionMatch=Exact")).refused(422, "Invalid")
        (await api.get(f"{CORE}/configmaps?resourceVersion=soon")).refused(400, "BadRequest")

    served(test)


def test_deletecollection_takes_what_a_selector_matches() -> None:
    async def test(store: Store, api: Client) -> None:
        for name, team in (("a", "red"), ("b", "blue"), ("c", "red")):
            store.create(MAPS, a_map(name, team=team))
        gone = await api.call("DELETE", f"{CORE}/configmaps?labelSelector=team%3Dred&dryRun=All")
        assert names(gone) == ["a", "c"]
        assert store.find(MAPS, "default", "a") is not None
        await api.call("DELETE", f"{CORE}/configmaps?labelSelector=team%3Dred")
        assert names(await api.get(f"{CORE}/configmaps?labelSelector=team")) == ["b"]

    served(test)


def test_scale_knows_replicas_only() -> None:
    async def test(store: Store, api: Client) -> None:
        template = {"metadata": {"labels": {"a": "b"}}, "spec": a_pod()["spec"]}
        spec = {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": template}
        path = "/apis/apps/v1/namespaces/default/deployments"
        await api.call("POST", path, {"metadata": {"name": "d"}, "spec": spec})
        scale = (await api.get(f"{path}/d/scale")).body
        assert (scale["kind"], scale["spec"], scale["status"]["selector"]) == ("Scale", {"replicas": 2}, "a=b")
        await api.call("PATCH", f"{path}/d/scale", {"spec": {"replicas": 5}}, Content_Type=MERGE)
        assert (await api.get(f"{path}/d")).body["spec"]["replicas"] == 5
        scale["spec"]["replicas"] = 1
        (await api.call("PUT", f"{path}/d/scale", scale)).refused(409, "Conflict")

    served(test)


def test_binding_and_eviction_are_posted() -> None:
    async def test(store: Store, api: Client) -> None:
        store.create(PODS, a_pod())
        target = {"target": {"kind": "Node", "name": "n1"}}
        assert (await api.call("POST", f"{CORE}/pods/p/binding", target)).code == 201
        (await api.call("POST", f"{CORE}/pods/p/binding", target)).refused(409, "Conflict")
        eviction: Json = {"metadata": {"name": "p"}}
        assert (await api.call("POST", f"{CORE}/pods/p/eviction?dryRun=All", eviction)).code == 201
        assert "deletionTimestamp" not in store.get(PODS, "default", "p")["metadata"]
        assert (await api.call("POST", f"{CORE}/pods/p/eviction", eviction)).body["status"] == "Success"
        assert "deletionTimestamp" in store.get(PODS, "default", "p")["metadata"]

    served(test)


def test_unknown_fields_are_dropped_told_of_or_refused() -> None:
    async def test(store: Store, api: Client) -> None:
        pod = a_pod()
        pod["spec"]["containers"][0]["comand"] = ["x"]
        told = await api.call("POST", f"{CORE}/pods", pod)
        assert told.headers["Warning"] == '299 - "unknown field \\"spec.containers[0].comand\\""'
        assert "comand" not in told.body["spec"]["containers"][0]
        strict = await api.call("POST", f"{CORE}/pods?fieldValidation=Strict", {**pod, "metadata": {"name": "q"}})
        assert 'unknown field "spec.containers[0].comand"' in strict.refused(400, "BadRequest")["message"]
        pod["spec"]["nodeName"] = 5
        wrong = (await api.call("POST", f"{CORE}/pods", pod)).refused(400, "BadRequest")["message"]
        assert "cannot unmarshal number into Go struct field PodSpec.spec.nodeName of type string" in wrong

    served(test)


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "reason"),
    [
        ("GET", "/api/v1/gizmos", None, 404, "NotFound"),
        ("PUT", f"{CORE}/pods", {}, 405, "MethodNotAllowed"),
        ("POST", f"{CORE}/pods/p", {}, 405, "MethodNotAllowed"),
        ("POST", f"{CORE}/pods", b"{", 400, "BadRequest"),
        ("POST", f"{CORE}/pods", [], 400, "BadRequest"),
        ("POST", f"{CORE}/pods", {"kind": "Node", "apiVersion": "v1"}, 400, "BadRequest"),
        ("POST", f"{CORE}/pods", {"metadata": {"namespace": "other"}}, 400, "BadRequest"),
        ("POST", "/api/v1/namespaces/none/configmaps", {"metadata": {"name": "m"}}, 404, "NotFound"),
        ("POST", f"{CORE}/configmaps?dryRun=Some", {"metadata": {"name": "m"}}, 422, "Invalid"),
        ("POST", f"{CORE}/configmaps", {"metadata": {"name": "m", "resourceVersion": "1"}}, 500, ""),
        ("GET", f"{CORE}/pods?fieldSelector=spec.color%3Dred", None, 400, "BadRequest"),
        ("GET", f"{CORE}/pods?limit=many", None, 400, "BadRequest"),
        ("DELETE", f"{CORE}/configmaps/kube-root-ca.crt?propagationPolicy=Soft", None, 422, "Invalid"),
        ("GET", f"{CORE}/pods/none/exec", None, 404, "NotFound"),
        ("GET", f"{CORE}/pods/none/attach", None, 501, "NotImplemented"),
    ],
)
def test_refusals(method: str, path: str, body: object, code: int, reason: str) -> None:
    async def test(store: Store, api: Client) -> None:
        (await api.call(method, path, body)).refused(code, reason)

    served(test)


def test_media_types_are_negotiated() -> None:
    async def test(store: Store, api: Client) -> None:
        text = yaml.safe_dump({"metadata": {"name": "m"}, "data": {"a": "1"}}).encode()
        made = await api.call("POST", f"{CORE}/configmaps", text, Content_Type="application/yaml")
        assert made.body["data"] == {"a": "1"}
        (await api.call("POST", f"{CORE}/configmaps", {}, Content_Type="text/plain")).refused(
            415, "UnsupportedMediaType"
        )
        (await api.get(f"{CORE}/pods", Accept="text/csv")).refused(406, "NotAcceptable")
        first = "application/vnd.kubernetes.protobuf,application/json"
        assert (await api.get(f"{CORE}/pods", Accept=first)).body["kind"] == "PodList"
        binary = await api.call("PATCH", f"{CORE}/configmaps/m", {}, Content_Type="application/apply-patch+cbor")
        assert binary.refused(415, "UnsupportedMediaType")["message"] == "415: Unsupported Media Type"

    served(test)


def test_large_answers_are_compressed_for_those_who_accept_it() -> None:
    async def test(store: Store, api: Client) -> None:
        for at in range(40):
            store.create(MAPS, {**a_map(f"m{at}"), "data": {"a": "x" * 4096}})
        small = await api.get(f"{CORE}/configmaps/m0", Accept_Encoding="gzip")
        large = await api.get(f"{CORE}/configmaps", Accept_Encoding="gzip")
        plain = await api.get(f"{CORE}/configmaps", Accept_Encoding="identity")
        assert "Content-Encoding" not in small.headers
        assert large.headers["Content-Encoding"] == "gzip"
        assert large.body == plain.body

    served(test)


def test_people_get_indented_answers() -> None:
    async def test(store: Store, api: Client) -> None:
        url = f"{api.url}{CORE}/configmaps/kube-root-ca.crt"
        async with api.session.get(url, headers={"User-Agent": "curl/8"}) as reply:
            assert (await reply.text()).startswith('{\n  "')
        async with api.session.get(f"{url}?pretty=false", headers={"User-Agent": "curl/8"}) as reply:
            assert "\n" not in await reply.text()

    served(test)


def test_an_event_is_served_by_both_groups() -> None:
    async def test(store: Store, api: Client) -> None:
        new = "/apis/events.k8s.io/v1/namespaces/default/events"
        about = {"kind": "Pod", "namespace": "default", "name": "p"}
        event = {"metadata": {"name": "e"}, "regarding": about, "reason": "Saved", "note": "step 100", "type": "Normal"}
        async with api.watch(
            f"{new}?watch=1&fieldSelector=regarding.name%3Dp&resourceVersion={store.version}"
        ) as events:
            made = await api.call("POST", new, event)
            assert (made.body["apiVersion"], made.body["note"]) == ("events.k8s.io/v1", "step 100")
            seen = await events.next()
            assert seen is not None
            assert seen["object"] == made.body
        old = (await api.get(f"{CORE}/events?fieldSelector=involvedObject.name%3Dp")).body["items"][0]
        assert (old["message"], old["involvedObject"]["name"]) == ("step 100", "p")
        count = {"count": 2}
        await api.call("PATCH", f"{CORE}/events/e", count, Content_Type=MERGE)
        assert (await api.get(f"{new}/e")).body["deprecatedCount"] == 2
        assert (await api.call("DELETE", f"{new}/e")).code == 200
        assert (await api.get(f"{CORE}/events")).body["items"] == []

    served(test)


# denials


def test_a_denied_right_reads_as_rbac_says_it() -> None:
    rules = Denials.parse([{"user": "bob", "verb": "list", "resource": "pods", "namespace": ""}])

    async def test(store: Store, api: Client) -> None:
        body = (await api.get("/api/v1/pods", Impersonate_User="bob")).refused(403, "Forbidden")
        assert body["message"] == (
            'pods is forbidden: User "bob" cannot list resource "pods" in API group "" at the cluster scope'
        )
        assert (await api.get(f"{CORE}/pods", Impersonate_User="bob")).code == 200
        assert (await api.get("/api/v1/pods")).code == 200
        question = {"spec": {"resourceAttributes": {"verb": "list", "resource": "pods"}}}
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        denied = await api.call("POST", path, question, Impersonate_User="bob")
        assert denied.body["status"]["allowed"] is False
        assert (await api.call("POST", path, question)).body["status"] == {"allowed": True}

    served(test, denials=rules)


def test_to_make_something_by_apply_takes_the_right_to_create() -> None:
    rules = Denials.parse([{"user": "bob", "verb": "create", "resource": "configmaps"}])

    async def test(store: Store, api: Client) -> None:
        async def apply(user: str) -> Reply:
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}
            path, kind = f"{CORE}/configmaps/m?fieldManager={user}", "application/apply-patch+yaml"
            return await api.call("PATCH", path, body, Content_Type=kind, Impersonate_User=user)

        said = (await apply("bob")).refused(403, "Forbidden")["message"]
        assert said.startswith('configmaps "m" is forbidden: User "bob" cannot create resource "configmaps"')
        assert (await apply("alice")).code == 201
        assert (await apply("bob")).code == 200

    served(test, denials=rules)


def test_a_failure_can_wear_off_and_names_when_to_come_back() -> None:
    rules = Denials([Denial(verb="list", resource="nodes", status=429, retry_after=3, times=2)])

    async def test(store: Store, api: Client) -> None:
        for _ in range(2):
            reply = await api.get("/api/v1/nodes")
            assert reply.headers["Retry-After"] == "3"
            assert (reply.code, reply.body) == (429, "Too many requests, please try again later.\n")
        assert (await api.get("/api/v1/nodes")).code == 200

    served(test, denials=rules)


@pytest.mark.parametrize(
    ("denial", "code"),
    [
        (Denial(status=503), 503),
        (Denial(status=503, user="eve"), 200),
        (Denial(status=503, group=""), 200),
        (Denial(status=503, namespace=""), 200),
        (Denial(), 200),
    ],
    ids=["server", "another user", "core group", "all namespaces", "rights"],
)
def test_a_server_in_trouble_answers_nothing_but_that_it_lives(denial: Denial, code: int) -> None:
    async def test(store: Store, api: Client) -> None:
        for path in ("/version", "/apis", "/api/v1", "/openapi/v3"):
            assert (await api.get(path)).code == code
        assert (await api.get("/readyz")).code == 200

    served(test, denials=Denials([denial]))


@pytest.mark.parametrize("rule", [{"verbs": "list"}, {"status": 418}])
def test_a_denial_that_cannot_be_is_refused(rule: Json) -> None:
    with pytest.raises(Usage):
        Denial.parse(rule)


# what reaches into pods


def test_logs_are_what_the_scenario_says_or_plausible() -> None:
    async def test(store: Store, api: Client) -> None:
        pod = store.create(PODS, a_pod(node="n1"))
        (await api.get(f"{CORE}/pods/p/log")).refused(400, "BadRequest")
        store.update(PODS, {**pod, "status": {"phase": "Running"}}, "status")
        assert "main started on n1" in (await api.get(f"{CORE}/pods/p/log")).body
        (await api.get(f"{CORE}/pods/p/log?container=none")).refused(400, "BadRequest")
        noted = {"metadata": {"annotations": {"sim.k8sai.dev/log": "one\ntwo\nthree\n"}}}
        await api.call("PATCH", f"{CORE}/pods/p", noted, Content_Type=MERGE)
        assert (await api.get(f"{CORE}/pods/p/log?tailLines=2")).body == "two\nthree\n"

    served(test)


def test_a_proxied_pod_is_a_port_of_this_machine() -> None:
    async def test(store: Store, api: Client) -> None:
        async def metrics(request: web.Request) -> web.Response:
            return web.Response(text=f"asked {request.path_qs}")

        app = web.Application()
        app.router.add_get("/metrics", metrics)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            pod = a_pod(node="n1")
            pod["metadata"]["annotations"] = {"sim.k8sai.dev/proxy-port": str(runner.addresses[0][1])}
            store.create(PODS, pod)
            store.create(PODS, a_pod("deaf", node="n1"))
            assert (await api.get(f"{CORE}/pods/p:9400/proxy/metrics?a=b")).body == "asked /metrics?a=b"
            (await api.get(f"{CORE}/pods/deaf/proxy/metrics")).refused(503, "ServiceUnavailable")
        finally:
            await runner.cleanup()

    served(test)


# kubectl


@pytest.mark.kubectl
def test_kubectl_gets_along(tmp_path: Path) -> None:
    """One of each kind of conversation: typed and untyped, protobuf bodies, patches, waiting, dry runs."""
    kubectl = shutil.which("kubectl") or ""
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": a_pod()["spec"]},
        },
    }

    async def run() -> None:
        store = founded()
        node = {"metadata": {"name": "n1"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
        store.create(kinds.find("", "nodes"), node)
        runner, url = await serve(store)
        file = tmp_path / "web.json"
        file.write_text(json.dumps(deployment))

        async def say(*words: str) -> str:
            home = ("--server", url, "--cache-dir", str(tmp_path / "cache"))
            options = {"capture_output": True, "text": True, "timeout": 60, "env": {"HOME": str(tmp_path)}}
            done = await asyncio.to_thread(lambda: subprocess.run([kubectl, *home, *words], check=False, **options))  # type: ignore[call-overload]
            assert done.returncode == 0, (words, done.stderr)
            return str(done.stdout)

        try:
            assert "created" in await say("create", "namespace", "team")
            assert "created" in await say("apply", "-f", str(file))
            assert "unchanged" in await say("apply", "-f", str(file))
            file.write_text(json.dumps(deployment).replace("train:1", "train:2"))
            assert "configured" in await say("apply", "-f", str(file))
            assert "scaled" in await say("scale", "deployment/web", "--replicas=3")
            assert store.get(kinds.find("apps", "deployments"), "default", "web")["spec"]["replicas"] == 3
            assert (await say("auth", "can-i", "list", "pods")).strip() == "yes"
            assert "SchedulingDisabled" in await say("cordon", "n1") + await say("get", "nodes")
            assert "n1" in await say("describe", "node", "n1")
            assert "deleted" in await say("delete", "namespace", "team", "--timeout=30s")
            assert "ReplicaSet" in await say("explain", "replicaset")
        finally:
            await runner.cleanup()

    asyncio.run(run())
