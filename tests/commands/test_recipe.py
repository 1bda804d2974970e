"""`recipe`: whole output, talk and exit codes of its verbs; a recipe of the test's own in a project's folder."""

import json
from pathlib import Path

import pytest
import yaml

from k8sai.errors import Exit
from k8sai.sim.cluster import Sim
from tests.commands.run import Ran, environment, on_terminal, run

HEAD = """\
apiVersion: k8sai.dev/v1alpha1
kind: Recipe
title: A web server
description: Serves one thing.
tags: [serving, web]
parameters:
  required: [name]
  properties:
    name: {type: string, title: Name, examples: [qwen]}
    gpus: {type: integer, title: GPUs per pod, default: 2, minimum: 1}
    mode: {enum: [fast, slow], title: Mode, description: How it goes}
requires:
  kubernetes: "1.34"
  kinds: [example.com/v1/Widget]
notes: ["ask ${name}"]
tests:
- {name: smallest, set: {name: qwen}, makes: [Deployment/qwen]}
- {name: no name, fails: name}
"""
TEMPLATE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: "${name}"}
spec:
  replicas: 3
  selector: {matchLabels: {app: "${name}"}}
  template:
    metadata: {labels: {app: "${name}", mode: {$if: "mode != null", then: "${mode}"}}}
    spec:
      tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
      containers: [{name: main, image: "nginx:1.27", resources: {limits: {nvidia.com/gpu: {$eval: gpus}}}}]
"""
MANIFEST = """\
apiVersion: v1
kind: Pod
metadata:
  name: trial # keep me
  uid: 1234
spec:
  containers:
  - {name: main, image: "a.example/b:1", command: [sh, -c, "echo ${HOME}"], resources: {limits: {cpu: 2}}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a recipe `web` in it, and nothing of anybody's."""
    folder = tmp_path / "recipes" / "web"
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(HEAD)
    (folder / "deployment.yaml").write_text(TEMPLATE)
    (folder / "README.md").write_text("# web\n\n```console\n$ kubectl ai-scaffold web --set name=a -o -\n```\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def recipe(project: Path, *words: str | Path, stdin: str = "", **more: str) -> Ran:
    return run("kubectl-ai_recipe", *words, env=environment(project, **more), stdin=stdin)


# --- list and explain -------------------------------------------------------------------------------------------------


def test_the_projects_recipes_stand_among_the_built_in_ones(project: Path) -> None:
    ran = recipe(project, "list")
    assert (ran.code, ran.err) == (Exit.OK, "")
    lines = ran.out.splitlines()
    assert lines[0].split() == ["NAME", "GROUP", "TITLE"]
    assert "web" in {line.split()[0] for line in lines}
    assert {"vllm", "jobset-train"} <= {line.split()[0] for line in lines}
    assert lines[1:] == sorted(lines[1:], key=lambda line: line.split()[0])


def test_words_and_tags_narrow_the_list(project: Path) -> None:
    assert recipe(project, "list", "--tag", "web", "-o", "name").out == "web\n"
    assert recipe(project, "list", "serves", "one", "thing.", "-o", "name").out == "web\n"
    nothing = recipe(project, "list", "no-such-word")
    assert (nothing.code, nothing.out) == (Exit.OK, "")
    assert nothing.err == "note: no recipe is like that\n  → `kubectl ai-recipe list` shows all\n"
    unknown = recipe(project, "list", "--tag", "srving")
    assert unknown.code == Exit.USAGE
    assert unknown.err.startswith("error: no recipe has the tag srving; did you mean serving?\n")


def test_a_list_for_scripts(project: Path) -> None:
    ran = recipe(project, "list", "--tag", "web", "-o", "json")
    said = json.loads(ran.out)
    assert said.pop("at").endswith("Z")
    assert said == {
        "apiVersion": "k8sai.dev/v1alpha1",
        "kind": "RecipeList",
        "context": "",
        "complete": True,
        "hidden": [],
        "recipes": [
            {
                "name": "web",
                "title": "A web server",
                "description": "Serves one thing.",
                "tags": ["serving", "web"],
                "from": "project",
                "requires": {"kubernetes": "1.34", "kinds": ["example.com/v1/Widget"], "features": []},
            }
        ],
    }
    again = yaml.safe_load(recipe(project, "list", "--tag", "web", "-o", "yaml").out)
    assert again.pop("at").endswith("Z")
    assert again == said


def test_a_recipe_explained(project: Path) -> None:
    ran = recipe(project, "explain", "web")
    digest = json.loads(recipe(project, "explain", "web", "-o", "json").out)["digest"]
    assert ran.code == Exit.OK
    assert (
        ran.out
        == f"""\
web: A web server
├─ Serves one thing.
├─ tags: serving, web
├─ from: project ({digest[:19]}…)
├─ needs: Kubernetes 1.34, example.com/v1/Widget
├─ rights to apply it: get, create, patch on deployments.apps
└─ GPUs: 6 nvidia.com/gpu

PARAMETER  TYPE       DEFAULT   WHAT IT IS
name       string     required  Name (for example qwen)
gpus       integer    2         GPUs per pod
mode       fast|slow  -         Mode. How it goes

MAKES            API      GPUS
Deployment/qwen  apps/v1  6 nvidia.com/gpu

Afterwards
└─ ask qwen
"""
    )
    assert ran.err == "note: `kubectl ai-scaffold web --set name=qwen -o -` prints the files\n"


def test_a_recipe_explained_for_scripts(project: Path) -> None:
    said = json.loads(recipe(project, "explain", "web", "-o", "json").out)
    assert (said["kind"], said["name"], said["gpus"]) == ("Recipe", "web", {"nvidia.com/gpu": 6})
    assert said["makes"] == [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "qwen"}]
    assert said["parameters"]["properties"]["gpus"]["minimum"] == 1
    assert said["rights"] == [{"verbs": ["get", "create", "patch"], "group": "apps", "resource": "deployments"}]


def test_a_recipe_that_is_not_there(project: Path) -> None:
    ran = recipe(project, "explain", "vlm")
    assert (ran.code, ran.out) == (Exit.NOT_FOUND, "")
    assert ran.err == "error: there is no recipe vlm; did you mean vllm?\n  → `kubectl ai-recipe list` shows all\n"


def test_what_a_cluster_lacks(project: Path) -> None:
    with Sim("empty") as sim:
        sim.write_kubeconfig(project / "config", "prod")
        seen = recipe(project, "list", "--lacks", "--tag", "web", KUBECONFIG=str(project / "config"))
        one = recipe(project, "explain", "web", "--lacks", KUBECONFIG=str(project / "config"))
        fine = recipe(project, "explain", "kueue-team", "--lacks", KUBECONFIG=str(project / "config"))
    assert seen.out == "NAME  GROUP    TITLE         LACKS\nweb   serving  A web server  example.com/v1/Widget\n"
    assert "this cluster lacks: example.com/v1/Widget" in one.out
    assert "this cluster has all of it" in fine.out


def test_without_a_cluster_only_lacks_fails(project: Path) -> None:
    assert recipe(project, "list", KUBECONFIG="/nowhere").code == Exit.OK
    assert recipe(project, "list", "--lacks", "--server", "http://127.0.0.1:1").code == Exit.CLUSTER


# --- lint and test ----------------------------------------------------------------------------------------------------


def test_lint_of_a_recipe(project: Path) -> None:
    ran = recipe(project, "lint", "web")
    assert (ran.code, ran.err) == (Exit.OK, "note: 0 errors, 2 warnings\n")
    assert [line.split()[:3] for line in ran.out.splitlines()[1:]] == [
        ["web/recipe.yaml", "warning", "untested-parameter"]
    ] * 2
    assert recipe(project, "lint", "web", "--strict").code == Exit.FINDINGS


def test_lint_of_manifests(project: Path) -> None:
    (project / "a.yaml").write_text(MANIFEST.replace("b:1", "b:latest"))
    ran = recipe(project, "lint", "-f", "a.yaml")
    assert (ran.code, ran.err) == (Exit.FINDINGS, "note: 1 error, 0 warnings\n")
    assert ran.out.splitlines()[1].split()[:4] == ["a.yaml:1", "error", "floating-tag", "Pod/trial"]
    said = json.loads(recipe(project, "lint", "-f", "-", "-o", "json", stdin=MANIFEST).out)
    assert (said["kind"], said["findings"]) == ("Lint", [])
    assert recipe(project, "lint", "web", "-f", "a.yaml").code == Exit.USAGE
    assert recipe(project, "lint", "-f", "none.yaml").code == Exit.NOT_FOUND


def test_a_broken_recipe_is_a_finding_among_many_and_an_error_alone(project: Path) -> None:
    (project / "recipes" / "web" / "recipe.yaml").write_text("a: [\n")
    alone = recipe(project, "lint", "web")
    assert (alone.code, alone.out) == (Exit.USAGE, "")
    assert alone.err.startswith("error: web/recipe.yaml: ")


def test_test_of_a_recipe(project: Path) -> None:
    ran = recipe(project, "test", "web")
    assert ran.code == Exit.OK
    assert ran.out == (
        "RECIPE  CASE      RESULT  MADE\n"
        "web     smallest  ok      Deployment/qwen\n"
        "web     no name   ok      refused, as it should be\n"
    )
    assert ran.err.endswith("note: 2 of 2 cases are as they should be\n")


def test_a_case_that_is_not_as_it_should_be(project: Path) -> None:
    template = project / "recipes" / "web" / "deployment.yaml"
    template.write_text(TEMPLATE.replace("replicas: 3", "replica: 3"))
    ran = recipe(project, "test", "web")
    assert ran.code == Exit.FINDINGS
    assert "failed" in ran.out and "'replica' was unexpected" in ran.out
    assert "1 of 2 cases are as they should be" in ran.err


# --- new and verify ---------------------------------------------------------------------------------------------------


def test_a_recipe_of_a_manifest_works_at_once(project: Path) -> None:
    made = recipe(project, "new", "trial", "--from-file", "-", stdin=MANIFEST)
    assert made.code == Exit.OK, made.err
    assert made.out == "".join(f"recipes/trial/{name} created\n" for name in ("README.md", "pod.yaml", "recipe.yaml"))
    assert "note: parameters: name, image, cpu\n" in made.err
    assert recipe(project, "test", "trial").code == Exit.OK
    again = run(
        "kubectl-ai_scaffold", "trial", "--set", "name=b", "--set", "cpu=4", "-o", "-", env=environment(project)
    )
    assert again.out == (
        'apiVersion: v1\nkind: Pod\nmetadata:\n  name: "b"       # keep me\nspec:\n  containers:\n'
        '  - {name: main, image: "a.example/b:1", command: [sh, "-c", "echo ${HOME}"], '
        'resources: {limits: {cpu: "4"}}}\n'
    )


@pytest.mark.parametrize(
    ("words", "stdin", "code", "said"),
    [
        (["new", "web", "--from-file", "-"], MANIFEST, Exit.REFUSED, "recipes/web is there already"),
        (["new", "Web", "--from-file", "-"], MANIFEST, Exit.USAGE, "Web is no name for a recipe"),
        (["new", "x"], "", Exit.USAGE, "a recipe is made from a manifest"),
        (["new", "x", "--from-file", "none.yaml"], "", Exit.NOT_FOUND, "there is no file none.yaml"),
        (["new", "x", "--from-file", "-"], "a: 1\n", Exit.USAGE, "no Kubernetes object"),
        (["new", "x", "--from-file", "-"], "", Exit.USAGE, "holds no Kubernetes object"),
        (["new", "x", "--from-file", "-"], MANIFEST.replace("Pod", "Secret"), Exit.USAGE, "does not belong"),
        (["verify", "."], "", Exit.NOT_FOUND, ". has no k8sai.lock"),
    ],
)
def test_what_cannot_be(project: Path, words: list[str], stdin: str, code: Exit, said: str) -> None:
    ran = recipe(project, *words, stdin=stdin)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert not (project / "recipes" / "x").exists()
    assert [each.name for each in (project / "recipes").iterdir()] == ["web"]


def test_verify_holds_a_folder_against_its_recipe(project: Path) -> None:
    assert run("kubectl-ai_scaffold", "web", "--set", "name=a", "-o", "a", env=environment(project)).code == Exit.OK
    same = recipe(project, "verify", "a")
    assert (same.code, same.err) == (Exit.OK, "note: a is what web made\n")
    assert same.out == "WHAT    NAME             STATE\nrecipe  web              same\nfile    deployment.yaml  same\n"
    (project / "a" / "deployment.yaml").write_text("# mine\n")
    assert recipe(project, "verify", "a").code == Exit.FINDINGS
    (project / "recipes" / "web" / "deployment.yaml").write_text(TEMPLATE.replace("nginx:1.27", "nginx:1.28"))
    said = json.loads(recipe(project, "verify", "a", "-o", "json").out)
    assert (said["same"], said["recipe"]["state"], said["files"][0]["state"]) == (False, "changed", "changed")


def test_on_a_terminal_no_line_is_longer_than_it_is_wide(project: Path) -> None:
    shown = on_terminal("kubectl-ai_recipe", "explain", "vllm", env=environment(project, NO_COLOR="1", TERM="xterm"))
    assert max(len(line) for line in shown.out.splitlines() if not line.startswith("note: ")) <= 80
