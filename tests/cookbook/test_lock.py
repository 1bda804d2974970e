"""k8sai.lock: the same text each way, whatever is in it; and what is said of one that is broken."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.cookbook import lock
from k8sai.cookbook.lock import Kept, Lock, Marked
from k8sai.errors import Usage

BASE = "# a\nkind: A\n\nspec:\n  b: |\n    x\n"
LOCK = Lock(
    recipe="vllm",
    origin="built in",
    digest="sha256:1",
    namespace="ml",
    parameters={"name": "no", "gpus": 2, "args": ["a"], "hf_secret": None},
    files=(
        Kept("a.yaml", lock.digest_of(BASE), BASE),
        Kept("b.yaml", "sha256:2", BASE, Marked("sha256:3", "kind: B\n")),
    ),
    layout={"kustomize": ["prod"]},
)


def read(folder: Path, text: str) -> Lock:
    (folder / lock.NAME).write_bytes(text.encode())
    found = lock.read(folder)
    assert found is not None
    return found


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, LOCK.text()) == LOCK
    assert read(tmp_path, LOCK.text()).text() == LOCK.text()


def test_a_base_can_be_read_in_a_review() -> None:
    assert "- name: a.yaml\n  digest: " in LOCK.text()
    assert "  base: |2\n    # a\n    kind: A\n\n    spec:\n      b: |\n        x\n- name: b.yaml\n" in LOCK.text()


@given(st.text())
def test_any_text_is_kept_exactly(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    whole = replace(
        LOCK, files=(Kept("a.yaml", "sha256:1", text, Marked("sha256:2", text)),), parameters={"name": text}
    )
    from k8sai.yaml_in import documents

    (found,) = documents(whole.text().encode())
    assert (found["files"][0]["base"], found["files"][0]["marked"]["base"]) == (text, text)
    assert found["parameters"]["name"] == text


def test_no_lock(tmp_path: Path) -> None:
    assert lock.read(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("kind: [", "k8sai.lock: "),
        ("kind: Pod\n", "is no lock of ours"),
        (LOCK.text().replace("v1alpha1", "v9"), "is of k8sai.dev/v9, and this k8sai reads k8sai.dev/v1alpha1"),
        (LOCK.text().replace('digest: "sha256:1"', "digest: 1"), "is damaged: ValueError: 1 is not a text"),
        (
            LOCK.text().replace("name: a.yaml", "name: ../a.yaml"),
            "is damaged: ValueError: ../a.yaml is not in the folder",
        ),
    ],
)
def test_a_broken_lock(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(Usage) as error:
        read(tmp_path, text)
    assert sentence in error.value.message
