"""What a recipe is loaded from, and what is said of one that is not right: all of it, with the file."""

from pathlib import Path

import pytest

from k8sai.cookbook.recipe import load
from k8sai.errors import Usage
from tests.cookbook.making import HEAD, recipe


def wrong(folder: Path, head: str) -> tuple[str, ...]:
    with pytest.raises(Usage) as caught:
        recipe(folder, head)
    return caught.value.messages


def test_a_recipe_is_its_folder(tmp_path: Path) -> None:
    found = recipe(tmp_path, HEAD + "plain: [notes.yaml]\n", pod="a: 1\n", notes="b: 2\n")
    assert (found.name, found.group, found.origin) == ("a-test", "serving", "test")
    assert [(each.name, each.plain) for each in found.templates] == [("notes.yaml", True), ("pod.yaml", False)]
    assert found.parameters["additionalProperties"] is False
    assert list(found.properties)[:2] == ["name", "gpus"]


def test_the_digest_follows_every_file_and_nothing_else(tmp_path: Path) -> None:
    before = recipe(tmp_path, pod="a: 1\n").digest
    assert recipe(tmp_path, pod="a: 1\n").digest == before
    (tmp_path / "a-test" / "notes.txt").write_text("mine")
    assert recipe(tmp_path, pod="a: 1\n").digest == before
    (tmp_path / "a-test" / "README.md").write_text("# A test")
    readme = recipe(tmp_path, pod="a: 1\n").digest
    assert readme != before
    assert recipe(tmp_path, pod="a: 2\n").digest != readme


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    head = "apiVersion: k8sai.dev/v1\nkind: Recipe\ntitle: x\ntags: [cooking]\ntest: []\ntests: [{name: a}]\n"
    said = wrong(tmp_path, head)
    assert "a-test/recipe.yaml: apiVersion: k8sai.dev/v1 is not k8sai.dev/v1alpha1" in said
    assert "a-test/recipe.yaml: description is missing" in said
    assert "a-test/recipe.yaml: there is no test; did you mean tests?" in said
    assert any(each.startswith("a-test/recipe.yaml: tags[0]: cooking is none of training, serving") for each in said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("required: [name]", "required: [nam]", "parameters.required: there is no parameter nam"),
        ("default: 1}", "default: 0}", "parameters.properties.gpus: the default 0 is not allowed by its own schema"),
        ("type: integer, title", "type: whole, title", "parameters.properties.gpus: "),
        ("title: GPUs, ", "", "parameters.properties.gpus.title is missing"),
        ("    gpus:", "    GPUS:", "parameters.properties: "),
    ],
)
def test_the_schema_of_the_parameters_is_looked_at_too(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in HEAD
    (only,) = wrong(tmp_path, HEAD.replace(old, new, 1))
    assert only.startswith(f"a-test/recipe.yaml: {said}")


def test_a_schema_that_refers_to_elsewhere_is_refused_and_nothing_is_fetched(tmp_path: Path) -> None:
    head = HEAD.replace("{type: integer, ", "{$ref: 'http://127.0.0.1:9/schema', ")
    (only,) = wrong(tmp_path, head)
    assert "http://127.0.0.1:9/schema" in only


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("a: 1\na: 2\n", "the key 'a' is there twice"),
        ("- 1\n", "this is not one mapping"),
        ("a: &x [1]\nb: [*x, *x]\n", "a-test/recipe.yaml:1:4: the anchor x is not allowed: write it out"),
        ("a: {\n", "a-test/recipe.yaml: "),
    ],
)
def test_a_head_that_is_no_head(tmp_path: Path, head: str, said: str) -> None:
    assert said in wrong(tmp_path, head)[0]


def test_files_that_are_missing_or_too_large_or_no_text(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(Usage, match=r"there is no empty/recipe\.yaml"):
        load(empty, "test")
    assert "plain names values.yaml, which is not beside it" in wrong(tmp_path, HEAD + "plain: [values.yaml]\n")[0]
    (tmp_path / "a-test" / "pod.yaml").write_bytes(b"a: \xff\n")
    assert wrong(tmp_path, HEAD) == ("a-test/pod.yaml is not UTF-8: byte 3",)
    (tmp_path / "a-test" / "pod.yaml").write_text("#" * (1 << 20) + "\n")
    assert "larger than the 1 MiB" in wrong(tmp_path, HEAD)[0]
    (tmp_path / "a-test" / "pod.yaml").unlink()
    (tmp_path / "a-test" / "README.md").write_text("#" * (1 << 20) + "\n")
    assert wrong(tmp_path, HEAD) == ("a-test/README.md is larger than the 1 MiB that a file of a recipe may have",)


def test_lines_may_end_as_they_do_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "a-test"
    folder.mkdir()
    (folder / "recipe.yaml").write_bytes(HEAD.replace("\n", "\r\n").encode())
    (folder / "pod.yaml").write_bytes(b"a: |\r\n  one\r\n  two\r\n")
    assert load(folder, "test").templates[0].text == "a: |\n  one\n  two\n"
