"""Random writes by several managers, to a real server and to the embedded one: both must say and keep the same.

PodTemplates have everything that merging knows of, and no controller that writes to them too. A custom kind has what
only schemas can say: maps of structs, defaults, fields of any shape.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from k8sai.sim.cluster import Sim
from tests.contract.api import MERGE, STRATEGIC, Answer, Api, Json
from tests.contract.definitions import define, definition
from tests.contract.owners import owners
from tests.controlplane.namespaces import new_namespace

pytestmark = pytest.mark.controlplane

Parts = dict[str, Callable[[], Any]]
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
    parts: Parts = {
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
    parts: Parts = {
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


TEXT: Json = {"type": "string"}
PAIR: Json = {"type": "object", "properties": {"a": TEXT, "b": TEXT}}
PART: Json = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": TEXT,
        "port": {"type": "integer", "default": 80},
        "pair": PAIR,
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": TEXT},
        "many": {"type": "array", "items": TEXT},
    },
}
GEAR: Json = {
    "type": "object",
    "properties": {
        "parts": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name", "port"],
            "items": PART,
        },
        "numbers": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "integer"}},
        "pair": PAIR,
        "whole": {**PAIR, "x-kubernetes-map-type": "atomic"},
        "words": {"type": "object", "additionalProperties": TEXT},
        "pairs": {"type": "object", "additionalProperties": PAIR},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "count": {"type": "integer", "default": 3},
    },
}


def _pair(random: Random) -> Json:
    return {key: random.choice("12") for key in _some(random, ["a", "b"], 2)}


def _part(random: Random, name: str) -> Json:
    parts: Parts = {
        "port": lambda: random.choice((80, 81)),
        "pair": lambda: _pair(random),
        "tags": lambda: _some(random, ["t", "u"], 2),
        "many": lambda: _some(random, ["t", "u"], 2),
    }
    return {"name": name, **{key: make() for key, make in parts.items() if random.random() < 0.4}}


def _gear(random: Random, name: str) -> Json:
    parts: Parts = {
        "parts": lambda: [_part(random, one) for one in _some(random, ["x", "y", "z"], 3)],
        "numbers": lambda: _some(random, [1, 2, 30], 3),
        "pair": lambda: _pair(random),
        "whole": lambda: _pair(random),
        "words": lambda: _pair(random),
        "pairs": lambda: {key: _pair(random) for key in _some(random, ["p", "q"], 2)},
        "free": lambda: {key: random.choice((1, [1], {"d": "e"})) for key in _some(random, ["f", "g"], 2)},
        "count": lambda: random.choice((3, 4)),
    }
    spec = {key: make() for key, make in parts.items() if random.random() < 0.5}
    meta: Json = {"name": name}
    if random.random() < 0.4:
        meta["labels"] = _pair(random)
    return {"apiVersion": "gears.k8sai.dev/v1", "kind": "Gear", "metadata": meta, "spec": spec}


def _writes(seed: int, make: Callable[[Random, str], Json], more: tuple[str, ...] = ()) -> Iterator[Write]:
    random = Random(seed)
    name = f"t{seed}"
    yield Write(random.choice(("post", "force")), "maker", make(random, name))
    for _ in range(STEPS):
        how = random.choice(("apply", "apply", "force", "force", "merge", "put", *more))
        manager = random.choice(("one", "two", "three"))
        yield Write(how, manager, make(random, name))


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
    read = api.get(one)
    version = read.body["metadata"]["resourceVersion"] if read.status == 200 else "1"
    return api.put(one, {**write.body, "metadata": {**write.body["metadata"], "resourceVersion": version}}, by)


def _told(answer: Answer) -> Any:
    """What must be the same on both: the object and its owners, or the refusal."""
    if answer.status >= 400:
        causes = (answer.body.get("details") or {}).get("causes", ())
        said = answer.body["message"] if len(causes) < 2 or answer.status == 409 else ""  # several come in any order
        return answer.status, sorted((cause["field"], cause["reason"]) for cause in causes), said
    found = answer.body
    meta = {key: value for key, value in found["metadata"].items() if key not in _HIDDEN}
    return answer.status, {**found, "metadata": meta}, {str(key): fields for key, fields in owners(found).items()}


@pytest.fixture(scope="module")
def servers(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[Api, str]]]:
    """Both, each with a namespace of this test."""
    kubeconfig: Path = tmp_path_factory.mktemp("sim") / "config"
    with Sim("empty") as sim:
        sim.write_kubeconfig(kubeconfig)
        ours = Api.of(kubeconfig)
        made = [(one, new_namespace(one, "apply")) for one in (api, ours)]
        yield made
        _let_go(*made[0])
        ours.close()


def _let_go(api: Api, namespace: str) -> None:
    """Nobody serves these finalizers: what has them would keep the namespace for ever."""
    path = f"/api/v1/namespaces/{namespace}/podtemplates"
    for one in api.get(path).ok()["items"]:
        if one["metadata"].get("finalizers"):
            api.patch(f"{path}/{one['metadata']['name']}", {"metadata": {"finalizers": None}}).ok()


@pytest.fixture(scope="module")
def gears(servers: list[tuple[Api, str]]) -> list[tuple[Api, str]]:
    """The same, with the custom kind."""
    crd = definition("gears.k8sai.dev", "gears", "Gear")
    (version,) = crd["spec"]["versions"]
    del version["additionalPrinterColumns"], version["selectableFields"], version["subresources"]
    version["schema"]["openAPIV3Schema"] = {"type": "object", "properties": {"spec": GEAR}}
    for api, _ in servers:
        define(api, crd)
    return servers


def _agree(paths: list[tuple[Api, str]], writes: Iterator[Write]) -> None:
    for number, write in enumerate(writes):
        real, ours = (_told(_send(api, path, write)) for api, path in paths)
        assert ours == real, f"step {number}: {json.dumps(write)}"


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_a_built_in_kind(servers: list[tuple[Api, str]], seed: int) -> None:
    paths = [(api, f"/api/v1/namespaces/{namespace}/podtemplates") for api, namespace in servers]
    _agree(paths, _writes(seed, _body, ("strategic",)))


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_a_custom_kind(gears: list[tuple[Api, str]], seed: int) -> None:
    paths = [(api, f"/apis/gears.k8sai.dev/v1/namespaces/{namespace}/gears") for api, namespace in gears]
    _agree(paths, _writes(seed, _gear))
