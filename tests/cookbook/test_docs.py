"""docs/recipes.md lists every rule of lint and every group, and no other."""

import re
from pathlib import Path

from k8sai.cookbook.head import GROUPS

ROOT = Path(__file__).parents[2]


def test_every_rule_is_listed() -> None:
    sources = [*(ROOT / "k8sai/cookbook/lint").glob("*.py"), ROOT / "commands/_recipe_check.py"]
    said = {
        rule
        for file in sources
        for rule in re.findall(r'\b(?:Said|warning|Finding)\(\s*"([a-z-]+)"', file.read_text(encoding="utf-8"))
    }
    table = (ROOT / "docs/recipes.md").read_text(encoding="utf-8").partition("| rule |")[2].partition("\n\n")[0]
    listed = {
        rule
        for line in table.splitlines()
        for rule in re.findall(r"`([a-z-]+)`", line.split("|")[1] if "|" in line else "")
    }
    assert listed == said


def test_every_group_is_listed() -> None:
    text = (ROOT / "docs/recipes.md").read_text(encoding="utf-8")
    assert f"Groups: `{' '.join(GROUPS)}`." in text
