"""Refreshes what the recipes' READMEs show: `python -m tests.cookbook.readmes [NAME …]` runs the command in each.

A README has one ```console block that starts with `$ kubectl ai-scaffold …`; below that line stands what the command
prints. It runs in the recipe's folder, with the built-in recipes alone; a file it reads lies in `examples/` there.
"""

import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from k8sai.commands._door import click_command
from k8sai.commands.scaffold import scaffold
from k8sai.cookbook.library import built_in
from k8sai.errors import K8saiError

_BLOCK = re.compile(
    r"^```console\n(\$ kubectl ai-scaffold (?:[^\n]*\\\n)*[^\n]*\n)(.*?)^```$", re.MULTILINE | re.DOTALL
)
_BEFORE = ("$", "kubectl", "ai-scaffold")


@dataclass(frozen=True)
class Shown:
    """The block of a README: its command and what stands below it."""

    command: str
    output: str
    start: int
    end: int

    @property
    def words(self) -> list[str]:
        """The arguments of the command."""
        return shlex.split(self.command.replace("\\\n", " "))[len(_BEFORE) :]


def names() -> list[str]:
    """All built-in recipes."""
    return sorted(each.parent.name for each in built_in().glob("*/recipe.yaml"))


def readme(name: str) -> Path:
    """Where a recipe's README is."""
    return built_in() / name / "README.md"


def shown(text: str) -> Shown:
    """The one block of a README with a command of ours. Raises ValueError where there is not exactly one."""
    found = list(_BLOCK.finditer(text))
    if len(found) != 1:
        raise ValueError(f"{len(found)} ```console blocks start with `$ kubectl ai-scaffold`: there must be one")
    (block,) = found
    return Shown(block.group(1), block.group(2), block.start(2), block.end(2))


def printed(name: str, words: list[str]) -> str:
    """What the command prints on stdout. Raises K8saiError where it fails."""
    raw = io.BytesIO()
    with chdir(readme(name).parent), _alone(io.TextIOWrapper(raw, "utf-8")) as out:
        parser: Any = click_command(scaffold, "scaffold")
        with parser.make_context("kubectl ai-scaffold", list(words)) as context:
            parser.invoke(context)
        out.flush()
        return raw.getvalue().decode()


@contextmanager
def _alone(out: io.TextIOWrapper) -> Iterator[io.TextIOWrapper]:
    """With another stdout, no stderr, and none of the recipes of whoever runs this."""
    before, config = (sys.stdout, sys.stderr), os.environ.get("XDG_CONFIG_HOME")
    with tempfile.TemporaryDirectory() as empty:
        os.environ["XDG_CONFIG_HOME"] = empty
        sys.stdout, sys.stderr = out, io.StringIO()
        try:
            yield out
        finally:
            sys.stdout, sys.stderr = before
            os.environ.pop("XDG_CONFIG_HOME")
            if config is not None:
                os.environ["XDG_CONFIG_HOME"] = config


def refreshed(name: str) -> str:
    """The README as it should be."""
    text = readme(name).read_text(encoding="utf-8")
    block = shown(text)
    return text[: block.start] + printed(name, block.words) + text[block.end :]


def main(wanted: list[str]) -> int:
    """How many could not be refreshed."""
    failed = 0
    for name in wanted or [each for each in names() if readme(each).is_file()]:
        try:
            text = refreshed(name)
        except (K8saiError, OSError, ValueError) as error:
            failed += 1
            hint = getattr(error, "hint", "")
            sys.stderr.write(
                "\n".join([f"{name}: {error}", *getattr(error, "more", ()), *([hint] if hint else [])]) + "\n"
            )
            continue
        if text != readme(name).read_text(encoding="utf-8"):
            readme(name).write_text(text, encoding="utf-8")
            sys.stderr.write(f"{name}: refreshed\n")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
