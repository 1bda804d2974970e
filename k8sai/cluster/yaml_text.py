"""YAML as Kubernetes means it: a time without quotes is still a text."""

from typing import Any

import yaml

_Fast: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Loader(_Fast):  # type: ignore[misc]
    """A safe loader that leaves times alone."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Fast.yaml_implicit_resolvers.items()
}


def first_document(text: bytes) -> Any:
    """The first document of the text as dicts, lists and plain values. Raises ValueError with line and column."""
    try:
        return next(iter(yaml.load_all(text, Loader=Loader)), None)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(" ".join(str(error).split())) from error


def documents(text: bytes) -> list[Any]:
    """All documents of the text, JSON or YAML. Raises ValueError with line and column."""
    try:
        return list(yaml.load_all(text, Loader=Loader))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(" ".join(str(error).split())) from error
