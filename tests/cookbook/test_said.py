"""What was said of parameters: by files, flags and the lock; files that parameters stand for are read each time."""

from pathlib import Path

import pytest

from k8sai.cookbook.recipe import Recipe
from k8sai.cookbook.said import said, said_before
from k8sai.errors import Usage
from tests.cookbook import making

HEAD = making.HEAD.replace("    mode:", "    jobs: {title: Jobs, x-k8sai-file: manifests}\n    mode:")
JOB = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: train}\n"


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs.yaml").write_text(JOB)
    return making.recipe(tmp_path, HEAD)


def test_flags_count_more_than_files_and_the_last_file_most(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("name: one\ngpus: 1\nenv: {A: a}\n")
    (tmp_path / "two.yaml").write_text("gpus: 2\nenv: {B: b}\n")
    found = said(recipe, ["one.yaml", "two.yaml"], ["env.C=c", "gpus=3"])
    assert found.values == {"name": "one", "gpus": 3, "env": {"A": "a", "B": "b", "C": "c"}}
    assert found.kept(tmp_path) == found.values


@pytest.mark.parametrize("by_flag", [True, False])
def test_a_file_is_kept_as_its_path_from_the_lock(recipe: Recipe, tmp_path: Path, by_flag: bool) -> None:
    (tmp_path / "values.yaml").write_text("jobs: jobs.yaml\n")
    found = said(recipe, [], ["jobs=jobs.yaml"]) if by_flag else said(recipe, ["values.yaml"], [])
    assert [each["kind"] for each in found.values["jobs"]] == ["Job"]
    assert found.kept(Path("out/deep")) == {"jobs": "../../jobs.yaml"}


def test_an_update_reads_it_anew_from_wherever_it_is_called(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jobs.yaml").write_text(JOB.replace("train", "again"))
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    parameters = {"jobs": "../jobs.yaml", "name": "a", "gone": 1}
    found = said_before(recipe, parameters, tmp_path / "out", said(recipe, [], ["gpus=2"]))
    assert found.values["jobs"][0]["metadata"]["name"] == "again"
    assert (found.values["name"], found.values["gpus"]) == ("a", 2)
    assert "gone" not in found.values
    assert found.kept(tmp_path / "out")["jobs"] == "../jobs.yaml"


def test_what_came_from_stdin_must_be_said_again(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(Usage, match="jobs was read from stdin"):
        said_before(recipe, {"jobs": "-"}, tmp_path, said(recipe, [], []))
    again = said_before(recipe, {"jobs": "-"}, tmp_path, said(recipe, [], ["jobs=jobs.yaml"]))
    assert again.kept(tmp_path) == {"jobs": "jobs.yaml"}
