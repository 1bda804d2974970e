"""Every recipe's README shows a real command, and exactly what it prints."""

import pytest
import yaml
from ruamel.yaml import YAML

from tests.cookbook import readmes


@pytest.mark.parametrize("name", readmes.names())
def test_a_readme_shows_what_its_command_prints(name: str) -> None:
    block = readmes.shown(readmes.readme(name).read_text(encoding="utf-8"))
    assert block.words[0] == name
    assert block.output == readmes.printed(name, block.words), f"python -m tests.cookbook.readmes {name}"


@pytest.mark.parametrize("name", readmes.names())
def test_what_is_printed_is_the_same_to_every_reader(name: str) -> None:
    text = readmes.shown(readmes.readme(name).read_text(encoding="utf-8")).output
    assert list(yaml.safe_load_all(text)) == list(YAML(typ="safe", pure=True).load_all(text))


def test_a_command_may_go_on_over_several_lines() -> None:
    block = readmes.shown("# A\n```console\n$ kubectl ai-scaffold a \\\n    --set b='c d'\nkind: X\n```\ntext\n")
    assert block.words == ["a", "--set", "b=c d"]
    assert block.output == "kind: X\n"


@pytest.mark.parametrize("text", ["", "```console\n$ kubectl ai-scaffold a\n```\n" * 2])
def test_there_is_one_command(text: str) -> None:
    with pytest.raises(ValueError, match="there must be one"):
        readmes.shown(text)
