"""Everything a schema can refuse an object for: values, embedded objects, lists that repeat themselves, rules.

Source: apiextensions-apiserver `pkg/registry/customresource/strategy.go`.
"""

import re
from typing import Any

from k8sai.schema import object_meta
from k8sai.schema.problems import NOWHERE, Problem, Unchecked, duplicate, encoded, invalid, required
from k8sai.schema.structural import Structural
from k8sai.schema.structural_values import value_problems

_LABEL = re.compile("[a-z]([-a-z0-9]*[a-z0-9])?")
_LABEL_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_SOME = (
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete "
)
_SKIPPED = Problem(NOWHERE, f"Invalid value: null: {_SOME}validation")


def verdict(schema: Structural, value: Any, old: Any = None) -> tuple[list[Problem], list[Unchecked]]:
    """The problems of a value, and the rules that could not be run. Rules wait until the value has the right form."""
    found = value_problems(schema.raw, value, old)
    found += _embedded(schema, value, "", root=True)
    if old is None or not repetitions(schema, old, ""):
        found += repetitions(schema, value, "")
    if not schema.has_rules:
        return found, []
    if any(problem.blocking for problem in found):
        return [*found, _SKIPPED], []
    from k8sai.schema.cel_rules import rule_problems  # only here: the language takes a while to import

    broken, unchecked = rule_problems(schema, value, old)
    return found + broken, unchecked


def _embedded(schema: Structural | None, value: Any, path: str, root: bool = False) -> list[Problem]:
    """Objects inside objects have an apiVersion and a kind."""
    found: list[Problem] = []
    if schema is None:
        return found
    if isinstance(value, list):
        for at, one in enumerate(value):
            found += _embedded(schema.items, one, f"{path}[{at}]")
    elif isinstance(value, dict):
        if schema.embedded and not root:
            found += _typed(value, path)
        for key, one in value.items():
            if schema.child(key) is not None:
                found += _embedded(schema.child(key), one, child(path, key))
            elif schema.additional is not None:
                found += _embedded(schema.additional, one, f"{path}[{key}]")
    return found


def _typed(value: dict[str, Any], path: str) -> list[Problem]:
    found: list[Problem] = []
    for key in ("apiVersion", "kind"):
        if key not in value:
            found.append(required(child(path, key)))
        elif not isinstance(value[key], str):
            found.append(invalid(child(path, key), value[key], "must be a string"))
        elif not value[key]:
            found.append(invalid(child(path, key), "", "must not be empty"))
        else:
            found += [invalid(child(path, key), value[key], why) for why in _misnamed(key, value[key])]
    wrong = object_meta.wrong_type(value["metadata"]) if "metadata" in value else ""
    if wrong:
        found.append(invalid(child(path, "metadata"), value["metadata"], wrong))
    return found


def _misnamed(key: str, name: str) -> list[str]:
    """What is wrong with an apiVersion or a kind."""
    if key == "apiVersion":
        return [f"unexpected GroupVersion string: {name}"] if name.count("/") > 1 else []
    why = ["must be no more than 63 bytes"] if len(name) > 63 else []
    if not _LABEL.fullmatch(name.lower()):
        why.append(_LABEL_RULE)
    return [f"may have mixed case, but should otherwise match: {','.join(why)}"] if why else []


def child(path: str, key: str) -> str:
    """The path of a field."""
    return f"{path}.{key}" if path else key


def repetitions(schema: Structural | None, value: Any, path: str) -> list[Problem]:
    """Items of sets and maps that are there already."""
    found: list[Problem] = []
    if schema is None:
        return found
    if isinstance(value, list):
        if schema.list_type == "set":
            found += [duplicate(f"{path}[{at}]", value[at]) for at in _repeated(value)]
        elif schema.list_type == "map":
            found += _repeated_keys(schema, value, path)
        for at, one in enumerate(value):
            found += repetitions(schema.items, one, f"{path}[{at}]")
    elif isinstance(value, dict):
        for key, one in value.items():
            if schema.child(key) is not None:
                found += repetitions(schema.child(key), one, child(path, key))
            elif schema.additional is not None:
                found += repetitions(schema.additional, one, f"{path}[{key}]")
    return found


def _repeated_keys(schema: Structural, value: list[Any], path: str) -> list[Problem]:
    for at, one in enumerate(value):
        if one is not None and not isinstance(one, dict):
            return [invalid(f"{path}[{at}]", one, "must be an object for an array of list-type map")]
    keys = [{key: one[key] for key in schema.keys if key in one} if one else {} for one in value]
    return [duplicate(f"{path}[{at}]", keys[at]) for at in _repeated(keys)]


def _repeated(values: list[Any]) -> list[int]:
    """The indexes where a value occurs for the second time."""
    seen: dict[str, int] = {}
    found: list[int] = []
    for at, one in enumerate(values):
        text = encoded(one)
        seen[text] = seen.get(text, 0) + 1
        if seen[text] == 2:
            found.append(at)
    return found
