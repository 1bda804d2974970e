"""`recipe new`: a recipe from a manifest, written only once it has rendered to what it came from."""

import re
import shutil
import sys
from pathlib import Path

from k8sai.commands import _print, _talk
from k8sai.commands._scaffold_made import printed
from k8sai.cookbook.new import Draft, alike, draft, group_of, head
from k8sai.cookbook.recipe import HEAD, load
from k8sai.cookbook.render import Rendered, render
from k8sai.errors import Exit, NotFound, Refused, Usage
from k8sai.view import Note

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def make(name: str, source: str, into: Path) -> int:
    """The exit code. Raises NotFound, Usage; Refused where there is something of that name already."""
    if not _NAME.fullmatch(name):
        raise Usage(f"{name} is no name for a recipe: small letters and digits, with dashes between words")
    if not source:
        raise Usage("a recipe is made from a manifest", f"`k8sai recipe new {name} --from-file deployment.yaml`")
    target = into / name
    if target.exists():
        raise Refused(f"{target} is there already: nothing was written", "give it another name, or another --into")
    made = draft(_read(source), "<stdin>" if source == "-" else source)
    unfinished = into / f".{name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        _write(made, name, unfinished)
        unfinished.rename(target)
    except OSError as error:
        raise Usage(f"cannot write {target}: {error.strerror}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    for file in sorted(target.iterdir()):
        _print.line(f"{file} created")
    _say(name, made, target)
    return Exit.OK


def _read(source: str) -> str:
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {source}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{source} cannot be read: {error}") from error


def _write(made: Draft, name: str, folder: Path) -> None:
    """The recipe's files, held against the manifests. Raises Usage where it would render to something else."""
    folder.mkdir(parents=True)
    for file, text in made.files.items():
        (folder / file).write_text(text, encoding="utf-8")
    (folder / HEAD).write_text(head(made, f"{name.replace('-', ' ').capitalize()}", group_of(made)), encoding="utf-8")
    rendered = render(load(folder, "new"), {"name": made.values["name"]})
    by_ref = {each.ref: each.object for each in rendered.manifests}
    for ref, wanted in zip(made.makes, made.objects, strict=True):
        if not alike(by_ref.get(ref), wanted):
            raise Usage(f"{ref} cannot be made into a recipe: it would render to something else")
    (folder / "README.md").write_text(_readme(made, name, rendered), encoding="utf-8")


def _readme(made: Draft, name: str, rendered: Rendered) -> str:
    """What every recipe's README has: what it makes, and a command with its output."""
    parameters = "\n".join(f"- `{each}`: {schema['title']}" for each, schema in made.properties.items())
    command = f"$ kubectl ai-scaffold {name} --set name={made.values['name']} -o -"
    return (
        f"# {name}\n\nMakes {', '.join(made.makes)}.\n\nParameters:\n\n{parameters}\n\n"
        f"```console\n{command}\n{printed(rendered.files)}```\n"
    )


def _say(name: str, made: Draft, target: Path) -> None:
    from k8sai.cookbook.lint.run import lint_recipe

    _print.flush()
    _talk.note(Note(f"parameters: {', '.join(made.properties)}"))
    found = lint_recipe(load(target, str(target)))
    errors = sum(each.severity == "error" for each in found)
    if found:
        what = f"lint finds {len(found)} things to look at"
        _talk.note(Note(what, "warn" if errors else "plain", f"`k8sai recipe lint {target}`"))
    _talk.note(Note(f"`k8sai scaffold {name} --set name=… -o -` prints what it makes"))
