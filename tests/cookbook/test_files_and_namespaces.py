"""Parameters that are files, and the one that is the namespace."""

from pathlib import Path

import pytest

from k8sai.cookbook.recipe import Recipe, load
from k8sai.cookbook.render import render
from k8sai.cookbook.values import from_sets, missing
from k8sai.errors import Usage

HEAD = """\
apiVersion: k8sai.dev/v1alpha1
kind: Recipe
title: A test
description: A test.
tags: [pipelines]
parameters:
  properties:
    namespace: {type: string, title: Namespace, default: default}
    jobs:
      title: Jobs
      x-k8sai-file: manifests
      contains: {properties: {kind: {enum: [Job, JobSet, Pod]}}}
    graph: {title: A graph, x-k8sai-file: documents}
tests: [{name: smallest}]
"""
TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  namespace: ${namespace}
data:
  graph: {$json: {$eval: graph}}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    folder = tmp_path / "graph"
    folder.mkdir()
    (folder / "recipe.yaml").write_text(HEAD)
    (folder / "map.yaml").write_text(TEMPLATE)
    return load(folder, "named")


def test_the_namespace_that_was_said_for_everything_is_that_of_the_parameter(recipe: Recipe) -> None:
    assert render(recipe, {}).manifests[0].namespace == "default"
    assert render(recipe, {}, "train").manifests[0].namespace == "train"
    assert render(recipe, {"namespace": "own"}, "train").manifests[0].namespace == "own"


def test_a_namespace_that_was_said_is_not_asked_for(recipe: Recipe) -> None:
    recipe.parameters["required"] = ["namespace", "graph"]

    assert missing(recipe, {"graph": []}) == ["namespace"]
    assert missing(recipe, {}, "train") == ["graph"]


def test_a_file_of_documents_need_not_hold_objects(recipe: Recipe, tmp_path: Path) -> None:
    file = tmp_path / "ir.yaml"
    file.write_text("root: {dag: 1}\n---\nplatforms: {}\n---\n")

    values = from_sets(recipe, [f"graph={file}"])

    assert values == {"graph": [{"root": {"dag": 1}}, {"platforms": {}}]}
    assert render(recipe, values).manifests[0].object["data"] == {"graph": '[{"root":{"dag":1}},{"platforms":{}}]'}


def test_a_file_of_documents_holds_mappings(recipe: Recipe, tmp_path: Path) -> None:
    file = tmp_path / "ir.yaml"
    file.write_text("- 1\n")

    with pytest.raises(Usage, match=r"ir\.yaml: every document of it must be a mapping"):
        from_sets(recipe, [f"graph={file}"])


def test_a_file_without_the_kind_that_is_changed_is_refused(recipe: Recipe) -> None:
    with pytest.raises(Usage, match="graph: jobs: none of it is a Job, JobSet or Pod"):
        render(recipe, {"jobs": [{"kind": "Service"}]})
