"""Pods that no API server takes: said with file, object and field, before a scheduler is asked."""

from typing import Any

import pytest

from k8sai.errors import Usage
from k8sai.facts import Object
from k8sai.fit.manifests import read
from k8sai.fit.say import sentence
from k8sai.fit.scene import Rules
from k8sai.yaml_in import documents
from tests.fit.world import GPU, World, node


def pod(limits: Any = None, requests: Any = None, **spec: Any) -> dict[str, Any]:
    resources = {"limits": limits, "requests": requests}
    containers = [{"name": "c", "resources": {key: said for key, said in resources.items() if said is not None}}]
    return {"kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": containers, **spec}}


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (pod({GPU: "500m"}), f"m.yaml: Pod a: containers[0]: {GPU}: 500m is no whole number, and devices come whole"),
        (pod({GPU: -1}), f"m.yaml: Pod a: containers[0]: {GPU}: -1 is negative"),
        (pod({GPU: "abc"}), f"m.yaml: Pod a: containers[0]: {GPU}: 'abc' is not a Kubernetes quantity: "),
        (pod(requests={GPU: 1}), f"m.yaml: Pod a: containers[0]: {GPU} has a request and no limit"),
        (pod({GPU: 2}, {GPU: 1}), f"m.yaml: Pod a: containers[0]: {GPU}: the request 1 is not the limit 2"),
        (pod(5), "m.yaml: Pod a is no pod that a cluster takes: Expected `object | null`, got `int`"),
        (
            pod(nodeSelector=["a"]),
            "m.yaml: Pod a is no pod that a cluster takes: Expected `object | null`, got `array`",
        ),
        (pod(tolerations={"a": "b"}), "m.yaml: Pod a is no pod that a cluster takes: "),
        (pod(containers=[]), "m.yaml: the pods of Pod a have no containers"),
        ({"kind": "Pod", "metadata": {"name": "a"}}, "m.yaml: Pod a is not what a Pod looks like: it has no 'spec'"),
    ],
)
def test_what_an_api_server_refuses(manifest: dict[str, Any], said: str) -> None:
    with pytest.raises(Usage) as found:
        read([manifest], "team-a", "m.yaml")
    assert found.value.message.startswith(said)


@pytest.mark.parametrize(
    "manifest", [pod({GPU: "1k", "cpu": "500m"}), pod({GPU: 1}, {GPU: "1", "cpu": "1.5"}), pod({})]
)
def test_what_it_takes(manifest: dict[str, Any]) -> None:
    assert read([manifest], "team-a", "m.yaml").count == 1


def test_a_key_that_is_there_twice_is_refused_with_its_line() -> None:
    with pytest.raises(ValueError, match=r"the key 'spec' is there twice, line 3, column 1"):
        documents(b"kind: Pod\nspec: {a: 1}\nspec: {}\n")


def test_a_key_that_overrides_a_merged_one_is_there_once() -> None:
    text = b"a: &a {x: 1, y: 1}\nb: &b {<<: *a, x: 2}\nc: {<<: *b, x: 3}\n"
    assert documents(text) == [{"a": {"x": 1, "y": 1}, "b": {"x": 2, "y": 1}, "c": {"x": 3, "y": 1}}]


def test_a_priority_class_that_is_not_there_lets_no_pod_in() -> None:
    objects: list[Object] = [node("n1")]
    missing = World(objects, Rules(unknown_priorities=frozenset({"high"})))
    found = missing.fit(8, priority_class="high")
    assert (found.verdict, sentence(found)) == (
        "never",
        "No, and never as it is asked: there is no PriorityClass high.",
    )
    assert missing.fit(8).fits
