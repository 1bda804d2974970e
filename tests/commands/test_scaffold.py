"""`scaffold`: what it prints, writes and says, with its exit codes; on a recipe of the test's own."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from ruamel.yaml import YAML

from k8sai.errors import Exit
from tests.commands.scaffolding import GIVEN, edit, project_in, scaffold


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a recipe `web` in it, and nothing of anybody's."""
    monkeypatch.chdir(tmp_path)
    return project_in(tmp_path)


# --- printed ----------------------------------------------------------------------------------------------------------


def test_one_file_is_printed_as_it_is(project: Path) -> None:
    ran = scaffold(project, "web", *GIVEN)
    assert ran.code == Exit.OK
    assert ran.err == "note: ask qwen\n"
    assert (
        ran.out
        == """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: "qwen"}
spec:
  # Each has its own GPUs.
  replicas: 1
  selector: {matchLabels: {app: "qwen"}}
  template:
    metadata: {labels: {app: "qwen"}}
    spec:
      containers:
      - name: main
        image: "nginx:1.27"
        args: ["no"]
        resources: {limits: {nvidia.com/gpu: 1}}
"""
    )
    assert scaffold(project, "web", *GIVEN, "-o", "-").out == ran.out


def test_several_files_are_one_stream_with_their_names(project: Path) -> None:
    ran = scaffold(project, "web", *GIVEN, "--set", "gpus=8")
    assert ran.out.startswith("# deployment.yaml\napiVersion: apps/v1\n")
    assert ran.out.endswith("---\n# values.yaml\n{large: true}\n")
    assert ran.err.startswith("note: values.yaml holds no Kubernetes object: `kubectl apply` takes the other files\n")


def test_every_reader_reads_the_same(project: Path) -> None:
    (project / "objects.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
        'data: {a: "no", b: "1e3", c: "0123", d: "y", e: "1:30"}\n'
    )
    text = scaffold(project, "web", *GIVEN, "--set", "objects=objects.yaml").out
    old = list(yaml.safe_load_all(text))
    new = list(YAML(typ="safe", pure=True).load_all(text))
    assert old == new
    assert old[0]["spec"]["template"]["spec"]["containers"][0]["args"] == ["no"]
    assert old[1]["data"] == {"a": "no", "b": "1e3", "c": "0123", "d": "y", "e": "1:30"}


@pytest.mark.kubectl
def test_kubectl_reads_it_too(project: Path) -> None:
    from tests.controlplane.session import kubectl

    text = scaffold(project, "web", *GIVEN).out
    command = [str(kubectl()), "label", "--local", "-f", "-", "a=b", "-o", "json"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["spec"] == yaml.safe_load(text)["spec"]


def test_a_namespace_that_the_recipe_does_not_write(project: Path) -> None:
    ran = scaffold(project, "web", *GIVEN, "-n", "ml")
    assert ran.err.startswith("note: the files name no namespace: apply them with -n ml\n")
    ran = scaffold(project, "web", *GIVEN, "-n", "ml", "--kustomize")
    assert ran.err == "note: ask qwen\n"


def test_values_from_files_and_flags(project: Path) -> None:
    (project / "one.yaml").write_text("name: one\nmodel: m\ngpus: 2\n")
    (project / "two.json").write_text('{"gpus": 3}')
    ran = scaffold(project, "web", "-f", "one.yaml", "--values", "two.json", "--set", "name=two")
    found = yaml.safe_load(ran.out)
    assert found["metadata"]["name"] == "two"
    assert found["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"] == {"nvidia.com/gpu": 3}


# --- written ----------------------------------------------------------------------------------------------------------


def test_a_folder_is_made_once_and_never_overwritten(project: Path) -> None:
    ran = scaffold(project, "web", *GIVEN, "-o", "out")
    assert (ran.code, ran.out) == (Exit.OK, "out/deployment.yaml created\n")
    assert sorted(each.name for each in (project / "out").iterdir()) == ["deployment.yaml", "k8sai.lock"]
    assert scaffold(project, "web", *GIVEN, "-o", "out").out == "out/deployment.yaml unchanged\n"
    assert scaffold(project, "web", *GIVEN, "--set", "gpus=2", "-o", "out").out == "out/deployment.yaml updated\n"

    edit(project / "out/deployment.yaml", "replicas: 1", "replicas: 3")
    before = (project / "out/deployment.yaml").read_text()
    ran = scaffold(project, "web", *GIVEN, "--set", "gpus=4", "-o", "out")
    assert (ran.code, ran.out) == (Exit.REFUSED, "")
    assert ran.err == (
        "error: out/deployment.yaml: changed by you, or not made here; nothing was written\n"
        "  → `kubectl ai-scaffold --update out` merges; or take another folder\n"
    )
    assert (project / "out/deployment.yaml").read_text() == before


def test_what_would_be_written(project: Path) -> None:
    ran = scaffold(project, "web", *GIVEN, "-o", "out", "--dry-run")
    assert ran.code == Exit.OK
    assert ran.out.startswith("--- /dev/null\n+++ out/deployment.yaml\n@@ -0,0 +1,15 @@\n+apiVersion: apps/v1\n")
    assert not (project / "out").exists()


def test_a_summary_for_scripts(project: Path) -> None:
    document = json.loads(scaffold(project, "web", *GIVEN, "-o", "out", "--summary", "json").out)
    assert (document["apiVersion"], document["kind"]) == ("k8sai.dev/v1alpha1", "Scaffold")
    assert document["recipe"]["name"] == "web"
    assert document["files"] == [{"file": "out/deployment.yaml", "op": "create"}]
    assert document["conflicts"] == []


def test_a_folder_is_of_one_recipe(project: Path) -> None:
    scaffold(project, "web", *GIVEN, "-o", "out")
    ran = scaffold(project, "gpu-pod", "--set", "name=a", "-o", "out")
    assert ran.code == Exit.REFUSED
    assert "out was made from the recipe web: nothing was written" in ran.err


def test_data_of_a_secret_is_not_copied(project: Path) -> None:
    (project / "objects.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: s3cret}\n"
    )
    for out in ("out", "-"):
        ran = scaffold(project, "web", *GIVEN, "--set", "objects=objects.yaml", "-o", out)
        assert (ran.code, ran.out) == (Exit.REFUSED, "")
        assert ran.err.startswith(
            "error: Secret/s (web/others.yaml:1) holds data, which would be copied: nothing was made"
        )
        assert "s3cret" not in ran.err
    assert not (project / "out").exists()


# --- layouts ----------------------------------------------------------------------------------------------------------


def test_kustomize_and_one_more_overlay_later(project: Path) -> None:
    ran = scaffold(project, "web", *GIVEN, "-n", "ml", "--kustomize", "-o", "out")
    assert [line.split()[0] for line in ran.out.splitlines()] == [
        "out/base/deployment.yaml",
        "out/base/kustomization.yaml",
        "out/overlays/default/kustomization.yaml",
    ]
    ran = scaffold(project, "--update", "out", "--overlay", "prod", "--set", "gpus=2")
    assert [line for line in ran.out.splitlines() if not line.endswith("unchanged")] == [
        "out/base/deployment.yaml updated",
        "out/overlays/prod/kustomization.yaml created",
    ]
    assert yaml.safe_load((project / "out/overlays/prod/kustomization.yaml").read_text())["namespace"] == "ml"


def test_a_matrix_is_a_folder_a_variant_and_a_table(project: Path) -> None:
    ran = scaffold(project, "web", *GIVEN, "--matrix", "gpus=1,2", "-o", "out")
    assert ran.code == Exit.OK
    assert ran.out == (
        "out/gpus1/deployment.yaml created\nout/gpus2/deployment.yaml created\n\n"
        "VARIANT  GPUS  nvidia.com/gpu\ngpus1    1     1\ngpus2    2     2\n"
    )
    found = yaml.safe_load((project / "out/gpus2/deployment.yaml").read_text())
    assert found["metadata"] == {"name": "qwen-gpus2", "labels": {"k8sai.dev/variant": "gpus2"}}
    assert scaffold(project, "--update", "out/gpus2").err == "note: nothing has changed\n"

    document = json.loads(
        scaffold(project, "web", *GIVEN, "--matrix", "gpus=1,2", "-o", "out", "--summary", "json").out
    )
    assert [each["differs"] for each in document["variants"]] == [
        {"gpus": 1, "nvidia.com/gpu": 1},
        {"gpus": 2, "nvidia.com/gpu": 2},
    ]
    stream = scaffold(project, "web", *GIVEN, "--matrix", "gpus=1,2").out
    assert "# gpus1/deployment.yaml\n" in stream and "---\n# gpus2/deployment.yaml\n" in stream


# --- what cannot be meant ---------------------------------------------------------------------------------------------


def test_all_that_is_wrong_is_said_at_once(project: Path) -> None:
    ran = scaffold(project, "web", "-n", "BAD NS", "--set", "nmae=qwen", "--set", "model", "--set", "gpus=some")
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert ran.err.splitlines() == [
        "error: --set nmae=qwen: web has no parameter nmae; did you mean name?",
        "error: --set model: this is not name=value",
        "error: BAD NS is no name of a namespace: small letters, digits, and - between them",
        "error: web: name is missing: Name (for example qwen)",
        "error: web: model is missing: Model",
        "error: web: gpus: some is not a whole number",
        "  → `kubectl ai-recipe explain web` lists the parameters",
    ]


@pytest.mark.parametrize(("namespace", "code"), [("a" * 63, Exit.OK), ("a" * 64, Exit.USAGE), ("-a", Exit.USAGE)])
def test_what_a_namespace_is_called(project: Path, namespace: str, code: int) -> None:
    assert scaffold(project, "web", f"--namespace={namespace}", *GIVEN).code == code


def test_all_that_is_missing_is_said_at_once(project: Path) -> None:
    ran = scaffold(project, "web", "--set", "gpus=0")
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert ran.err.splitlines() == [
        "error: web: name is missing: Name (for example qwen)",
        "error: web: model is missing: Model",
        "error: web: gpus: 0 is less than 1",
        "  → `kubectl ai-recipe explain web` lists the parameters",
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "scaffold needs a recipe"),
        (("--update", "-o", "out"), "--update merges into the folder it is given: -o means nothing with it"),
        (("--check", "--matrix", "a=1"), "--update is of one folder, and --matrix makes several"),
        (("web", "--matrix", "gpus=1", "--overlay", "a"), "--matrix makes a folder for each variant"),
        (("web", "--dry-run"), "--dry-run is about writing files, and without -o they are printed"),
        (("web", "-o", "-", "--summary", "json"), "--summary is about writing files"),
    ],
)
def test_flags_that_contradict(project: Path, words: tuple[str, ...], sentence: str) -> None:
    ran = scaffold(project, *words)
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert ran.err.startswith(f"error: {sentence}")


def test_a_recipe_that_is_not_there(project: Path) -> None:
    ran = scaffold(project, "wep")
    assert ran.code == Exit.NOT_FOUND
    assert ran.err == "error: there is no recipe wep; did you mean web?\n  → `kubectl ai-recipe list` shows all\n"
