"""Kueue's visibility API: its rights, and a cluster without it. What it answers is held against Kueue's own in
tests/contract/test_kueue_rules.py."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from k8sai.sim.cluster import Sim
from k8sai.sim.store import Store
from tests.sim.apiserver import Client, served

PATH = "/apis/visibility.kueue.x-k8s.io/v1beta2"
SCENARIO = """
apiVersion: k8sai.dev/v1alpha1
kind: Scenario
rbac: true
queues: {q: 1}
workloads:
  - {namespace: one, name: waits, gpus: 2, queue: q}
  - {namespace: two, name: waits, gpus: 2, queue: q}
objects:
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: looks, namespace: one}
    rules: [{apiGroups: [visibility.kueue.x-k8s.io], resources: [localqueues/pendingworkloads], verbs: [get]}]
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: looks, namespace: one}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: looks}
    subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: alice}]
"""


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sim]:
    file = tmp_path_factory.mktemp("scenario") / "queues.yaml"
    file.write_text(SCENARIO)
    with Sim(file) as running:
        running.settled()
        yield running


def _get(sim: Sim, path: str, user: str) -> tuple[int, Any]:
    request = urllib.request.Request(f"{sim.server}{PATH}/{path}", headers={"Impersonate-User": user})
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_a_right_to_the_lines_of_one_namespace_shows_these_alone(sim: Sim) -> None:
    code, mine = _get(sim, "namespaces/one/localqueues/q/pendingworkloads", "alice")
    assert (code, [item["metadata"]["namespace"] for item in mine["items"]]) == (200, ["one"])
    for path in ("namespaces/two/localqueues/q/pendingworkloads", "clusterqueues/q/pendingworkloads"):
        code, refused = _get(sim, path, "alice")
        assert (code, refused["reason"]) == (403, "Forbidden")
        kind = path.split("/")[-3]
        assert (
            f'cannot get resource "{kind}/pendingworkloads" in API group "visibility.kueue.x-k8s.io"'
            in (refused["message"])
        )


def test_the_admin_sees_all_of_a_line(sim: Sim) -> None:
    code, line = _get(sim, "clusterqueues/q/pendingworkloads", "admin")
    assert (code, len(line["items"])) == (200, 2)


def test_without_a_controller_nobody_answers() -> None:
    async def ask(_: Store, client: Client) -> None:
        reply = await client.get(f"{PATH}/clusterqueues/q/pendingworkloads")
        reply.refused(503, "ServiceUnavailable")

    served(ask)
