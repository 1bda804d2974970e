"""kubectl reads what we print as we meant it: texts that look like something else, and every recipe's files."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from k8sai.cookbook.library import BUILT_IN, built_in
from k8sai.cookbook.recipe import load
from k8sai.cookbook.render import render
from k8sai.cookbook.tree import rendered
from k8sai.yaml_in import documents
from k8sai.yaml_out import lines
from tests.controlplane.session import kubectl

pytestmark = pytest.mark.kubectl

_WORDS = """
y Y n N yes no on off true false null ~ = << 1 0123 0o17 0x1f 1e3 1E3 .5 1_000 +1 1:30 2026-01-01
.inf .nan - --- ? : ! & * # % @ ` | > [ ] { } , ' " \\ ${x} {{x}} ä €
"""
TRICKY = (
    *_WORDS.split(),
    "",
    " ",
    "a: b",
    "a #b",
    "x\ny\n",
    "\tx",
    "x ",
    "\x7f",
    "\u2028",
    "\x85",
    "\ufeff",
    "- a",
    "!!int 3",
)
TEMPLATE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  $merge:\n  - {$eval: data}\n"


def read_by_kubectl(text: str) -> Any:
    """The objects as kubectl sees them; it asks no server for that."""
    program = kubectl()
    assert program is not None
    command = [str(program), "label", "--local", "-f", "-", "-o", "json", "read-by=kubectl", "--overwrite"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    decoder, rest = json.JSONDecoder(), done.stdout.decode().strip()
    found: list[dict[str, Any]] = []
    while rest:
        one, end = decoder.raw_decode(rest)
        found += one["items"] if one["kind"] == "List" else [one]
        rest = rest[end:].lstrip()
    for each in found:
        each["metadata"]["labels"].pop("read-by")
        if not each["metadata"]["labels"]:
            each["metadata"].pop("labels")
    return found


def test_texts_that_look_like_something_else() -> None:
    wanted = {f"k{number}": text for number, text in enumerate(TRICKY)}
    written = rendered(TEMPLATE, "t.yaml", {"data": wanted})
    assert read_by_kubectl(written)[0]["data"] == wanted
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": wanted}
    assert read_by_kubectl("\n".join(lines(document)) + "\n") == [document]


def test_every_recipe() -> None:
    """All of them in one stream; kubectl decodes kinds it knows by their types, so only data is compared."""
    folders = sorted(each.parent for each in Path(built_in()).glob("*/recipe.yaml"))
    texts = []
    for folder in folders:
        recipe = load(folder, BUILT_IN, trusted=True)
        first = next(case for case in recipe.cases if not case.fails)
        texts += [file.text for file in render(recipe, first.values).files if file.manifests]
    ours = [each for text in texts for each in documents(text.encode())]
    ours = [each for each in ours if "name" in each["metadata"]]
    theirs = read_by_kubectl("---\n".join(text for text in texts if "generateName" not in text))
    assert [(each["kind"], each["metadata"]["name"]) for each in theirs] == [
        (each["kind"], each["metadata"]["name"]) for each in ours
    ]
    for mine, seen in zip(ours, theirs, strict=True):
        assert contained(mine, seen), mine["metadata"]["name"]


def contained(mine: Any, seen: Any) -> bool:
    """Whether all that was written is there, as it was written; kubectl may write an amount as a text."""
    if isinstance(mine, dict):
        return isinstance(seen, dict) and all(
            contained(value, seen.get(key)) for key, value in mine.items() if value != {}
        )
    if isinstance(mine, list):
        return len(mine) == len(seen or ()) and all(contained(*pair) for pair in zip(mine, seen or (), strict=True))
    return bool(mine == seen) or mine in (None, "", 0, False) or str(mine) == str(seen)
