"""Recipes for tests, written into a folder."""

from pathlib import Path
from textwrap import dedent

from k8sai.cookbook.recipe import Recipe, load

HEAD = """\
apiVersion: k8sai.dev/v1alpha1
kind: Recipe
title: A test
description: A test.
tags: [serving]
parameters:
  required: [name]
  properties:
    name: {type: string, title: Name, examples: [qwen]}
    gpus: {type: integer, title: GPUs, minimum: 1, default: 1}
    queue: {type: string, title: Queue}
    mode: {enum: [fast, slow], title: Mode}
    memory: {type: string, title: Memory, x-k8sai-quantity: true}
    args: {type: array, items: {type: string}, title: Arguments, default: []}
    env: {type: object, additionalProperties: {type: string}, title: Variables}
tests:
- name: smallest
  set: {name: qwen}
"""


def recipe(folder: Path, head: str = HEAD, trusted: bool = True, /, **templates: str) -> Recipe:
    """A recipe in `folder`/a-test with these templates: `pod=…` is pod.yaml."""
    own = folder / "a-test"
    own.mkdir(exist_ok=True)
    (own / "recipe.yaml").write_text(head)
    for name, text in templates.items():
        (own / f"{name}.yaml").write_text(dedent(text))
    return load(own, "test", trusted=trusted)
