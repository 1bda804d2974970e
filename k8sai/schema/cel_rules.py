"""Rules of `x-kubernetes-validations` against an object, and against what it was before an update.

A rule that cannot be run here is told of and holds nothing against the object.
Source: apiextensions-apiserver `pkg/apiserver/schema/cel/validation.go`.
"""

from dataclasses import dataclass, field
from typing import Any

from k8sai.schema.cel import Program, compiled
from k8sai.schema.cel_values import CelError, Maybe, Unsupported, value_of
from k8sai.schema.correlation import NOTHING, item_before, key_before, same
from k8sai.schema.problems import NOWHERE, Problem, Unchecked, duplicate, invalid, required, shown
from k8sai.schema.structural import Structural

Json = dict[str, Any]
_MOST_MESSAGE = 5 << 10  # bytes of a message that an expression makes


@dataclass(slots=True)
class _Run:
    """What one object's rules have found so far."""

    problems: list[Problem] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)


def rule_problems(schema: Structural, value: Any, old: Any = None) -> tuple[list[Problem], list[Unchecked]]:
    """The broken rules of an object, and those that could not be run; transition rules need `old`."""
    run = _Run()
    _node(run, schema, schema, value, NOTHING if old is None else old, "", root=True)
    return run.problems, run.unchecked


def _node(
    run: _Run, schema: Structural, rules: Structural, value: Any, old: Any, path: str, root: bool = False
) -> None:
    """`rules` is where rules are looked for: the node itself, or a branch of its allOf."""
    if value is None or not rules.has_rules:
        return
    _own(run, schema, rules, value, old, path, root)
    for branch in rules.raw.get("allOf") or ():
        _node(run, schema, Structural(branch), value, old, path, root)
    if isinstance(value, list):
        if schema.items and rules.items:
            for at, one in enumerate(value):
                _node(run, schema.items, rules.items, one, item_before(schema.raw, old, one), f"{path}[{at}]")
    elif isinstance(value, dict):
        for key, one in value.items():
            _below(run, schema, rules, key, one, key_before(schema.raw, old, key), path)


def _below(run: _Run, schema: Structural, rules: Structural, key: str, value: Any, old: Any, path: str) -> None:
    typed, ruled = schema.child(key), rules.child(key)
    if typed is not None:
        if ruled is not None:
            _node(run, typed, ruled, value, old, f"{path}.{key}" if path else key)
    elif schema.additional is not None and rules.additional is not None:
        _node(run, schema.additional, rules.additional, value, old, f"{path}[{key}]")


def _own(run: _Run, schema: Structural, rules: Structural, value: Any, old: Any, path: str, root: bool) -> None:
    found = rules.raw.get("x-kubernetes-validations") or ()
    if not found:
        return
    place = path or NOWHERE
    try:
        self_ = value_of(schema, value, root)
        before = NOTHING if old is NOTHING or old is None else value_of(schema, old, root)
    except (CelError, ValueError, TypeError) as error:
        run.unchecked += [Unchecked(place, rule["rule"], str(error)) for rule in found]
        return
    for rule in found:
        program = compiled(rule["rule"])
        if isinstance(program, Unsupported):
            run.unchecked.append(Unchecked(place, rule["rule"], str(program)))
            continue
        transition, optional = "oldSelf" in program.names, bool(rule.get("optionalOldSelf"))
        if transition and before is NOTHING and not optional:
            continue
        variables = {"self": self_}
        if transition:
            known = before is not NOTHING
            variables["oldSelf"] = Maybe(before if known else None, known) if optional else before
        unchanged = old is not NOTHING and not transition and same(value, old)
        _apply(run, schema, rule, program, variables, value, place, unchanged)


def _apply(
    run: _Run, schema: Structural, rule: Json, program: Program, variables: Json, value: Any, place: str, kept: bool
) -> None:
    """`kept`: the value is what it was, and may go on breaking the rule; not, however, by an error."""
    said = str(rule.get("message") or rule["rule"]).strip()
    try:
        answer = program.run(variables)
    except Unsupported as error:
        run.unchecked.append(Unchecked(place, rule["rule"], str(error)))
        return
    except CelError as error:
        if str(error).startswith("no such overload"):
            detail = (
                f"'{error}': call arguments did not match a supported operator, function or macro signature for rule"
            )
            run.problems.append(invalid(place, schema.type, f"{detail}: {said}"))
        else:
            run.problems.append(invalid(place, schema.type, f"{error} evaluating rule: {said}"))
        return
    if answer is not True and not kept:
        run.problems.append(_broken(schema, rule, variables, value, place))


def _broken(schema: Structural, rule: Json, variables: Json, value: Any, place: str) -> Problem:
    detail = _message(rule, variables)
    own = str(rule.get("fieldPath") or "")
    if own:
        place = own.lstrip(".") if place == NOWHERE else f"{place}{own}"
    match rule.get("reason"):
        case "FieldValueForbidden":
            return Problem(place, f"Forbidden: {detail}", "FieldValueForbidden")
        case "FieldValueRequired":
            return required(place, detail)
        case "FieldValueDuplicate":
            omitted = schema.type in ("object", "array")
            return Problem(place, "Duplicate value", "FieldValueDuplicate") if omitted else duplicate(place, value)
    text = "" if schema.type in ("object", "array") else f" {shown(value)}:"
    return Problem(place, f"Invalid value:{text} {detail}")


def _message(rule: Json, variables: Json) -> str:
    """What the rule says of itself; of an expression that fails or says nothing, the plain message."""
    expression = rule.get("messageExpression")
    program = compiled(expression) if expression else None
    if isinstance(program, Program):
        try:
            found = program.run(variables)
        except (CelError, Unsupported):
            found = None
        if isinstance(found, str) and found.strip() and "\n" not in found.strip() and len(found) <= _MOST_MESSAGE:
            return found.strip()
    plain = str(rule.get("message") or "").strip()
    return plain or f"failed rule: {str(rule['rule']).strip()}"
