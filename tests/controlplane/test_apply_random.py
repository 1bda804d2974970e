"""Random writes by several managers, to a real server and to the embedded one: both must say and keep the same.

PodTemplates have everything that merging knows of, and no controller that writes to them too.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from k8sai.sim.cluster import Sim
from tests.contract.api import MERGE, STRATEGIC, Answer, Api, Json
from tests.contract.owners import owners
from tests.controlplane.namespaces import new_namespace

pytestmark = pytest.mark.controlplane

SEQUENCES, STEPS = 60, 9
_HIDDEN = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "namespace")


class Write(NamedTuple):
    """One write: how, by whom, and what."""

    how: str
    manager: str
    body: Json


def _some(random: Random, choices: list[Any], most: int) -> list[Any]:
    return random.sample(choices, random.randint(1, most))


def _env(random: Random) -> list[Json]:
    def one(name: str) -> Json:
        if name == "C":
            return {
                "name": name,
                "valueFrom": {"fieldRef": {"fieldPath": random.choice(("status.podIP", "spec.nodeName"))}},
            }
        return {"name": name, "value": random.choice("12")}

    return [one(name) for name in _some(random, ["A", "B", "C"], 3)]


def _ports(random: Random) -> list[Json]:
    found = [{"containerPort": number} for number in _some(random, [80, 443, 8080], 2)]
    for port in found:
        if random.random() < 0.4:
            port["protocol"] = random.choice(("TCP", "UDP"))
        if random.random() < 0.4:
            port["name"] = f"p{port['containerPort']}{random.choice('ab')}"
    return found


def _container(random: Random, name: str) -> Json:
    parts = {
        "command": lambda: _some(random, ["x", "y"], 2),
        "env": lambda: _env(random),
        "ports": lambda: _ports(random),
        "resources": lambda: {
            "limits": {n: random.choice(("1", "1000m")) for n in _some(random, ["cpu", "memory"], 2)}
        },
        "volumeMounts": lambda: [{"name": "v", "mountPath": p} for p in _some(random, ["/a", "/b"], 2)],
        "securityContext": lambda: {"runAsUser": random.choice((1, 2))},
        "livenessProbe": lambda: {"httpGet": {"port": 80, "path": random.choice(("/", "/x"))}},
    }
    image = f"registry.example/{random.choice('aab')}:1"
    return {"name": name, "image": image, **{key: make() for key, make in parts.items() if random.random() < 0.3}}


def _template(random: Random) -> Json:
    names = _some(random, ["a", "b", "c"], 3)
    spec: Json = {"containers": [_container(random, name) for name in names]}
    parts = {
        "nodeSelector": lambda: {key: random.choice("12") for key in _some(random, ["a", "b"], 2)},
        "tolerations": lambda: [{"key": key, "operator": "Exists"} for key in _some(random, ["a", "b"], 2)],
        "priorityClassName": lambda: random.choice(("x", "y")),
        "topologySpreadConstraints": lambda: [
            {"maxSkew": random.choice((1, 2)), "topologyKey": key, "whenUnsatisfiable": "ScheduleAnyway"}
            for key in _some(random, ["h", "z"], 2)
        ],
        "imagePullSecrets": lambda: [{"name": name} for name in _some(random, ["s", "t"], 2)],
        "terminationGracePeriodSeconds": lambda: random.choice((5, 6)),
    }
    spec |= {key: make() for key, make in parts.items() if random.random() < 0.3}
    spec["volumes"] = [{"name": "v", "emptyDir": {}}]
    meta: Json = {"labels": {key: random.choice("12") for key in _some(random, ["l", "m"], 2)}}
    return {"metadata": meta, "spec": spec}


def _body(random: Random, name: str) -> Json:
    meta: Json = {"name": name}
    if random.random() < 0.4:
        meta["annotations"] = {key: random.choice("12") for key in _some(random, ["n", "o"], 2)}
    if random.random() < 0.2:
        meta["finalizers"] = [f"k8sai.dev/{one}" for one in _some(random, ["x", "y", "z"], 2)]
    return {"apiVersion": "v1", "kind": "PodTemplate", "metadata": meta, "template": _template(random)}


def _writes(seed: int) -> Iterator[Write]:
    random = Random(seed)
    name = f"t{seed}"
    yield Write(random.choice(("post", "force")), "maker", _body(random, name))
    for _ in range(STEPS):
        how = random.choice(("apply", "apply", "force", "force", "merge", "strategic", "put"))
        manager = random.choice(("one", "two", "three"))
        yield Write(how, manager, _body(random, name))


def _send(api: Api, path: str, write: Write) -> Answer:
    one = f"{path}/{write.body['metadata']['name']}"
    by = {"fieldManager": write.manager}
    match write.how:
        case "post":
            return api.post(path, write.body, by)
        case "apply":
            return api.apply(one, write.body, write.manager)
        case "force":
            return api.apply(one, write.body, write.manager, force="true")
        case "merge":
            return api.patch(one, write.body, MERGE, by)
        case "strategic":
            return api.patch(one, write.body, STRATEGIC, by)
    return api.put(one, write.body, by)


def _told(answer: Answer) -> Any:
    """What must be the same on both: the object and its owners, or the refusal."""
    if answer.status >= 400:
        causes = (answer.body.get("details") or {}).get("causes", ())
        return answer.status, sorted((cause["field"], cause["reason"]) for cause in causes), answer.body["message"]
    found = answer.body
    meta = {key: value for key, value in found["metadata"].items() if key not in _HIDDEN}
    return answer.status, {**found, "metadata": meta}, {str(key): fields for key, fields in owners(found).items()}


@pytest.fixture(scope="module")
def servers(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[Api, str]]]:
    """Both, each with the path of PodTemplates in a namespace of this test."""
    kubeconfig: Path = tmp_path_factory.mktemp("sim") / "config"
    with Sim("empty") as sim:
        sim.write_kubeconfig(kubeconfig)
        ours = Api.of(kubeconfig)
        yield [(one, f"/api/v1/namespaces/{new_namespace(one, 'apply')}/podtemplates") for one in (api, ours)]
        ours.close()


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_both_servers_agree(servers: list[tuple[Api, str]], seed: int) -> None:
    for number, write in enumerate(_writes(seed)):
        real, ours = (_told(_send(api, path, write)) for api, path in servers)
        assert ours == real, f"step {number}: {json.dumps(write)}"
