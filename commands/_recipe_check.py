"""`recipe lint` and `recipe test`: what is wrong, as a table or a document, and the exit code that goes with it."""

from collections.abc import Sequence
from pathlib import Path

from k8sai.commands import _print, _talk
from k8sai.commands._recipe_document import document
from k8sai.cookbook import shown
from k8sai.cookbook.checking import Judge, Outcome, outcome
from k8sai.cookbook.library import Library, open_library
from k8sai.cookbook.lint.finding import Finding
from k8sai.cookbook.recipe import Recipe
from k8sai.errors import Exit, K8saiError, Usage
from k8sai.view import Note, several


def show_findings(
    names: Sequence[str],
    files: Sequence[str],
    recursive: bool,
    strict: bool,
    folders: Sequence[Path],
    output: str,
    plain: bool,
) -> int:
    """The exit code: 1 where there is an error, or with `strict` anything. Raises NotFound, Usage."""
    from k8sai.cookbook.lint.run import lint
    from k8sai.manifests import read

    if names and files:
        raise Usage("recipes and files cannot be looked at together", "leave out one of the two")
    found = lint(read(files, recursive)) if files else _recipes(names, open_library(folders))
    errors = sum(each.severity == "error" for each in found)
    if output == "table":
        _print.page(shown.findings(found), plain=plain)
        _print.flush()
        _talk.note(Note(_summary(errors, len(found) - errors)))
    else:
        document("Lint", {"findings": shown.findings_document(found)}, output)
    return Exit.FINDINGS if errors or (strict and found) else Exit.OK


def _recipes(names: Sequence[str], library: Library) -> list[Finding]:
    """A recipe that cannot even be loaded is a finding among many, and an error where it is the only one."""
    from k8sai.cookbook.lint.run import lint_recipe

    found: list[Finding] = []
    with _talk.Progress("looking at recipes") as progress:
        for name in names or library.folders:
            progress.say(f"looking at {name}")
            try:
                found += lint_recipe(library.find(name))
            except K8saiError as error:
                if names:
                    raise
                found += [Finding("recipe", "error", message, name) for message in error.messages]
    return found


def _summary(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return "nothing is wrong"
    return f"{several(errors, 'error')}, {several(warnings, 'warning')}"


def show_outcomes(names: Sequence[str], crds: Path | None, folders: Sequence[Path], output: str, plain: bool) -> int:
    """The exit code: 1 where a case fails. Raises NotFound, Usage."""
    library = open_library(folders)
    judges, gaps = _judges(crds)
    went: list[tuple[Recipe, Outcome]] = []
    with _talk.Progress("testing recipes") as progress:
        for name in names or library.folders:
            progress.say(f"testing {name}")
            recipe = library.find(name)
            went += [(recipe, outcome(recipe, case, judges)) for case in recipe.cases]
    if output == "table":
        _print.page(shown.outcomes(went), plain=plain)
        _print.flush()
        for gap in (*gaps, *_unjudged(went)):
            _talk.note(Note(gap))
    else:
        document("RecipeTest", {"cases": shown.outcomes_document(went), "gaps": list(gaps)}, output)
    failed = sum(bool(each.wrong) for _, each in went)
    if output == "table":
        _talk.note(
            Note(f"{len(went) - failed} of {len(went)} cases are as they should be", "bad" if failed else "plain")
        )
    return Exit.FINDINGS if failed else Exit.OK


def _judges(crds: Path | None) -> tuple[list[Judge], list[str]]:
    """Who judges objects here, and what is not judged."""
    from k8sai.cookbook.judges import builtin, definitions

    own = builtin()
    judges = [own] if own else []
    gaps = [] if own else ["built-in kinds were not held against schemas: pip install kubernetes-validate"]
    if crds is not None:
        judges.append(definitions(crds))
    else:
        gaps.append("custom kinds were not held against schemas: name a folder of definitions with --crds")
    return judges, gaps


def _unjudged(went: Sequence[tuple[Recipe, Outcome]]) -> list[str]:
    kinds = sorted({kind for _, each in went for kind in each.unjudged})
    return [f"no schema was there for {', '.join(kinds)}"] if kinds else []
