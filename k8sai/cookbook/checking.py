"""A recipe kept to its own tests: every case renders, makes what it says, and is what the schemas allow."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from k8sai.cookbook.recipe import Case, Recipe
from k8sai.cookbook.render import Rendered, render
from k8sai.errors import K8saiError
from k8sai.manifests import Manifest

Json = dict[str, Any]
Judge = Callable[[Manifest], Iterable[str] | None]  # what is wrong with an object; None where it knows no such kind


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a case went. `unjudged` are the kinds that no schema was there for."""

    case: Case
    rendered: Rendered | None = None
    wrong: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = field(default=())

    @property
    def manifests(self) -> list[Manifest]:
        return self.rendered.manifests if self.rendered else []


def outcome(recipe: Recipe, case: Case, judges: Iterable[Judge] = ()) -> Outcome:
    """One case, rendered and held against what it promises and what the judges know."""
    try:
        rendered = render(recipe, case.values)
    except K8saiError as error:
        if not case.fails:
            return Outcome(case, wrong=error.messages)
        if any(case.fails in message for message in error.messages):
            return Outcome(case)
        return Outcome(case, wrong=(f"it fails, but not for {case.fails}: {error.message}",))
    if case.fails:
        return Outcome(case, rendered, (f"it should fail for {case.fails}, and does not",))
    wrong, unjudged = list(_promises(case, rendered)), []
    judging = tuple(judges)
    for manifest in rendered.manifests:
        verdicts = [verdict for verdict in (judge(manifest) for judge in judging) if verdict is not None]
        wrong += [f"{manifest.ref}: {each}" for verdict in verdicts for each in verdict]
        if judging and not verdicts:
            unjudged.append(f"{manifest.api_version}/{manifest.kind}")
    return Outcome(case, rendered, tuple(wrong), tuple(dict.fromkeys(unjudged)))


def _promises(case: Case, rendered: Rendered) -> Iterable[str]:
    made = [each.ref for each in rendered.manifests]
    if case.makes is not None and list(case.makes) != made:
        yield f"it makes {', '.join(made) or 'nothing'}, not {', '.join(case.makes) or 'nothing'}"
