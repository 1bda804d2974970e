"""All rules over a set of objects, or over a recipe and everything its cases make."""

from collections.abc import Sequence

from k8sai.cookbook.lint import containers, kinds, nodes, podspecs, recipes, sets, workloads
from k8sai.cookbook.lint.finding import Finding, ObjectRule, SetRule, found
from k8sai.cookbook.recipe import Recipe
from k8sai.manifests import Manifest

OBJECT_RULES: tuple[ObjectRule, ...] = (kinds.rules, workloads.rules, podspecs.rules, containers.rules, nodes.rules)
SET_RULES: tuple[SetRule, ...] = (sets.rules,)


def lint(manifests: Sequence[Manifest]) -> list[Finding]:
    """What is wrong with objects, alone and together, in the order of their places."""
    findings = [found(each, said) for each in manifests for rule in OBJECT_RULES for said in rule(each)]
    findings += [found(each, said) for rule in SET_RULES for each, said in rule(manifests)]
    return sorted(dict.fromkeys(findings), key=lambda finding: (finding.file, finding.line, finding.severity))


def lint_recipe(recipe: Recipe) -> list[Finding]:
    """What is wrong with a recipe itself, and with what each of its cases renders to; each finding once."""
    from k8sai.cookbook.checking import outcome

    findings = list(recipes.rules(recipe))
    seen = set()
    for case in recipe.cases:
        done = outcome(recipe, case)
        if done.wrong:
            findings.append(Finding("test", "error", f"{case.name}: {done.wrong[0]}", recipe.place("recipe.yaml")))
        left = [found(each, said) for each in done.manifests for said in recipes.leftovers(recipe, each)]
        for finding in (*left, *lint(done.manifests)):
            key = finding.rule, finding.where, finding.file, finding.line
            if key not in seen:
                seen.add(key)
                findings.append(finding)
    return findings
