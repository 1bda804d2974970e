"""A project with a recipe `web` in it, and `scaffold` as a user runs it there."""

from pathlib import Path

from tests.commands.run import Ran, environment, run

HEAD = """\
apiVersion: k8sai.dev/v1alpha1
kind: Recipe
title: A web server
description: Serves one thing.
tags: [serving]
parameters:
  required: [name, model]
  properties:
    name: {type: string, title: Name, pattern: "^[a-z]+[-a-z0-9]*$", examples: [qwen]}
    model: {type: string, title: Model, minLength: 1}
    gpus: {type: integer, title: GPUs, default: 1, minimum: 1}
    objects: {title: Objects, x-k8sai-file: manifests}
plain: [values.yaml]
notes: ["ask ${name}"]
tests:
- {name: smallest, set: {name: qwen, model: x}}
"""
TEMPLATES = {
    "deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: "${name}"}
spec:
  # Each has its own GPUs.
  replicas: 1
  selector: {matchLabels: {app: "${name}"}}
  template:
    metadata: {labels: {app: "${name}"}}
    spec:
      containers:
      - name: main
        image: nginx:1.27
        args: ["${model}"]
        resources: {limits: {nvidia.com/gpu: {$eval: gpus}}}
""",
    "others.yaml": "{$if: 'objects != null', then: {$eval: objects}}\n",
    "values.yaml": "{$if: 'gpus > 4', then: {large: true}}\n",
}
GIVEN = ("--set", "name=qwen", "--set", "model=no")


def project_in(folder: Path) -> Path:
    """The folder, with the recipe in it."""
    recipe = folder / "recipes" / "web"
    recipe.mkdir(parents=True)
    (recipe / "recipe.yaml").write_text(HEAD)
    for name, text in TEMPLATES.items():
        (recipe / name).write_text(text)
    return folder


def scaffold(project: Path, *words: str | Path, stdin: str = "", **more: str) -> Ran:
    return run("kubectl-ai_scaffold", *words, env=environment(project, **more), stdin=stdin)


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert text.count(before) == 1
    file.write_text(text.replace(before, after))
