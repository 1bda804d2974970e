"""Where recipes are found, and which of two with one name is taken."""

from pathlib import Path

import pytest

from k8sai.cookbook.index import entries
from k8sai.cookbook.library import BUILT_IN, PROJECT, Library, Shelf, built_in, open_library
from k8sai.errors import NotFound
from tests.cookbook.making import HEAD


def put(shelf: Path, name: str, title: str = "A test") -> Path:
    folder = shelf / name
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(HEAD.replace("A test\n", f"{title}\n", 1))
    return folder


@pytest.fixture(autouse=True)
def nobodys_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.chdir(tmp_path)
    return home


def test_the_project_comes_before_the_user_and_both_before_what_is_built_in(tmp_path: Path, nobodys_home: Path) -> None:
    assert open_library().find("vllm").origin == BUILT_IN
    put(nobodys_home / "config" / "k8sai" / "recipes", "vllm", "Mine")
    assert (open_library().find("vllm").title, open_library().find("vllm").origin) == ("Mine", "user")
    put(tmp_path / "recipes", "vllm", "Ours")
    assert (open_library().find("vllm").title, open_library().find("vllm").origin) == ("Ours", PROJECT)
    named = tmp_path / "elsewhere"
    put(named, "vllm", "Theirs")
    assert open_library([named]).find("vllm").title == "Theirs"


def test_only_what_came_with_the_program_is_trusted(tmp_path: Path) -> None:
    put(tmp_path / "recipes", "ours")
    assert open_library().find("vllm").trusted
    assert not open_library().find("ours").trusted
    assert not open_library().find("recipes/ours").trusted


def test_the_programs_own_folder_is_no_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(built_in().parent)
    assert open_library().find("vllm").origin == BUILT_IN


def test_a_name_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no recipe vlm; did you mean vllm"):
        open_library().find("vlm")
    with pytest.raises(NotFound, match="there is no folder"):
        open_library([tmp_path / "none"])


def test_a_broken_recipe_is_listed_with_the_reason(tmp_path: Path) -> None:
    (put(tmp_path, "good") / "note.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    put(tmp_path, "broken").joinpath("recipe.yaml").write_text("a: [\n")
    found = {each.name: each for each in entries(Library([Shelf("here", tmp_path)]))}
    assert list(found) == ["broken", "good"]
    assert found["good"].title == "A test" and not found["good"].broken
    assert found["broken"].broken.startswith("broken/recipe.yaml: ")
