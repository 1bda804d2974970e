"""`scaffold --update`: what is merged, what is in conflict, and what scripts are told."""

import json
from pathlib import Path

import pytest
import yaml

from k8sai.errors import Exit
from tests.commands.scaffolding import GIVEN, edit, project_in, scaffold


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a recipe `web` in it, and nothing of anybody's."""
    monkeypatch.chdir(tmp_path)
    return project_in(tmp_path)


def test_an_update_keeps_your_changes_and_takes_the_recipes(project: Path) -> None:
    scaffold(project, "web", *GIVEN, "-o", "out")
    edit(project / "out/deployment.yaml", "  replicas: 1\n", "  replicas: 3 # mine\n")
    edit(project / "recipes/web/deployment.yaml", "nginx:1.27", "nginx:1.28")

    check = scaffold(project, "--check", "out")
    assert (check.code, check.out) == (Exit.FINDINGS, "out/deployment.yaml updated\n")
    diff = scaffold(project, "--update", "out", "--dry-run")
    assert (diff.code, [line for line in diff.out.splitlines() if line[:1] in "+-"]) == (
        Exit.OK,
        [
            "--- out/deployment.yaml",
            "+++ out/deployment.yaml",
            '-        image: "nginx:1.27"',
            '+        image: "nginx:1.28"',
        ],
    )
    ran = scaffold(project, "--update", "out", "--set", "gpus=2")
    assert (ran.code, ran.out) == (Exit.OK, "out/deployment.yaml updated\n")
    text = (project / "out/deployment.yaml").read_text()
    assert all(
        each in text for each in ("replicas: 3 # mine", "nginx:1.28", "nvidia.com/gpu: 2", "# Each has its own GPUs.")
    )

    again = scaffold(project, "--update", "out")
    assert (again.code, again.out) == (Exit.OK, "out/deployment.yaml unchanged\n")
    assert again.err == "note: nothing has changed\n"
    assert scaffold(project, "--check", "out").code == Exit.OK


def test_conflicts_are_marked_listed_and_asked_once(project: Path) -> None:
    scaffold(project, "web", *GIVEN, "-o", "out")
    edit(project / "out/deployment.yaml", "replicas: 1", "replicas: 3")
    edit(project / "recipes/web/deployment.yaml", "replicas: 1", "replicas: 2")
    ran = scaffold(project, "--update", "out")
    assert ran.code == Exit.PARTIAL
    assert ran.out == (
        "out/deployment.yaml in conflict\n\n"
        "PLACE                  OBJECT           FIELD          YOURS  BASE  RECIPE\n"
        "out/deployment.yaml:6  Deployment/qwen  spec.replicas  3      1     2\n"
    )
    assert ran.err.startswith("warning: 1 conflict is marked in the files\n  → decide between the marks")

    stuck = scaffold(project, "--update", "out")
    assert (stuck.code, stuck.out) == (Exit.PARTIAL, "")
    assert stuck.err.startswith("error: out/deployment.yaml:6: conflict marks of an earlier update are still there\n")

    text = (project / "out/deployment.yaml").read_text()
    start, end = text.index("<<<<<<< yours\n"), text.index(">>>>>>> recipe\n") + len(">>>>>>> recipe\n")
    (project / "out/deployment.yaml").write_text(text[:start] + "  replicas: 3\n" + text[end:])
    done = scaffold(project, "--update", "out")
    assert (done.code, done.out) == (Exit.OK, "out/deployment.yaml unchanged\n")
    assert done.err == "note: the files are as they should be; k8sai.lock was brought up to date\n"
    assert scaffold(project, "--update", "out").err == "note: nothing has changed\n"


def test_conflicts_for_scripts(project: Path) -> None:
    scaffold(project, "web", *GIVEN, "-o", "out")
    edit(project / "out/deployment.yaml", "  replicas: 1\n", "")
    edit(project / "recipes/web/deployment.yaml", "replicas: 1", "replicas: 2")
    ran = scaffold(project, "--update", "out", "--dry-run", "--summary", "json")
    assert ran.code == Exit.PARTIAL
    assert json.loads(ran.out)["conflicts"] == [
        {
            "file": "out/deployment.yaml",
            "line": 5,
            "object": "Deployment/qwen",
            "path": "spec.replicas",
            "base": 1,
            "recipe": 2,
        }
    ]


def test_a_recipe_in_a_folder_of_its_own_is_found_again(project: Path) -> None:
    (project / "recipes").rename(project / "mine")
    scaffold(project, "mine/web", *GIVEN, "-o", "a")
    scaffold(project, "web", "--recipe-dir", "mine", *GIVEN, "-o", "b")
    for folder in ("a", "b"):
        assert yaml.safe_load((project / folder / "k8sai.lock").read_text())["origin"] == "../mine/web"
        assert scaffold(project, "--update", folder).err == "note: nothing has changed\n"


def test_a_folder_without_a_lock(project: Path) -> None:
    ran = scaffold(project, "--update")
    assert ran.code == Exit.NOT_FOUND
    assert ran.err.startswith("error: . has no k8sai.lock\n")
