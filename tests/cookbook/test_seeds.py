"""Examples as guides print them, in short: lint finds what is wrong with each, and nothing that is not."""

import re
from pathlib import Path

import pytest

from k8sai.cookbook.lint.run import lint
from k8sai.errors import Usage
from k8sai.manifests import parse

FILES = sorted((Path(__file__).parent / "seeds").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_wrong_with_an_example_is_found(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    wanted = re.findall(r"^# finding: ([a-z-]+)$", text, re.MULTILINE)

    found = lint(parse(text.encode(), file.name))

    assert {each.rule for each in found} == set(wanted)
    assert all(each.file == file.name and each.line for each in found)


def test_the_examples_are_there() -> None:
    assert len(FILES) > 20


def test_an_example_without_a_name_is_refused_where_it_is_read() -> None:
    text = b"apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, resources: {limits: {nvidia.com/gpu: 1}}}]}\n"

    with pytest.raises(Usage, match=r"gpu\.yaml:1: this Pod has no name"):
        parse(text, "gpu.yaml")
