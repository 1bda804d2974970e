"""Rules of an InferenceModelRewrite: which models the requests for a model are rewritten to, by weight.

A weight is at least 1: who is to get nothing is no target. Without any weight all targets get the same; a target
without one beside others that have one is taken by servers, and says nothing.
https://github.com/llm-d/llm-d-router
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from k8sai.canary.backends.percents import percent_of, weights_for
from k8sai.canary.facts import Json, Wish
from k8sai.errors import Refused, Usage


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a rollout as it is now."""

    at: int
    rule: Json

    @property
    def path(self) -> str:
        """`/spec/rules/0`."""
        return f"/spec/rules/{self.at}"

    @property
    def title(self) -> str:
        """The models it matches, or its number."""
        return ", ".join(models(self.rule)) or str(self.at)

    @property
    def targets(self) -> list[Json]:
        """As they are written."""
        return self.rule.get("targets") or []

    def percent(self, stable: str, canary: str) -> float:
        """Of the canary, of what the two of them get."""
        return percent_of(self.weight(stable), self.weight(canary))

    def weight(self, model: str) -> int:
        """1 of a target without one, 0 of who is no target."""
        return sum(int(one.get("weight") or 1) for one in self.targets if one["modelRewrite"] == model)

    def others(self, *known: str) -> list[str]:
        """Targets that are neither."""
        return [one["modelRewrite"] for one in self.targets if one["modelRewrite"] not in known]


def rules(rewrite: Json) -> list[Rule]:
    """As they are written."""
    return [Rule(at, rule) for at, rule in enumerate((rewrite.get("spec") or {}).get("rules") or [])]


def models(rule: Json) -> list[str]:
    """Which requests it is about; none where it is about all."""
    return [str(match["model"]["value"]) for match in rule.get("matches") or ()]


def shared(stable: str, canary: str, percent: int) -> list[Json]:
    """The two targets at a percent: one of them alone at 0 and at 100."""
    pair = zip((stable, canary), weights_for(percent), strict=True)
    return [{"modelRewrite": model, "weight": weight} for model, weight in pair if weight]


def found(rewrite: Json, known: Iterable[Json]) -> list[Rule]:
    """The rules of a rollout: by what they match, wherever they are. One that is gone is left out."""
    there = rules(rewrite)
    wanted = [one["matches"] for one in known]
    return [one for matches in wanted for one in there if (one.rule.get("matches") or []) == matches]


def chosen(rewrite: Json, wish: Wish, title: str) -> list[Rule]:
    """Those that `--rule` names, by a model or a number; without it all. Raises Usage, Refused."""
    there = [one for one in rules(rewrite) if one.targets]
    if wish.rule:
        there = [_named(there, name, title) for name in wish.rule.split(",")]
    for one in there:
        if len(found(rewrite, [{"matches": one.rule.get("matches") or []}])) > 1:
            raise Refused(f"{title} has more than one rule for {one.title}", "leave one of them")
    if not there:
        raise Refused(f"{title} has no rule with targets")
    return there


def old_side(there: Sequence[Rule], canary: str, title: str) -> str:
    """The one model that all these rules are rewritten to now. Raises Refused."""
    names = list(dict.fromkeys(_only(one, canary, title) for one in there))
    if len(names) > 1:
        raise Refused(f"the rules of {title} rewrite to {', '.join(names)}", "name those of one: --rule MODEL,MODEL")
    return names[0]


def _named(there: list[Rule], name: str, title: str) -> Rule:
    same = [one for one in there if name in models(one.rule)]
    if len(same) > 1:
        raise Refused(f"{len(same)} rules of {title} match {name}", "let only one of them match it")
    numbered = [one for one in there if str(one.at) == name]
    if not same and not numbered:
        raise Usage(f"{title} has no rule for {name}", f"it has {', '.join(one.title for one in there) or 'none'}")
    return (same or numbered)[0]


def _only(one: Rule, canary: str, title: str) -> str:
    names, where = [target["modelRewrite"] for target in one.targets], f"rule {one.title} of {title}"
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise Refused(f"{where} has {twice} as a target twice", "leave one of them")
    if len({"weight" in target for target in one.targets}) > 1:
        raise Refused(f"{where} has a target without a weight beside one with", "give each a weight")
    if len(names) > 1:
        raise Refused(f"{where} rewrites to {' and '.join(names)}: a rollout begins with one", "leave one of them")
    if names == [canary]:
        raise Refused(f"{where} rewrites to {canary} already")
    return str(names[0])
