"""Variants of one recipe: their names, their labels, and what differs."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sai.cookbook.matrix import Variant, differences, labelled, table, variants
from k8sai.cookbook.recipe import Recipe
from k8sai.cookbook.render import Rendered, render
from k8sai.errors import Usage
from tests.cookbook import making

JOB = """\
    apiVersion: batch/v1
    kind: Job
    metadata:
      name: ${name}
    spec:
      # How many at once.
      parallelism: {$eval: gpus}
      template:
        metadata:
          labels: {app: "${name}"}
        spec:
          containers:
          - name: main
            args: ["--mode", {$if: "mode != null", then: "${mode}", else: none}, "--fixed"]
            resources: {limits: {nvidia.com/gpu: {$eval: gpus}}}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return making.recipe(tmp_path, job=JOB)


def test_every_combination_has_a_name(recipe: Recipe) -> None:
    found = variants(recipe, ["gpus=2,4", "mode=fast,slow"], {"name": "run"})
    assert [variant.name for variant in found] == [
        "gpus2-modefast",
        "gpus2-modeslow",
        "gpus4-modefast",
        "gpus4-modeslow",
    ]
    assert found[0].values == {"name": "run-gpus2-modefast", "gpus": 2, "mode": "fast"}


def test_names_may_be_what_varies(recipe: Recipe) -> None:
    assert [variant.values for variant in variants(recipe, ["name=a,b"], {})] == [{"name": "a"}, {"name": "b"}]


@pytest.mark.parametrize(
    ("axes", "said", "sentence"),
    [
        (["gpus"], {"name": "a"}, "--matrix gpus: this is not name=value,value"),
        (["gpu=1,2"], {"name": "a"}, "there is no gpu|has no parameter gpu"),
        (["gpus=1", "gpus=2"], {"name": "a"}, "there is one for gpus already"),
        (["gpus=2,2"], {"name": "a"}, "two variants that would be called gpus2"),
        (["args=a,b"], {"name": "a"}, "args is a list or a mapping"),
        (["gpus=1,2"], {}, "a-test is given no name"),
        (["gpus=" + ",".join(map(str, range(201)))], {"name": "a"}, "makes 201 variants, more than the 200"),
        (["queue=" + "x" * 70], {"name": "a"}, "cannot be a label"),
    ],
)
def test_what_makes_no_variants(recipe: Recipe, axes: list[str], said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Usage, match=sentence):
        variants(recipe, axes, said)


def made(recipe: Recipe, *axes: str) -> list[tuple[Variant, Rendered]]:
    return [(each, render(recipe, {"name": "run", **each.values})) for each in variants(recipe, axes, {"name": "run"})]


def test_objects_and_their_pods_have_the_label_and_comments_stay(recipe: Recipe) -> None:
    (variant, rendered), *_ = made(recipe, "gpus=2,4")
    (file,) = labelled(rendered.files, variant.name)
    job = yaml.safe_load(file.text)
    assert job["metadata"]["labels"] == {"k8sai.dev/variant": "gpus2"}
    assert job["spec"]["template"]["metadata"]["labels"] == {"app": "run-gpus2", "k8sai.dev/variant": "gpus2"}
    assert "# How many at once." in file.text
    assert file.manifests[0].object == job


def test_what_differs(recipe: Recipe) -> None:
    found = made(recipe, "gpus=2,4", "mode=fast,slow")
    assert differences(found, ["gpus", "mode"]) == [
        ("gpus", [2, 2, 4, 4]),
        ("mode", ["fast", "slow", "fast", "slow"]),
        ("parallelism", [2, 2, 4, 4]),
        ("args", [["fast"], ["slow"], ["fast"], ["slow"]]),
        ("nvidia.com/gpu", [2, 2, 4, 4]),
    ]
    shown = table(found, ["gpus", "mode"])
    assert [column.title for column in shown.columns] == [
        "VARIANT",
        "GPUS",
        "MODE",
        "parallelism",
        "args",
        "nvidia.com/gpu",
    ]
    assert [cell.text for cell in shown.rows[1].cells] == ["gpus2-modeslow", "2", "slow", "2", "slow", "2"]


def test_titles_are_as_long_as_they_must_be(tmp_path: Path) -> None:
    pods = "".join(
        f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: '${{name}}'}}\nspec: {{x: {{$eval: gpus}}}}\n---\n"
        for kind in ("A", "B")
    )
    found = made(making.recipe(tmp_path, pods=pods), "gpus=1,2")
    assert [title for title, _ in differences(found, ["gpus"])] == ["gpus", "A.spec.x", "B.spec.x"]
