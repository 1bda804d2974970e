"""The machine words: each is used, documented, and makes a sentence."""

import ast
from pathlib import Path

import pytest

from k8sai.why import verdict
from k8sai.why.answer import LAYERS
from k8sai.why.verdict import EXITS, reason, severity, verb
from tests.why.cluster import ask
from tests.why.objects import node, pod

ROOM = Path(verdict.__file__).parent
DOCUMENT = ROOM.parents[1] / "docs/why.md"


def texts() -> set[str]:
    """Every string in the room but those of the table itself."""
    files = [path for path in ROOM.glob("*.py") if path.name != "verdict.py"]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    return {
        n.value for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }


def test_every_word_is_said_by_some_layer() -> None:
    assert set(EXITS) - texts() - {"Unexplained"} == set()


def documented() -> dict[str, int]:
    rows = [line.split("|") for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    found: dict[str, int] = {}
    for row in rows:
        if row[1].strip().isdigit():
            found |= {word: int(row[1]) for word in row[3].replace("`", "").split()}
    return found


def test_every_word_is_documented_with_its_exit() -> None:
    assert documented() == {word: int(code) for word, code in EXITS.items()}


def test_every_layer_is_documented_and_listed_once() -> None:
    why = ask("train-7", node("gpu-1"), pod(on="gpu-1"))
    names = [layer.layer for layer in why.layers]
    assert len(names) == len(set(names)) == len(LAYERS)
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [name for name in names if f"`{name}`" not in text] == []


@pytest.mark.parametrize("word", sorted(EXITS))
def test_a_word_makes_a_sentence_of_one_and_of_many(word: str) -> None:
    one, many = verb(word), verb(word, many=True)
    assert one and many
    assert (one == many) == one.startswith("cannot")
    assert severity(word) in range(6)
    assert reason("x", word, "").status in ("ok", "waits", "blocks", "unknown")
