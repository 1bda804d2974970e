"""Manifests as they are read from files and folders."""

from pathlib import Path

import pytest

from k8sai.errors import Usage
from k8sai.manifests import parse, read

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"


def test_a_name_that_is_empty_is_not_this_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `-f "$UNSET"` says it."""
    (tmp_path / "a.yaml").write_text(CONFIG % "a")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Usage, match="empty"):
        read([""])


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    """Without it the set would be smaller, and a prune would delete what is only not there to be read."""
    (tmp_path / "a.yaml").write_text(CONFIG % "a")
    (tmp_path / "b.yaml").symlink_to("nowhere.yaml")
    with pytest.raises(Usage, match=r"b\.yaml cannot be read: No such file"):
        read([str(tmp_path)])


def test_bytes_of_other_systems_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbf" + (CONFIG % "a").replace("\n", "\r\n").encode())
    assert [one.ref for one in read([str(tmp_path)])] == ["ConfigMap/a"]


def test_marks_of_a_merge_are_named(tmp_path: Path) -> None:
    marked = "<<<<<<< yours\n  a: 1\n||||||| base\n=======\n  a: 2\n>>>>>>> recipe\n"
    (tmp_path / "a.yaml").write_text(CONFIG % "a" + "data:\n" + marked)
    with pytest.raises(Usage, match=r"a\.yaml:5: conflict marks"):
        read([str(tmp_path)])


def test_aliases_of_aliases_have_an_end() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for number in range(1, 9):
        text += f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]\n"
    with pytest.raises(Usage, match="line 1: aliases make more than 500,000 values"):
        parse(text.encode(), "a.yaml")
    few = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nx: &x {a: 1}\ny: *x\n"
    assert parse(few.encode(), "a.yaml")[0].object["y"] == {"a": 1}
