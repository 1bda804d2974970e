"""kubectl and server-side apply: its words, its exit codes, its diffs, and what it shows of owners."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.contract.api import Api, Json
from tests.contract.conftest import Server
from tests.contract.objects import config_map, deployment
from tests.contract.owners import keys, owners
from tests.controlplane.session import kubectl

pytestmark = pytest.mark.kubectl


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(server: Server, namespace: str, tmp_path: Path) -> Callable[..., Said]:
    """`run("apply", "-f", "-", stdin=…)` as the server's admin, in the test's namespace."""
    base = [str(kubectl()), f"--kubeconfig={server.kubeconfig}", f"--cache-dir={tmp_path}", f"--namespace={namespace}"]

    def call(*arguments: str, stdin: str | None = None) -> Said:
        done = subprocess.run([*base, *arguments], input=stdin, capture_output=True, text=True, timeout=60, check=False)
        return Said(done.returncode, done.stdout, done.stderr)

    return call


def documents(*objects: Json) -> str:
    return yaml.safe_dump_all(objects)


def policy(name: str = "closed") -> Json:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {"podSelector": {}},
    }


def test_apply(run: Callable[..., Said]) -> None:
    wanted = documents(deployment(replicas=0), config_map(), policy())
    applied = (
        "deployment.apps/web serverside-applied\n"
        "configmap/settings serverside-applied\n"
        "networkpolicy.networking.k8s.io/closed serverside-applied\n"
    )
    for _ in range(2):
        assert run("apply", "--server-side", "-f", "-", stdin=wanted) == Said(0, applied, "")
    dry = run("apply", "--server-side", "--dry-run=server", "-f", "-", stdin=documents(config_map("other")))
    assert dry == Said(0, "configmap/other serverside-applied (server dry run)\n", "")
    assert run("get", "configmap", "other").code == 1


def test_conflicts_are_explained(run: Callable[..., Said]) -> None:
    run("apply", "--server-side", "-f", "-", stdin=documents(config_map()))
    assert run("patch", "configmap", "settings", "--type=merge", "-p", '{"data": {"a": "9"}}').code == 0
    refused = run("apply", "--server-side", "-f", "-", stdin=documents(config_map()))
    assert (refused.code, refused.out) == (1, "")
    first, *rest = refused.err.splitlines()
    assert first == ('error: Apply failed with 1 conflict: conflict with "kubectl-patch" using v1: .data.a')
    assert "--force-conflicts" in "\n".join(rest)
    forced = run("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=documents(config_map()))
    assert forced == Said(0, "configmap/settings serverside-applied\n", "")


def test_other_managers_share(api: Api, core: str, run: Callable[..., Said]) -> None:
    run("apply", "--server-side", "-f", "-", stdin=documents(config_map()))
    assert run("apply", "--server-side", "--field-manager=flux", "-f", "-", stdin=documents(config_map())).code == 0
    found = owners(api.get(f"{core}/configmaps/settings").ok())
    assert found == {(who, "Apply"): {"f:data": keys("a")} for who in ("kubectl", "flux")}


def test_diff(run: Callable[..., Said]) -> None:
    made = deployment(replicas=0)
    new = run("diff", "--server-side", "-f", "-", stdin=documents(made))
    assert new.code == 1
    assert "+kind: Deployment\n" in new.out
    run("apply", "--server-side", "-f", "-", stdin=documents(made))
    assert run("diff", "--server-side", "-f", "-", stdin=documents(made)) == Said(0, "", "")
    made["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/train:2"
    changed = run("diff", "--server-side", "-f", "-", stdin=documents(made))
    assert changed.code == 1
    lines = [line for line in changed.out.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert lines == [
        "-  generation: 1",
        "+  generation: 2",
        "-      - image: registry.example/train:1",
        "+      - image: registry.example/train:2",
    ]


def test_a_diff_that_conflicts(run: Callable[..., Said]) -> None:
    run("apply", "--server-side", "-f", "-", stdin=documents(config_map()))
    run("patch", "configmap", "settings", "--type=merge", "-p", '{"data": {"a": "9"}}')
    refused = run("diff", "--server-side", "-f", "-", stdin=documents(config_map()))
    assert refused.code > 1
    assert 'conflict with "kubectl-patch" using v1: .data.a' in refused.err
    forced = run("diff", "--server-side", "--force-conflicts", "-f", "-", stdin=documents(config_map()))
    assert forced.code == 1
    assert '-  a: "9"\n+  a: "1"\n' in forced.out


def test_owners_are_shown_to_those_who_ask(run: Callable[..., Said]) -> None:
    run("apply", "--server-side", "-f", "-", stdin=documents(config_map()))
    plain = yaml.safe_load(run("get", "configmap", "settings", "-o", "yaml").out)
    assert "managedFields" not in plain["metadata"]
    full = yaml.safe_load(run("get", "configmap", "settings", "-o", "yaml", "--show-managed-fields").out)
    (entry,) = full["metadata"]["managedFields"]
    assert {key: value for key, value in entry.items() if key != "time"} == {
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": keys("a")},
        "manager": "kubectl",
        "operation": "Apply",
    }


def test_client_side_apply_moves_over(api: Api, core: str, run: Callable[..., Said]) -> None:
    assert run("apply", "-f", "-", stdin=documents(config_map(data={"a": "1", "b": "1"}))).code == 0
    moved = run("apply", "--server-side", "-f", "-", stdin=documents(config_map(data={"a": "2"})))
    assert (moved.code, moved.err) == (0, "")
    found = api.get(f"{core}/configmaps/settings").ok()
    assert found["data"] == {"a": "2"}, "kubectl moves the ownership, so that what it leaves out goes"
    assert {manager for manager, *_ in owners(found)} == {"kubectl", "kubectl-last-applied"}
    back = run("apply", "-f", "-", stdin=documents(config_map(data={"a": "3"})))
    assert back.out == "configmap/settings configured\n"


def test_fields_nobody_declared(run: Callable[..., Said]) -> None:
    wrong = documents({**config_map(), "bogus": 1})
    refused = run("apply", "--server-side", "-f", "-", stdin=wrong)
    assert refused.code == 1
    assert ".bogus: field not declared in schema" in refused.err


@pytest.mark.parametrize("verb", ["label", "annotate"])
def test_small_writes_have_owners(api: Api, core: str, run: Callable[..., Said], verb: str) -> None:
    run("create", "configmap", "settings", "--from-literal=a=1")
    run(verb, "configmap", "settings", "x=y")
    found = {manager for manager, *_ in owners(api.get(f"{core}/configmaps/settings").ok())}
    assert found == {"kubectl-create", f"kubectl-{verb}"}
