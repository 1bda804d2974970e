"""Contracts for workloads that nobody may edit: the same ConfigMap in the cluster or in a file."""

from pathlib import Path

import pytest

from k8sai.cluster.reading import Reading
from k8sai.errors import NotFound, Usage
from k8sai.evict.contracts.file import FileContract, read_contracts
from k8sai.evict.contracts.read import contract_of
from k8sai.evict.facts import Gang, Json
from tests.evict.contract_world import Shelf, gang, owner, pod, reading

FILE = """
apiVersion: v1
kind: ConfigMap
metadata: {name: llm, namespace: ml, labels: {k8sai.dev/checkpoint-contract: ""}}
data:
  selector: app in (llm, vit)
  checkpoint: exec
  checkpoint-exec: '["python", "/app/save.py"]'
  k8sai.dev/checkpoint-deadline: 5m
---
apiVersion: v1
kind: ConfigMap
metadata: {name: other}
data: {gang: job/other, namespaces: "dev, test", checkpoint: annotation}
"""


def llm() -> Gang:
    return gang(owner("JobSet"), pods=[pod()])


def config_map(name: str, namespace: str = "ml", **data: str) -> Json:
    labels = {"k8sai.dev/checkpoint-contract": ""}
    return {"metadata": {"name": name, "namespace": namespace, "labels": labels}, "data": data}


def test_a_file_holds_config_maps(tmp_path: Path) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(FILE)
    first, second = read_contracts(str(path))
    assert first == FileContract(
        f"{path}:2",
        {"checkpoint": "exec", "checkpoint-exec": '["python", "/app/save.py"]', "checkpoint-deadline": "5m"},
        "app in (llm, vit)",
        "",
        ("ml",),
    )
    assert (second.gang, second.namespaces) == ("job/other", ("dev", "test"))
    assert first.fits(llm()) and not second.fits(llm())
    found = contract_of(llm(), reading(), (first, second))
    assert (found.exec, found.deadline, found.source) == (("python", "/app/save.py"), 300.0, f"{path}:2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: Pod\napiVersion: v1\nmetadata: {name: a}", ":1: this Pod is no contract: a v1 ConfigMap is expected"),
        ("kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}", ":1: it does not say whom it is for"),
        (
            "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata: {selector: 'a=b=c'}",
            ":1: label selector: 'a=b=c'",
        ),
        (
            "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata: {gang: a, restart-seconds: 3}",
            "restart-seconds is 3",
        ),
        (
            "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a, namespace: ml}\ndata: {gang: a, namespaces: dev}",
            "only k8sai-system speaks for other namespaces",
        ),
        ("- 1", "not a Kubernetes object"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(text)
    with pytest.raises(Usage) as caught:
        read_contracts(str(path))
    assert message in caught.value.message and str(path) in caught.value.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_contracts(str(tmp_path / "none.yaml"))


@pytest.mark.parametrize("name", ["jobset/llm", "llm", "job/llm-workers", "llm-workers"])
def test_a_gang_is_named_as_people_do(name: str) -> None:
    whole = gang(owner("Job", name="llm-workers"), owner("JobSet"), pods=[pod()])
    assert FileContract("f", {}, gang=name).fits(whole)
    assert not FileContract("f", {}, gang=f"{name}-2").fits(whole)
    assert not FileContract("f", {}, gang=name, namespaces=("dev",)).fits(whole)


def test_selector_and_gang_both_have_to_fit() -> None:
    assert FileContract("f", {}, selector="app=llm", gang="llm").fits(llm())
    assert not FileContract("f", {}, selector="app=vit", gang="llm").fits(llm())
    assert not FileContract("f", {}, selector="app=llm", gang="vit").fits(llm())


# --- in the cluster ---------------------------------------------------------------------------------------------------


def test_config_maps_are_read_only_where_nothing_nearer_speaks() -> None:
    shelf = Shelf(configmaps=[config_map("a", selector="app=llm", checkpoint="annotation")])
    annotated = gang(owner("JobSet", {"checkpoint": "suspend"}), pods=[pod()])
    assert contract_of(annotated, Reading(shelf)).methods == ("suspend",)
    assert contract_of(llm(), Reading(shelf), (FileContract("f", {"checkpoint": "none"}, gang="llm"),)).source == "f"
    assert shelf.asked == []
    found = contract_of(llm(), Reading(shelf))
    assert (found.methods, found.source) == (("annotation",), "configmap ml/a")


def test_a_file_counts_for_more_than_annotations() -> None:
    annotated = gang(owner("JobSet", {"checkpoint": "suspend", "checkpoint-interval": "5m"}), pods=[pod()])
    found = contract_of(annotated, reading(), (FileContract("f", {"checkpoint": "annotation"}, gang="llm"),))
    assert (found.methods, found.interval) == (("annotation",), None)


def test_the_namespace_of_the_gang_comes_before_k8sai_system() -> None:
    near = config_map("near", gang="llm", checkpoint="annotation")
    far = config_map("far", "k8sai-system", gang="llm", checkpoint="suspend")
    other = config_map("other", "dev", gang="llm", checkpoint="suspend")
    assert contract_of(llm(), reading(configmaps=[far, near, other])).source == "configmap ml/near"
    assert contract_of(llm(), reading(configmaps=[far, other])).source == "configmap k8sai-system/far"
    assert contract_of(llm(), reading(configmaps=[other])).source == ""


def test_two_for_one_gang_are_none() -> None:
    maps = [config_map("a", gang="llm", checkpoint="annotation"), config_map("b", selector="app", checkpoint="suspend")]
    found = contract_of(llm(), reading(configmaps=maps))
    assert not found.asks
    assert found.wrong == ("configmap ml/a and configmap ml/b are both for it: one contract is expected",)


def test_what_is_wrong_in_a_config_map_is_told() -> None:
    broken = config_map("a", gang="llm", checkpoint="exec", deadline="5m")
    assert contract_of(llm(), reading(configmaps=[broken])).wrong == (
        "k8sai.dev/checkpoint names exec: k8sai.dev/checkpoint-exec is expected with it",
        "k8sai.dev/deadline is no key of a contract",
    )
    nobody = config_map("b", checkpoint="annotation")
    (said,) = contract_of(llm(), reading(configmaps=[nobody])).wrong
    assert said.startswith("configmap ml/b: it does not say whom it is for")
